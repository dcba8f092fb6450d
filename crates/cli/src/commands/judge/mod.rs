//! Commands about verdicts: what was said, and what would have been.

mod backtest;
mod replay;

pub(crate) use backtest::backtest;
pub(crate) use replay::replay;
