//! The server behind the double, and what a test asks of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backout_core::config::Flush;
use backout_core::id::{BackupId, DatabaseName};
use backout_core::port::{Cache, Clock, Pending, PortError};

use super::content::{Shift, Stored};
use crate::world::Fuse;

/// What goes wrong.
#[derive(Debug, Default)]
pub struct DataFaults {
    /// The server does not answer.
    pub is_down: bool,
    /// No restore point can be taken.
    pub back_up: bool,
    /// Taking one takes so long.
    pub backup_takes: Duration,
    /// An act of this kind fails half-way, so often.
    pub perform: BTreeMap<&'static str, u32>,
    /// An act of this kind never ends.
    pub hangs: BTreeSet<&'static str>,
    /// Nothing can be undone.
    pub undo: bool,
    /// The stored restore points are gone.
    pub lost_store: bool,
    /// The migrations of a release cannot be read.
    pub vault: bool,
    /// A restore point cannot be removed.
    pub release: bool,
}

/// One database on a server of its own. Clones are the same.
#[derive(Clone)]
pub struct MemoryDatabase {
    pub(super) name: DatabaseName,
    pub(super) state: Arc<Mutex<Server>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) fuse: Fuse,
}

#[derive(Default)]
pub(super) struct Server {
    /// By name: a name stands for one database at any time.
    pub(super) databases: BTreeMap<String, Stored>,
    pub(super) stored: BTreeMap<BackupId, Stored>,
    pub(super) faults: DataFaults,
    pub(super) acts: Vec<String>,
    pub(super) made: u32,
}

/// The name that the application uses.
pub(super) const LIVE: &str = "app";

impl MemoryDatabase {
    /// A database `app` with two rows and no migration.
    #[must_use]
    pub fn new(name: DatabaseName, clock: Arc<dyn Clock>, fuse: Fuse) -> Self {
        let rows = [(1, "one".to_owned()), (2, "two".to_owned())].into();
        let live = Stored { oid: 1, rows, ..Stored::default() };
        let server = Server { databases: [(LIVE.to_owned(), live)].into(), made: 1, ..Server::default() };
        Self { name, state: Arc::new(Mutex::new(server)), clock, fuse }
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &DatabaseName {
        &self.name
    }

    /// Somebody applies a migration.
    pub fn migrate(&self, revision: &str, shift: Shift) {
        if let Some(live) = self.state().databases.get_mut(LIVE) {
            live.applied.push((revision.to_owned(), shift));
        }
    }

    /// Somebody writes a row.
    pub fn write(&self, id: u32, value: &str) {
        if let Some(live) = self.state().databases.get_mut(LIVE) {
            live.rows.insert(id, value.to_owned());
        }
    }

    /// The rows of a database by its name on the server.
    #[must_use]
    pub fn rows(&self, dbname: &str) -> Option<Vec<(u32, String)>> {
        self.state().databases.get(dbname).map(|stored| stored.rows.clone().into_iter().collect())
    }

    /// The rows of the one that the application uses.
    #[must_use]
    pub fn live_rows(&self) -> Vec<(u32, String)> {
        self.rows(LIVE).unwrap_or_default()
    }

    /// The rows of a restore point; none where there is no such one.
    #[must_use]
    pub fn stored_rows(&self, point: &BackupId) -> Vec<(u32, String)> {
        let rows = |stored: &Stored| stored.rows.iter().map(|(id, value)| (*id, value.clone())).collect();
        self.state().stored.get(point).map(rows).unwrap_or_default()
    }

    /// The migrations of the one that the application uses.
    #[must_use]
    pub fn applied(&self) -> Vec<String> {
        let applied = |stored: &Stored| stored.applied.iter().map(|(name, _)| name.clone()).collect();
        self.state().databases.get(LIVE).map(applied).unwrap_or_default()
    }

    /// The names of all databases on the server.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.state().databases.keys().cloned().collect()
    }

    /// The restore points in the store.
    #[must_use]
    pub fn stored(&self) -> Vec<BackupId> {
        self.state().stored.keys().cloned().collect()
    }

    /// What `backout` did to it, in order.
    #[must_use]
    pub fn acts(&self) -> Vec<String> {
        self.state().acts.clone()
    }

    /// The faults, to plant some.
    pub fn faults(&self, plant: impl FnOnce(&mut DataFaults)) {
        plant(&mut self.state().faults);
    }

    pub(super) fn answers(&self) -> Result<MutexGuard<'_, Server>, PortError> {
        let state = self.state();
        if state.faults.is_down {
            return Err(PortError::new(format!("database `{}`: connection refused", self.name)));
        }
        Ok(state)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, Server> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cache in memory. Clones are the same.
#[derive(Clone, Default)]
pub struct MemoryCache {
    state: Arc<Mutex<(Vec<Flush>, bool)>>,
}

impl MemoryCache {
    /// What was flushed, in order.
    #[must_use]
    pub fn flushed(&self) -> Vec<Flush> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// From now on it cannot be reached.
    pub fn take_down(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
    }
}

impl Cache for MemoryCache {
    fn flush<'a>(&'a self, what: &'a Flush) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.1 {
                return Err(PortError::new("connection refused"));
            }
            state.0.push(what.clone());
            Ok("its keys are gone".to_owned())
        })
    }
}
