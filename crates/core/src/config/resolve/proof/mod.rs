//! How it is proven that a way back works: what is checked after it, and how it is rehearsed.

mod bars;
mod drill;
mod verify;
mod version;

pub(super) use drill::drill;
pub(super) use verify::{known_service, questions, verify};
pub(super) use version::version;
