//! The rules of a policy, as data: how bad what is, what to do then, and when not to go back. They come from the
//! configuration, or from a preset that follows a runbook.

mod freeze;
mod limit;
mod objective;
mod preset;
mod row;
mod set;
mod when;

pub use freeze::{Freeze, FreezeSpan};
pub use limit::Limit;
pub use objective::Objective;
pub use preset::{PRESETS, preset_text};
pub use row::{Branch, Next, Row};
pub use set::Rules;
pub use when::{TagTest, When};
