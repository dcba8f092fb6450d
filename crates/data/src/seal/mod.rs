//! Streams that are packed, sealed, hashed and read again, in one pass and in memory that does not grow with them.
//!
//! Contract: what is written is packed first and sealed after; nothing is staged. What is read is either exactly what was
//! written, or ends in an error that says whether it was cut short, changed, or not meant for the key: a reader that came to
//! its end without an error has checked all that the format can check. `openssl enc` has no checksum, so a stream sealed by
//! it is only safe behind [`Checked`].

mod checked;
mod detect;
mod explain;
mod hashing;
mod keys;
mod legacy_key;
mod openssl_read;
mod openssl_write;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use checked::Checked;
pub(crate) use detect::Kind;
pub(crate) use explain::{broken, failed};
pub(crate) use hashing::Hashing;
pub(crate) use keys::Keys;
pub(crate) use reader::{reader, recognize};
pub(crate) use writer::{Sealed, writer};
