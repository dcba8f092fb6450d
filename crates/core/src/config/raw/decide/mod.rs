//! The rules that decide what to do.

mod fallback;
mod freeze;
mod preset;
mod row;
mod when;

pub(in crate::config) use fallback::RawFallback;
pub(in crate::config) use freeze::{RawFreeze, RawObjective};
pub(in crate::config) use preset::RawPreset;
pub(in crate::config) use row::{RawBranch, RawException, RawMatrix, RawNext, RawRow};
pub(in crate::config) use when::{RawLimit, RawTagTest, RawWhen};
