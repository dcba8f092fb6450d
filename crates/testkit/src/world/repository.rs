//! A git work tree in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use backout_core::inventory::Source;
use backout_core::port::{Pending, PortError, Repository};

/// What is checked out, and which tags there are. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryRepository(Arc<Mutex<Tree>>);

#[derive(Debug, Default)]
struct Tree {
    head: Option<Source>,
    tags: BTreeMap<String, String>,
}

impl MemoryRepository {
    fn tree(&self) -> std::sync::MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody checks a commit out.
    pub fn check_out(&self, commit: &str) {
        self.tree().head = Some(Source { commit: commit.to_owned(), is_dirty: false });
    }

    /// The tags that there are, with their commits.
    #[must_use]
    pub fn tags(&self) -> Vec<(String, String)> {
        self.tree().tags.iter().map(|(name, commit)| (name.clone(), commit.clone())).collect()
    }
}

impl Repository for MemoryRepository {
    fn source(&self) -> Pending<'_, Result<Option<Source>, PortError>> {
        Box::pin(async move { Ok(self.tree().head.clone()) })
    }

    fn tag<'a>(&'a self, name: &'a str) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            let mut tree = self.tree();
            let Some(head) = tree.head.clone() else { return Err(PortError::new("it is in no work tree")) };
            Ok(tree.tags.entry(name.to_owned()).or_insert(head.commit).clone())
        })
    }
}
