//! Weighing: what a watch measures, handed to the detector trigger by trigger, and what it comes to at the end.
//!
//! | a trigger `than: baseline` on | is fed with                                     | before                             |
//! |-------------------------------|-------------------------------------------------|------------------------------------|
//! | counters                      | how much was counted between two looks          | what the server still has          |
//! | a probe's `up`                | every sample that is not excused                | nothing but how it was last        |
//!
//! While something that the service depends on fails, and 30 s longer, nothing is held against the deploy. Enough evidence is
//! an alarm; whoever watches asks the dependencies once more before it becomes a verdict.

mod comparing;
mod dependencies;
mod kept;
mod recent;
mod scales;
#[cfg(test)]
mod tests;
mod weighing;

pub use comparing::{Comparing, Counting};
pub(crate) use scales::{Alarm, Scales};
