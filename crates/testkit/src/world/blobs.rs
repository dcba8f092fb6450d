//! Captured content.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backout_core::id::Digest;
use backout_core::inventory::BlobRef;
use backout_core::port::{Blobs, Pending, PortError};

use super::Fuse;

/// The key of every world: tests compare digests, nobody guesses them.
const KEY: [u8; 32] = [7; 32];

/// Blobs in memory. Clones share them.
#[derive(Clone, Default)]
pub struct MemoryBlobs {
    state: Arc<Mutex<State>>,
    fuse: Fuse,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    is_full: bool,
}

impl MemoryBlobs {
    /// No blobs.
    #[must_use]
    pub fn new(fuse: Fuse) -> Self {
        Self { state: Arc::default(), fuse }
    }

    /// From now on nothing more is kept.
    pub fn fill_up(&self) {
        self.state().is_full = true;
    }

    /// The content of a blob, if it is kept.
    #[must_use]
    pub fn content(&self, blob: &BlobRef) -> Option<Vec<u8>> {
        self.state().blobs.get(blob.digest.as_str()).cloned()
    }

    fn keep(&self, content: &[u8]) -> Result<BlobRef, PortError> {
        let digest = self.digest(content);
        let mut state = self.state();
        if state.is_full {
            return Err(PortError::new("cannot keep a blob: no space left on the device"));
        }
        state.blobs.insert(digest.as_str().to_owned(), content.to_vec());
        Ok(BlobRef { digest, bytes: content.len() as u64 })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Blobs for MemoryBlobs {
    fn put<'a>(&'a self, content: &'a [u8]) -> Pending<'a, Result<BlobRef, PortError>> {
        Box::pin(async move {
            let kept = self.keep(content)?;
            self.fuse.pass("after keeping a blob").await;
            Ok(kept)
        })
    }

    fn get<'a>(&'a self, blob: &'a BlobRef) -> Pending<'a, Result<Vec<u8>, PortError>> {
        Box::pin(async move {
            self.content(blob).ok_or_else(|| PortError::new(format!("blob {} is not there", blob.digest.short())))
        })
    }

    fn digest(&self, content: &[u8]) -> Digest {
        Digest::keyed(&KEY, content)
    }
}
