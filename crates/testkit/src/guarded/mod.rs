//! A real Compose project that the real `backout` program guards: services on free ports, versions of them as images, a
//! deploy command, and what is seen of all that from the outside.
//!
//! Contract: nothing here knows how `backout` works; it is started, killed and asked as a person would. What was started
//! is ended when the value is dropped, the dead-man's switch included.

mod journal;
mod observed;
mod process;
mod stack;

pub use journal::{Journal, JournalRecord};
pub use observed::{Creations, Seen};
pub use process::{Ended, Running, end_all_of, wait_until};
pub use stack::{Guarded, Service};
