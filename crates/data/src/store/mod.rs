//! Where restore points are kept: a folder, or an S3-compatible store.
//!
//! Contract: an object is there whole or not at all, whenever a writer dies; nothing outside of the folder or the prefix is
//! touched, whatever a name says; memory does not grow with an object. Everything blocks: it is for threads that may
//! (`tokio::task::spawn_blocking`), within the runtime that [`open`] was called in.

mod contract;
mod folder;
mod folder_upload;
mod name;
mod open;

pub(crate) use contract::{Entry, Store, Upload};
pub(crate) use open::{open, open_at};
