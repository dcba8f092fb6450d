//! The journal's record formats. History is appended, never edited.

mod body;
mod record;

pub use body::{Body, DeployExit, RunKind, RunResult, RunStarted, StepOutcome};
pub use record::{FORMAT, Record, chain};
