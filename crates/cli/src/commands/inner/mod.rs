//! Processes that `backout` starts of itself.

mod dead_man;
mod demo_app;
mod supervise;

pub(crate) use dead_man::dead_man;
pub(crate) use demo_app::demo_app;
pub(crate) use supervise::supervise;
