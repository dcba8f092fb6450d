//! Copies beside the database: built, verified, used and dropped.
//!
//! Contract: a copy is ours from the moment that it exists, closed to everybody but the administrating role until a swap opens
//! it, and bears the mark of having been verified only when it is equal to its restore point. One that an interrupted run has
//! left is dropped and built anew; a database without our mark is never touched.

pub(crate) mod access;
mod build;
mod create;
mod dropped;
mod extensions;
mod in_place;
mod replay;
mod room;
mod step;
mod tables;
#[cfg(test)]
mod tests;
mod verified;

pub use dropped::Dumped;
pub(crate) use dropped::kept as drop_kept;
pub(crate) use step::{perform, reached, undo};
