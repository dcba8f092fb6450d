//! Captured content: addressed by its keyed digest, encrypted at rest, checked whenever it is read.

mod folder;
mod key;
mod seal;

pub use folder::{BlobFolder, Stored};
pub use key::BlobKey;
