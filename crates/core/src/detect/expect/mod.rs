//! Compares what a probe came back with to what is expected of it.
//!
//! Contract: pure; whoever performs the probe brings the answer, and reports what is said here. Texts quote no more than
//! a few words of an answer.

mod comparison;
mod containers;
mod http;
mod json;
mod led;
mod patterns;
mod version;

pub use comparison::Comparison;
pub use containers::compare_containers;
pub use http::{HttpAnswer, time_left};
pub use led::{Endpoint, Led, is_led_to, is_not_known_to_be_led_to};
pub use patterns::Patterns;
pub use version::{Said, said_before, says_as_recorded};
