//! The host's configuration files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backout_core::port::{Content, FileChange, Files, Pending, PortError};

use super::Fuse;

/// Files in memory. Clones share them.
#[derive(Clone, Default)]
pub struct MemoryFiles {
    state: Arc<Mutex<State>>,
    fuse: Fuse,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Content>,
    unreadable: BTreeSet<String>,
    unwritable: BTreeSet<String>,
    writes: Vec<String>,
}

impl MemoryFiles {
    /// No files.
    #[must_use]
    pub fn new(fuse: Fuse) -> Self {
        Self { state: Arc::default(), fuse }
    }

    /// Somebody else than `backout` writes a file.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        self.state().files.insert(path.to_owned(), Content { bytes: bytes.to_vec(), mode: 0o640 });
    }

    /// Somebody else than `backout` removes a file.
    pub fn remove(&self, path: &str) {
        self.state().files.remove(path);
    }

    /// What is in a file.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        self.state().files.get(path).map(|content| content.bytes.clone())
    }

    /// From now on a file cannot be read.
    pub fn make_unreadable(&self, path: &str) {
        self.state().unreadable.insert(path.to_owned());
    }

    /// From now on a file cannot be written.
    pub fn make_unwritable(&self, path: &str) {
        self.state().unwritable.insert(path.to_owned());
    }

    /// The paths that `backout` changed, in order.
    #[must_use]
    pub fn writes(&self) -> Vec<String> {
        self.state().writes.clone()
    }

    fn write_now(&self, path: &str, content: Option<&Content>) -> Result<FileChange, PortError> {
        let mut state = self.state();
        if state.unwritable.contains(path) {
            return Err(PortError::new(format!("cannot write `{path}`: permission denied")));
        }
        if state.files.get(path) == content {
            return Ok(FileChange::Same);
        }
        match content {
            Some(content) => state.files.insert(path.to_owned(), content.clone()),
            None => state.files.remove(path),
        };
        state.writes.push(path.to_owned());
        Ok(FileChange::Changed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for MemoryFiles {
    fn read<'a>(&'a self, path: &'a str) -> Pending<'a, Result<Option<Content>, PortError>> {
        Box::pin(async move {
            let state = self.state();
            if state.unreadable.contains(path) {
                return Err(PortError::new(format!("cannot read `{path}`: permission denied")));
            }
            Ok(state.files.get(path).cloned())
        })
    }

    fn write<'a>(&'a self, path: &'a str, content: Option<&'a Content>) -> Pending<'a, Result<FileChange, PortError>> {
        Box::pin(async move {
            self.fuse.pass(format!("before writing {path}")).await;
            let change = self.write_now(path, content)?;
            self.fuse.pass(format!("after writing {path}")).await;
            Ok(change)
        })
    }
}
