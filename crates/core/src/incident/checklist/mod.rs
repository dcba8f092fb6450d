//! Checklists: what to do before, during and after going back, and what the journal already shows to be done.

mod answered;
mod defaults;
mod item;

pub(super) use answered::answered;
pub use answered::{Answered, State, Ticked};
pub use defaults::own_checklist;
pub use item::{Checklists, Evidence, Item, Part};
