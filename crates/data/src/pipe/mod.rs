//! Moving data through a process, on a thread that may block, while somebody looks on.
//!
//! Contract: an end of a stream is not a success, nor is an exit code: both are asked, and what was said on the way as well.
//! Dropping a future here kills the process, whereupon the thread ends by itself.

mod counted;
mod feed;
mod messages;
mod watch;

pub(crate) use counted::{Counted, Tally};
pub(crate) use feed::{Need, feed};
pub(crate) use messages::{bare, succeeded};
pub(crate) use watch::{Moved, blocking, watched};
