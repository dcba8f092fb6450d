//! How it is proven that a way back works: what is checked after it.

mod verify;

pub(super) use verify::{known_service, verify};
