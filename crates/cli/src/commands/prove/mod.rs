//! Proving: the checks after a rollback, and what people answer to those that only they can make.

mod answer;
mod verify;

pub(crate) use answer::{answer_check, asked_of_people};
pub(crate) use verify::verify;
