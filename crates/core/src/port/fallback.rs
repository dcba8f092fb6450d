//! Switching something on in place of going back.

use super::{Pending, PortError};
use crate::config::Fallback;

/// Switches fallbacks.
pub trait Switchboard: Send + Sync {
    /// Switches a fallback on or off; one that is so already stays so. Answers with what it said, in a sentence.
    ///
    /// # Errors
    /// Where its command fails or takes too long, or its address does not take it.
    fn switch<'a>(&'a self, name: &'a str, fallback: &'a Fallback, on: bool) -> Pending<'a, Result<String, PortError>>;
}
