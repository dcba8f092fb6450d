//! Commands about verdicts: what was said, and what would have been.

mod backtest;

pub(crate) use backtest::backtest;
