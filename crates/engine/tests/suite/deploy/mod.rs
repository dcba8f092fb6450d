//! Deploy commands that do not end as they should, or do not begin.

mod confirmed;
mod kept_first;
mod orphan;
mod trouble;
