//! The folder of blobs: `blobs/ab/abcdef…`, one file a content.
//!
//! Contract: when [`Blobs::put`] has returned, the content is on the disk and can be read back with the key. A file
//! under its final name is whole: it is written under another name first.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backout_core::id::Digest;
use backout_core::inventory::BlobRef;
use backout_core::port::{Blobs, Pending, PortError};
use jiff::Timestamp;
use ring::aead::NONCE_LEN;
use ring::rand::{SecureRandom, SystemRandom};

use super::BlobKey;
use super::seal::{self, OVERHEAD, Unopened};
use crate::state::durable;
use crate::state::failure::Failure;
use crate::state::state_dir::StateDir;

/// What names a file of encrypted content starts with in a digest.
const SCHEME: &str = "keyed:";

/// Blobs in a folder, encrypted with one key.
#[derive(Debug, Clone)]
pub struct BlobFolder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    key: BlobKey,
}

/// One blob of the folder, for those who decide what to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Which.
    pub blob: BlobRef,
    /// When it was last put, by the file system's clock. A blob that was put a moment ago may belong to a record that
    /// is not written yet: leave it alone.
    pub put_at: Timestamp,
}

impl BlobFolder {
    /// The folder of a state directory with the key that lies there; the key is made where there is neither a key nor
    /// a blob.
    ///
    /// # Errors
    /// Where the key cannot be read or made, or is gone while there are blobs that need it.
    pub fn open(dir: &StateDir) -> Result<Self, PortError> {
        let key = dir.key();
        if !key.exists() && !names_in(&dir.blobs())?.is_empty() {
            return Err(PortError::new(format!(
                "the key `{}` is gone, and blobs encrypted with it are there",
                key.display()
            ))
            .hint("restore the key from a copy; without it, move the state directory away and start anew"));
        }
        Ok(Self::with_key(dir.blobs(), BlobKey::create(&key)?))
    }

    /// The same for reading: no key is made.
    ///
    /// # Errors
    /// Where the key cannot be read.
    pub fn open_read_only(dir: &StateDir) -> Result<Self, PortError> {
        Ok(Self::with_key(dir.blobs(), BlobKey::read(&dir.key())?))
    }

    /// A folder with a key that comes from elsewhere.
    #[must_use]
    pub fn with_key(folder: PathBuf, key: BlobKey) -> Self {
        Self { inner: Arc::new(Inner { folder, key }) }
    }

    /// All blobs, sorted by digest. Files that are no blobs are left out.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub async fn list(&self) -> Result<Vec<Stored>, PortError> {
        self.blocking(Inner::list).await
    }

    /// Removes a blob. One that is not there is removed already.
    ///
    /// # Errors
    /// Where the file system does not let it go.
    pub async fn delete(&self, blob: &BlobRef) -> Result<(), PortError> {
        let blob = blob.clone();
        self.blocking(move |inner| inner.delete(&blob)).await
    }

    /// Removes what writers that crashed before `before` left half-written; says how many files that were.
    ///
    /// # Errors
    /// Where the folder cannot be read or a file not be removed.
    pub async fn sweep(&self, before: Timestamp) -> Result<usize, PortError> {
        self.blocking(move |inner| inner.sweep(before)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|_| {
            Err(PortError::new("reading or writing a blob was interrupted: backout is shutting down"))
        })
    }
}

impl Blobs for BlobFolder {
    fn put<'a>(&'a self, content: &'a [u8]) -> Pending<'a, Result<BlobRef, PortError>> {
        let content = content.to_vec();
        Box::pin(self.blocking(move |inner| inner.put(&content)))
    }

    fn get<'a>(&'a self, blob: &'a BlobRef) -> Pending<'a, Result<Vec<u8>, PortError>> {
        let blob = blob.clone();
        Box::pin(self.blocking(move |inner| inner.get(&blob)))
    }

    fn digest(&self, content: &[u8]) -> Digest {
        self.inner.digest(content)
    }
}

impl Inner {
    fn digest(&self, content: &[u8]) -> Digest {
        Digest::keyed(&self.key.naming, content)
    }

    fn put(&self, content: &[u8]) -> Result<BlobRef, PortError> {
        let blob = BlobRef { digest: self.digest(content), bytes: content.len() as u64 };
        let path = self.path(&blob)?;
        // What is there is read before it is trusted: a way back must not rest on a damaged file while the content is
        // at hand.
        if self.get(&blob).is_ok() {
            return self.refresh(&path).map(|()| blob);
        }
        let sealed = seal::seal(&self.key, &blob, nonce()?, content)
            .map_err(|_| PortError::new(format!("content of {} bytes is too large to be encrypted", blob.bytes)))?;
        self.make_folder_of(&path)?;
        durable::replace(&path, &sealed, 0o600).map_err(|error| Failure::io("write", &path, error))?;
        Ok(blob)
    }

    /// Marks a blob as put again, so that nobody takes it for an old one, and makes sure that its name is durable:
    /// another process may have written it a moment ago.
    fn refresh(&self, path: &Path) -> Result<(), PortError> {
        let now = rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
        let times = rustix::fs::Timestamps { last_access: now, last_modification: now };
        rustix::fs::utimensat(rustix::fs::CWD, path, &times, rustix::fs::AtFlags::empty())
            .map_err(io::Error::from)
            .and_then(|()| durable::sync_folder_of(path))
            .map_err(|error| Failure::io("write", path, error).into())
    }

    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, PortError> {
        let path = self.path(blob)?;
        let sealed = match fs::read(&path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing(&path)),
            Err(error) => return Err(Failure::io("read", &path, error).into()),
        };
        seal::open(&self.key, blob, sealed).map_err(|why| unopened(&path, why))
    }

    fn delete(&self, blob: &BlobRef) -> Result<(), PortError> {
        let path = self.path(blob)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::io("remove", &path, error).into()),
            _ => Ok(()),
        }
    }

    fn list(&self) -> Result<Vec<Stored>, PortError> {
        let mut found: Vec<Stored> = self.files()?.iter().filter_map(|path| stored(path)).collect();
        found.sort_by(|a, b| a.blob.cmp(&b.blob));
        Ok(found)
    }

    fn sweep(&self, before: Timestamp) -> Result<usize, PortError> {
        let mut swept = 0;
        for path in self.files()? {
            let is_left = path.to_string_lossy().ends_with(durable::UNFINISHED);
            if is_left && changed_at(&path).is_some_and(|at| at < before) {
                fs::remove_file(&path).map_err(|error| Failure::io("remove", &path, error))?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn files(&self) -> Result<Vec<PathBuf>, PortError> {
        let mut files = Vec::new();
        for folder in names_in(&self.folder)?.iter().filter(|path| path.is_dir()) {
            files.extend(names_in(folder)?);
        }
        Ok(files)
    }

    /// Where a blob is. A digest is never a path; one without the key's scheme does not name a blob.
    fn path(&self, blob: &BlobRef) -> Result<PathBuf, PortError> {
        match blob.digest.as_str().strip_prefix(SCHEME) {
            Some(hex) => Ok(self.folder.join(&hex[..2]).join(hex)),
            None => Err(PortError::new(format!("`{}` is not the digest of a blob", blob.digest))
                .hint("the journal may have been changed by hand: run `backout history --verify`")),
        }
    }

    fn make_folder_of(&self, path: &Path) -> Result<(), PortError> {
        let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) else { return Ok(()) };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .and_then(|()| durable::sync_folder_of(folder))
            .map_err(|error| Failure::io("create", folder, error).into())
    }
}

fn nonce() -> Result<[u8; NONCE_LEN], PortError> {
    // Randomness is no argument here: with a nonce that somebody chose, two blobs could be told from their difference.
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new()
        .fill(&mut nonce)
        .map_err(|_| PortError::new("the system gives no random bytes to encrypt with").hint("check `/dev/urandom`"))?;
    Ok(nonce)
}

fn names_in(folder: &Path) -> Result<Vec<PathBuf>, PortError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::io("read", folder, error).into()),
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    paths.map_err(|error| Failure::io("read", folder, error).into())
}

fn stored(path: &Path) -> Option<Stored> {
    let digest = Digest::try_from(format!("{SCHEME}{}", path.file_name()?.to_str()?)).ok()?;
    let bytes = fs::metadata(path).ok()?.len().saturating_sub(OVERHEAD);
    Some(Stored { blob: BlobRef { digest, bytes }, put_at: changed_at(path)? })
}

fn changed_at(path: &Path) -> Option<Timestamp> {
    Timestamp::try_from(fs::metadata(path).ok()?.modified().ok()?).ok()
}

fn missing(path: &Path) -> PortError {
    PortError::new(format!("the blob `{}` is missing", path.display()))
        .hint("restore it from a backup of the state directory, or choose another checkpoint")
}

fn unopened(path: &Path, why: Unopened) -> PortError {
    let path = path.display();
    let restore = "restore it from a backup of the state directory, or choose another checkpoint";
    match why {
        Unopened::Truncated => PortError::new(format!("the blob `{path}` is truncated")).hint(restore),
        Unopened::Tampered => {
            PortError::new(format!("the blob `{path}` is not what was written: it was damaged or tampered with"))
                .hint(restore)
        }
        Unopened::TooNew(version) => PortError::new(format!(
            "the blob `{path}` has format {version}, which is newer than this version of backout"
        ))
        .hint("use the version of backout that wrote it"),
        Unopened::OtherKey => PortError::new(format!("the blob `{path}` was encrypted with another key"))
            .hint("put back the key that belongs to this state directory"),
    }
}
