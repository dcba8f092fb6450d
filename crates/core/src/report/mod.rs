//! Records in words: the timeline that people read while a run goes on, and the next morning.

mod diff;
mod timeline;
mod times;

pub use diff::{Difference, FileDiff, ServiceDiff, Snapshot, Standing, diff};
pub use timeline::{Line, Timeline, check_text, result_text};
pub use times::{Times, times};
