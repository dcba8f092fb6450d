//! What migration tools wrote down in a database, read from the database itself.

mod place;
mod read;

pub(crate) use place::Place;
pub(crate) use read::{ledgers, of};
