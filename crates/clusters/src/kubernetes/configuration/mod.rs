//! ConfigMaps and Secrets that pods mount or read: which, what is in them, and how they go back.

mod act;
mod content;
mod mark;
mod reference;

pub(super) use act::act;
pub(super) use content::Content;
pub(super) use mark::{is_made_before, latest, mark_of};
pub(super) use reference::{Key, References, references};
