//! Recovery to a moment in the server's log: a base backup and the log since are brought to that moment on a server of our
//! own, beside the one in use, and one database or some of its tables are copied from there.
//!
//! Contract: of the server in use nothing is changed but the empty database that is filled; it is only asked to begin a new
//! segment of its log, so that the last one is archived. The server beside reaches nobody: no archive, no publisher, no
//! background worker of an extension, and nobody reaches it. It stopped where it was asked to, or nothing was copied.

mod archive;
mod base;
mod control;
mod copy;
mod into;
mod made;
mod pgbackrest;
mod physical;
mod point;
mod settings;
mod side;
#[cfg(test)]
mod tests;

pub(crate) use into::{Wanted, into};
pub(crate) use made::{base_backup, base_backups, release_base};
pub(crate) use point::name_point;
