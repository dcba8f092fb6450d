//! The secret that blobs are named and encrypted with.
//!
//! Contract: one secret of 32 bytes gives three independent keys, so that what a digest shows says nothing about the
//! encryption. No part of it is ever in `Debug` or in an error.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use backout_core::port::PortError;
use ring::rand::{SecureRandom, SystemRandom};

use crate::state::durable;
use crate::state::failure::Failure;

const BYTES: usize = 32;

/// The keys of one blob folder.
#[derive(Clone)]
pub struct BlobKey {
    pub(super) naming: [u8; BYTES],
    pub(super) sealing: [u8; BYTES],
    /// Tells two keys apart without telling either; stored in the clear in every blob.
    pub(super) id: [u8; 8],
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobKey(secret)")
    }
}

impl BlobKey {
    /// The keys that follow from a secret, which somebody else keeps.
    #[must_use]
    pub fn from_secret(secret: &[u8; BYTES]) -> Self {
        let mut id = [0; 8];
        id.copy_from_slice(&blake3::derive_key("backout 2026 blob key id v1", secret)[..8]);
        Self {
            naming: blake3::derive_key("backout 2026 blob naming v1", secret),
            sealing: blake3::derive_key("backout 2026 blob sealing v1", secret),
            id,
        }
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// Where it is not there, can be read by other users, or is not 32 bytes long.
    pub fn read(path: &Path) -> Result<Self, PortError> {
        let meta = fs::metadata(path).map_err(|error| Failure::io("read the key", path, error))?;
        if meta.mode() & 0o077 != 0 {
            return Err(PortError::new(format!("the key `{}` can be read by other users", path.display())).hint(
                format!(
                    "run `chmod 600 {}`; if others may have read it, treat what it protects as known",
                    path.display()
                ),
            ));
        }
        let content = fs::read(path).map_err(|error| Failure::io("read the key", path, error))?;
        let secret = <[u8; BYTES]>::try_from(content.as_slice()).map_err(|_| {
            PortError::new(format!("the key `{}` is {} bytes long instead of {BYTES}", path.display(), content.len()))
                .hint("restore the file from a copy: what is encrypted with it cannot be read without it")
        })?;
        Ok(Self::from_secret(&secret))
    }

    /// Makes a key file with mode 0600, unless there is one, and reads it.
    ///
    /// # Errors
    /// Where it can be neither made nor read.
    pub fn create(path: &Path) -> Result<Self, PortError> {
        if path.exists() {
            return Self::read(path);
        }
        // Randomness is no argument here: a key that a caller could choose is not one.
        let mut secret = [0; BYTES];
        SystemRandom::new().fill(&mut secret).map_err(|_| {
            PortError::new("the system gives no random bytes for a new key").hint("check `/dev/urandom`")
        })?;
        match durable::create(path, &secret, 0o600) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(Failure::io("create the key", path, error).into())
            }
            _ => Self::read(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn key_file_is_private_and_stays_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let first = BlobKey::create(&path).unwrap();
        let again = BlobKey::create(&path).unwrap();
        assert_eq!(first.sealing, again.sealing);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap().len(), 32);
    }

    #[test]
    fn two_new_keys_differ_in_every_part() {
        let dir = tempfile::tempdir().unwrap();
        let a = BlobKey::create(&dir.path().join("a")).unwrap();
        let b = BlobKey::create(&dir.path().join("b")).unwrap();
        assert!(a.naming != b.naming && a.sealing != b.sealing && a.id != b.id);
        assert_ne!(a.naming, a.sealing);
    }

    #[test]
    fn key_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        BlobKey::create(&path).unwrap();
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = BlobKey::read(&path).unwrap_err();
            assert!(error.what.contains("can be read by other users"), "{error}");
            assert!(error.hint.unwrap().contains("chmod 600"));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(BlobKey::read(&path).is_ok());
    }

    #[test]
    fn key_file_of_another_length_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        durable::create(&path, &[7; 31], 0o600).unwrap();
        assert!(BlobKey::read(&path).unwrap_err().what.contains("31 bytes"));
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", BlobKey::from_secret(&[0xab; 32])), "BlobKey(secret)");
    }
}
