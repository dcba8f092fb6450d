//! Counting: what a server's counters say, and how much they rose between two looks.

mod counters;
mod question;
mod snapshot;
mod tally;

pub use counters::Rises;
pub use question::question;
pub use snapshot::{Point, Snapshot, snapshots};
pub use tally::Tally;
