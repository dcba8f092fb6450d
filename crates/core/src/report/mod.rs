//! Records in words: the timeline that people read while a run goes on, and the next morning.

mod timeline;
mod times;

pub use timeline::{Line, Timeline};
pub use times::{Times, times};
