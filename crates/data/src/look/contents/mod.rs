//! What is in a database, in a form that can be compared with what a restore brings back: the parts of a manifest.

mod constraints;
mod counts;
mod extensions;
mod large_objects;
mod manifest;
mod properties;
mod row_hash;
mod sequences;
mod tables;

pub(crate) use constraints::constraints;
pub(crate) use counts::row_counts;
pub(crate) use extensions::{extensions, roles};
pub(crate) use large_objects::large_objects;
pub(super) use manifest::system_identifier;
pub(crate) use manifest::{ManifestHead, content_manifest};
pub(crate) use properties::properties;
pub(crate) use sequences::sequences;
pub(super) use tables::server_version;
pub(crate) use tables::{Hashes, contents};
