//! The four kinds of patch, and who manages which field.

mod fields;
mod json_patch;
mod lists;
mod managed;
mod merge;
mod strategic;

pub(crate) use fields::FieldSet;
pub(crate) use json_patch::json_patch;
pub(crate) use managed::{Apply, apply, note_update};
pub(crate) use merge::merge;
pub(crate) use strategic::strategic;
