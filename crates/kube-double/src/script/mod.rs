//! What a test says shall happen.

mod behaviour;
mod fault;
mod instruction;
mod program;
mod rules;

pub use behaviour::{Behaviour, Timings};
pub(crate) use behaviour::{milliseconds, tag};
pub(crate) use fault::strike;
pub use fault::{Fault, FaultKind};
pub use instruction::{ConfigRule, Denial, Instruction};
pub use program::Program;
pub(crate) use rules::{Repository, Script};
