//! A store that is a bucket of an S3-compatible server.

mod bucket;
mod client;
mod download;
mod told;
mod upload;

pub(super) use bucket::Bucket;
