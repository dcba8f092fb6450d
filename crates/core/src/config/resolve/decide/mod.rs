//! The rules that decide what to do: those of a preset, and what a configuration says in their place.

mod fallback;
mod freeze;
mod row;
mod rules;
mod when;

pub(super) use fallback::fallbacks;
pub(super) use rules::rules;
