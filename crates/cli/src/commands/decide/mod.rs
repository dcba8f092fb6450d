//! What is decided, and from what; and what is done in place of going back.

mod approve;
mod circumstances;
mod command;
mod fallback;

pub(crate) use approve::approve;
pub(crate) use circumstances::{circumstances, severe};
pub(crate) use command::decide;
pub(crate) use fallback::fallback;
