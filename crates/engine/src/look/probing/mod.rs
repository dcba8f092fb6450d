//! Probing: by a timetable, or once.

mod driver;
mod once;
mod target;
#[cfg(test)]
mod tests;

pub use driver::Probing;
pub(crate) use once::probe_once;
pub(crate) use target::targets;
pub use target::{Probed, Target};
