//! Weighing a case by the rules.

mod balance;
mod voice;

pub use balance::weigh;
