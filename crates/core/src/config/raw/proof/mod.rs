//! What is checked after going back, and how that is rehearsed.

mod drill;
mod logs;
mod verify;

pub(in crate::config) use drill::RawDrill;
pub(in crate::config) use logs::RawLogs;
pub(in crate::config) use verify::{RawBar, RawVerify};
