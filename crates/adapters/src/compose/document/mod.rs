//! The captured project: one resolved Compose document that runs again what ran.
//!
//! The user's files say what the *next* deploy will run. They may have been edited before the capture, so they are
//! believed only for services whose containers carry the hash that Compose computes from them today; for all others, what
//! the engine says of the running container wins, and the files fill in only what the engine does not know.

mod attachments;
mod broken;
mod captured;
mod process;
mod resolved;
mod resources;
mod service;
mod started;

pub(super) use broken::broken;
pub(super) use captured::{Kept, captured, secrets};
pub(super) use resolved::{Resolved, project_name, resolve};
pub(super) use started::would_start;
