//! What a person asks for.

mod arguments;
mod target;

pub(super) use arguments::refusal_names;
pub(crate) use arguments::request;
pub(crate) use target::checkpoint_id;
