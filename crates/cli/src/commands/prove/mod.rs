//! Proving: the checks after a rollback, what people answer to those that only they can make, and rehearsals.

mod answer;
mod drill;
mod verify;

pub(crate) use answer::{answer_check, ask, asked_of_people, at_terminal};
pub(crate) use drill::{DrillStanding, break_on_purpose, drill};
pub(crate) use verify::verify;
