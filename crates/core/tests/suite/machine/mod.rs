//! The state machine: what a run does next.

mod approvals;
mod drill;
mod observing;
mod recourse;
mod stations;
mod story;

pub(crate) use story::spec;
