//! Deploy commands that do not end as they should.

mod orphan;
mod trouble;
