//! When each probe is due, and what a prober that cannot keep up says.
//!
//! Contract: times are those of a clock that never jumps ([`crate::port::Clock::uptime`]); nothing here asks for the time.
//! Whoever probes takes what is due, says when it is done, and is told what was left out. Nothing is queued: where there is
//! more to do than can be done, the newest time of each target counts, and the older ones are counted as skipped.

mod counted;
mod credit;
mod pulse;
mod tally;
mod timetable;

pub use counted::Counted;
pub use credit::{credible, not_begun};
pub use pulse::Pulse;
pub use tally::Tally;
pub use timetable::{Entry, Timetable, Turn};
