//! `backout incident`: the record of what went wrong, and of what people did about it.

mod command;
mod draft;
mod found;
mod list;
mod postmortem;
mod say;
mod show;

pub(crate) use command::incident;
pub(crate) use draft::write_drafts;
pub(crate) use found::{Found, of_run};
