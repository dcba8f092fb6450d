//! What is checked after going back.

mod logs;
mod verify;

pub(in crate::config) use logs::RawLogs;
pub(in crate::config) use verify::RawVerify;
