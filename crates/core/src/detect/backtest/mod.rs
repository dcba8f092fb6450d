//! The backtest: the production detector over a recorded series, so that a team can ask "would it have rolled back?" of its
//! own history before it trusts it.

mod columns;
mod counters;
mod outcome;
mod recording;
#[cfg(test)]
mod tests;

pub use counters::SeriesKind;
pub use outcome::{Backtest, Compared, backtest};
pub use recording::{Recording, RecordingProblem};
