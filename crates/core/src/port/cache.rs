//! A cache that goes with an environment.

use super::{Pending, PortError};
use crate::config::Flush;

/// One cache on one server.
pub trait Cache: Send + Sync {
    /// Removes what `what` says and nothing else; what is gone already is not missed. Answers with what was removed, in a
    /// sentence.
    ///
    /// # Errors
    /// Where the server cannot be reached, or does not do it.
    fn flush<'a>(&'a self, what: &'a Flush) -> Pending<'a, Result<String, PortError>>;
}
