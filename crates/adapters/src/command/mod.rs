//! The only process spawn of the project: argv values in, output values out, secrets redacted.
//!
//! Contract: a [`Command`] is a value until [`Command::run`], [`Command::output`], [`spawn_inherited`],
//! [`spawn_beside_document`], [`spawn_lines`], [`spawn_piped`] or [`spawn_detached`] makes a process of it. Arguments are an
//! array and never pass a shell. Every process leads its own process group, so that ending it ends what it started.

mod capture;
mod detached;
mod error;
mod group;
mod inherited;
mod lines;
mod outlived;
mod piped;
mod redact;
mod run;
mod value;

pub use detached::{Background, spawn_detached};
pub use error::CommandError;
pub use group::{ProcessId, Termination, interrupt_group, is_alive, terminate_group};
pub use inherited::{Guarded, spawn_beside_document, spawn_inherited};
pub use lines::{Lines, spawn_lines};
pub use outlived::outlived;
pub use piped::{Ended, Piped, spawn_piped};
pub use redact::Redactor;
pub use run::Output;
pub use value::{Command, Environment};
