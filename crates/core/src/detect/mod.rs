//! From measurements to verdicts.

mod instances;
mod judge;
mod sample;

pub use instances::{Ailment, ailment};
pub use judge::{Judge, Rules, is_red};
pub use sample::{Measured, Sample, SignalPath, Unit};
