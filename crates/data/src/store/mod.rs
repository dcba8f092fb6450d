//! Where restore points are kept: a folder, or an S3-compatible store.
//!
//! Contract: an object is there whole or not at all, whenever a writer dies; nothing outside of the folder or the prefix is
//! touched, whatever a name says; memory does not grow with an object. Everything blocks: it is for threads that may
//! (`tokio::task::spawn_blocking`), within the runtime that [`open`] was called in.
//!
//! A run that is killed leaves a part in a folder, which the next one removes, or an upload in S3, which nobody sees: a
//! lifecycle rule of the bucket (`AbortIncompleteMultipartUpload`) removes it.

mod contract;
mod folder;
mod folder_upload;
mod name;
mod open;
#[cfg(feature = "s3")]
mod s3;
#[cfg(test)]
mod tests;

pub(crate) use contract::{Entry, Store, Upload};
pub(crate) use open::{open, open_at, s3_place};
