//! The journal's record formats. History is appended, never edited.

mod body;
mod person;
mod record;

pub use body::{Body, DeployExit, RunKind, RunResult, RunStarted, StepOutcome};
pub use person::{ActStage, PersonAct};
pub use record::{FORMAT, Record, chain};
