//! What a time of deploys and rollbacks was like: how many went well, how long going back took, and whether that was as agreed.

mod markdown;
mod story;
mod summary;
#[cfg(test)]
mod tests;

pub use markdown::period_markdown;
pub use story::{Scope, Story, stories};
pub use summary::{Period, Share, Spread, period};
