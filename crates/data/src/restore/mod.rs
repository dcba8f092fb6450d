//! Brings what was dumped into a database that is there and empty.
//!
//! Contract: [`into`] changes nothing before it knows that the roles are there, that the database is empty and that we may
//! give everything to its owner; the first error ends it, whatever an exit code says; what was changed or cut short in the
//! store is an error, also where a program was content with it. It never makes, drops or empties a database: whoever calls
//! it drops what a failed restore left.

mod arguments;
mod dump;
mod entries;
mod into;
mod ownership;
mod sql;
mod staged;
mod stream;

pub(crate) use arguments::connection;
pub(crate) use dump::{Dump, MANIFEST};
pub(crate) use into::{RestoreOptions, into};
pub(crate) use sql::Shielded;
pub(crate) use staged::Staged;
pub(crate) use stream::stream;

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests prepare files, and have no `wire` that could pass the environment in"
)]
mod tests;
