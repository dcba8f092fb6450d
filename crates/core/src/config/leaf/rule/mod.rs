//! Single values of the rules of a policy.

mod amount;
mod clock;
mod preset;

pub(in crate::config) use amount::Amount;
pub(in crate::config) use clock::{ClockOffset, Day, Moment};
pub(in crate::config) use preset::PresetName;
