//! The images of a checkpoint: keeping them, and having them back.

mod pin;
mod preflight;

pub(super) use pin::{pin, release, tag};
pub(super) use preflight::{kept, preflight};
