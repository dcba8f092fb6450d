//! Plans: ordered steps from the observed facts to a target. A plan is a value; making one has no effect.
//!
//! [`difference`] says what is not as the target has it, [`plan`] orders what to do about it, [`safety`] says what stands
//! in the way, [`check`] is the linter that every plan passes before it runs, and [`explain`] puts a step into words.
//! [`target`] finds the checkpoint that a person means who names no id.

mod action;
mod agreed;
pub mod check;
pub mod data;
mod difference;
mod estimate;
pub mod explain;
mod order;
mod planner;
mod request;
pub mod safety;
mod step;
mod steps;
pub mod target;

pub use action::{Action, Part, Switch, SwitchOrder};
pub use agreed::{Agreed, Point};
pub use difference::{Change, difference, runs};
pub use estimate::{Estimates, Work, restored_bytes};
pub use order::dependencies_first;
pub use planner::{Situation, choose_target, configured_beside, needed, plan};
pub use request::{DataWish, Mode, Request, Scope};
pub use step::{Plan, Step, StepClass, WayBack};
pub use steps::healthy_within_ms;
