//! Plans: ordered steps from the observed facts to a target. A plan is a value; making one has no effect.

mod action;
mod request;
mod step;

pub use action::{Action, Switch, SwitchOrder};
pub use request::{Mode, Request, Scope};
pub use step::{Plan, Step, StepClass, WayBack};
