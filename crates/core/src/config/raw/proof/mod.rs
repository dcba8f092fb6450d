//! What is checked after going back, and how that is rehearsed.

mod drill;
mod logs;
mod verify;
mod version;

pub(in crate::config) use drill::RawDrill;
pub(in crate::config) use logs::RawLogs;
pub(in crate::config) use verify::{RawBar, RawVerify};
pub(in crate::config) use version::RawVersion;
