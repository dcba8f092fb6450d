//! Replaces the contents of single tables by those of a copy, and keeps what was there.

mod counted;
mod facts;
mod replace;

pub(super) use counted::counted;
pub(super) use replace::{is_done, put_back, replace};
