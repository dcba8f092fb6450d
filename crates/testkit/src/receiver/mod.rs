//! Small real receivers on loopback, for those who are told: they speak the wire format, keep what they got, and answer as told.

mod http;
mod listening;
mod smtp;

pub use http::{Answer, HttpReceiver, Received};
pub use smtp::{Letter, Security, SmtpReceiver};
