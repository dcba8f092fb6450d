//! From measurements to verdicts.

mod sample;

pub use sample::{Measured, Sample, SignalPath, Unit};
