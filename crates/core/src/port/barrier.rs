//! What keeps users away while nothing works: a file that a proxy looks at, a command, services of a profile.

use super::{Blobs, Pending, PortError};
use crate::journal::Former;

/// One thing that maintenance mode switches.
pub trait Barrier: Send + Sync {
    /// Its name, the same each time: `file /etc/nginx/maintenance.on`.
    fn name(&self) -> String;

    /// How it is now, as [`Barrier::lower`] will have to restore it. Changes nothing; contents go into `blobs`.
    ///
    /// # Errors
    /// Where it cannot be seen.
    fn look<'a>(&'a self, blobs: &'a dyn Blobs) -> Pending<'a, Result<Former, PortError>>;

    /// Puts it up, and says what was seen then. Does the same again where it is up. `former` is how it was before: what a
    /// barrier that cannot be put up is made to be again.
    ///
    /// # Errors
    /// Where it is not seen to be up.
    fn raise<'a>(&'a self, former: &'a Former, blobs: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>>;

    /// Makes it exactly as it was before, and says what was seen then. Does the same again where it is so.
    ///
    /// # Errors
    /// Where it is not seen to be as it was.
    fn lower<'a>(&'a self, former: &'a Former, blobs: &'a dyn Blobs) -> Pending<'a, Result<String, PortError>>;
}
