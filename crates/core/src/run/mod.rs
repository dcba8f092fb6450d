//! One run as a state machine: `handle(event) -> effects`.
//!
//! The events are the bodies of journal records. [`Run::handle`] applies an event and answers with effects: records to
//! append, and at most one thing to do, always last. A driver appends, does, and comes back with what happened; it decides
//! nothing. What comes in between, while something is being done (a file that was replaced, evidence that was kept, a person's
//! wish to stop), is answered with records alone: the act in flight goes on, unless the run has ended. [`Run::replay`] applies the records of an interrupted run, marks what was intended and has no outcome as in
//! doubt, and [`Run::go_on`] then continues: starting is recovering from an empty journal.
//!
//! Architecture invariants: intent is recorded before the act; a step without an outcome is looked at again, never blindly
//! repeated; a deploy command is never run a second time.

mod apply;
mod approvals;
mod conclude;
mod decide;
mod drill;
mod effect;
mod fallback;
mod gate;
mod leave;
mod machine;
mod next;
mod noticed;
mod state;
mod told;

pub use apply::Unexpected;
pub use conclude::Tried;
pub use effect::{Act, CapturePurpose, Effect};
pub use gate::{GateVerdict, gate};
pub use leave::Leave;
pub use machine::Run;
pub use state::{Phase, State, StepStatus};
