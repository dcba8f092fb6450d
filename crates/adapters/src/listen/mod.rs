//! Listening for what others tell by webhooks.
//!
//! Contract: whoever asks must prove to know a secret before a single value of a request counts. Every request ends within
//! seconds, at most one mebibyte of it is read, and no more connections are open than a few dozen. What is not taken leaves
//! nothing but a count.

mod counters;
mod door;
mod proof;
mod server;
#[cfg(test)]
mod tests;

pub use counters::Counters;
pub use door::{Door, Doorway, Metrics, News};
pub use server::Listener;
