//! What the tests share: a state directory in a temporary folder, a clock that stands still, and a few records.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backout_core::id::{CheckpointId, Digest, EnvironmentName, RunId};
use backout_core::inventory::{Checkpoint, Grade};
use backout_core::journal::{Body, RunKind, RunResult, RunStarted};
use backout_core::plan::Request;
use backout_core::port::{Clock, Lease, Store, StoreError};
use backout_engine::state_dir::StateDir;
use backout_engine::store::SqliteStore;
use backout_testkit::manual_clock::ManualClock;
use jiff::Timestamp;
use rusqlite::Connection;

pub(crate) const TTL: Duration = Duration::from_secs(30);

pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub(crate) dir: StateDir,
    pub(crate) clock: ManualClock,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::create(&folder.path().join(".backout")).unwrap();
        let clock = ManualClock::at(Timestamp::from_second(1_700_000_000).unwrap());
        Self { _folder: folder, dir, clock }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    /// A connection of its own, as another process would have.
    pub(crate) fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.dir, self.clock()).unwrap()
    }

    pub(crate) fn reader(&self) -> SqliteStore {
        SqliteStore::open_read_only(&self.dir, self.clock()).unwrap()
    }

    /// A journal of `count` records, and nobody who holds the environment.
    pub(crate) async fn filled(count: u32) -> Self {
        let world = Self::new();
        let store = world.store();
        let lease = lease(&store).await;
        for n in 1..=count {
            store.append(&lease, Some(&run(1)), &armed(n)).await.unwrap();
        }
        store.release(&lease).await.unwrap();
        world
    }

    /// The file as SQLite's own shell sees it.
    pub(crate) fn raw(&self) -> Connection {
        Connection::open(self.dir.journal()).unwrap()
    }

    /// The same without the triggers that refuse slips.
    pub(crate) fn tamper(&self) -> Connection {
        let connection = self.raw();
        for trigger in ["record_is_not_updated", "record_is_not_deleted", "record_is_appended"] {
            connection.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        connection
    }
}

pub(crate) fn staging() -> EnvironmentName {
    EnvironmentName::new("staging").unwrap()
}

fn second(n: u32) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + i64::from(n)).unwrap()
}

pub(crate) fn run(n: u32) -> RunId {
    RunId::mint(second(n), n)
}

pub(crate) fn checkpoint_id(n: u32) -> CheckpointId {
    CheckpointId::mint(second(n), n)
}

pub(crate) async fn lease(store: &SqliteStore) -> Lease {
    store.acquire(&staging(), "test", TTL).await.unwrap()
}

pub(crate) fn armed(pid: u32) -> Body {
    Body::Armed { pid }
}

pub(crate) fn started(actor: &str) -> Body {
    Body::RunStarted(RunStarted {
        run: RunKind::Guard { command: vec!["make deploy".into()] },
        environment: staging(),
        actor: actor.into(),
        reason: None,
        request: Request::automatic(),
        agreed: None,
        circumstances: Default::default(),
        observe_ms: 0,
    })
}

pub(crate) fn ended() -> Body {
    Body::RunEnded { result: RunResult::RolledBack, summary: "back on version 1".into() }
}

pub(crate) fn taken(n: u32) -> Body {
    let checkpoint = Checkpoint {
        id: checkpoint_id(n),
        environment: staging(),
        taken_at: second(n),
        run: None,
        why: "before a deploy".into(),
        artifacts: std::collections::BTreeMap::new(),
        absent: Vec::new(),
        databases: std::collections::BTreeMap::new(),
        source: None,
        said: [].into(),
        tag: None,
    };
    Body::CheckpointTaken { checkpoint: Box::new(checkpoint) }
}

pub(crate) fn graded(n: u32, grade: Grade) -> Body {
    Body::Graded { checkpoint: checkpoint_id(n), grade, why: format!("it is {grade}") }
}

/// The hash of a record, as a person with a shell would read it.
pub(crate) fn hash_of(raw: &Connection, seq: i64) -> Digest {
    let text: String = raw.query_row("SELECT hash FROM record WHERE seq = ?1", [seq], |row| row.get(0)).unwrap();
    Digest::try_from(text).unwrap()
}

/// What and hint of an error that says that the state cannot be used.
pub(crate) fn unusable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> (String, String) {
    match result.unwrap_err() {
        StoreError::Unusable { what, hint, .. } => (what, hint),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
