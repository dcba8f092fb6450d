//! A database in memory: what the planner is told of it, to be changed by tests.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::config::{Backup, BackupStore, Database, Migrations, SecretOrText, Sensitive};
use backout_core::data::{
    Column, ConstraintCounts, DataPoint, DatabaseFact, DatabaseProperties, DatabaseReadiness, DatabaseSeen,
    DatabaseState, Framework, LargeObjects, Ledger, Level, LossEstimate, Manifest, Method, Migration, MigrationGraph,
    ObjectName, Packing, PointKind, RestorePoint, Revision, Schema, Sealing, StoredObject, Table, TableContent,
    TableEstimate,
};
use backout_core::id::{BackupId, DatabaseName, RunId};
use backout_core::plan::data::DataSituation;
use backout_core::port::Preflight;

use super::live::{at, blob_of};

/// What `pg_dump` and its like need at least to be of the version that the tests speak of.
const VERSION: u32 = 150_018;

pub(crate) fn main_database() -> DatabaseName {
    DatabaseName::new("main").unwrap()
}

/// A database on PostgreSQL without migrations, backup or recovery, used by every service.
pub(crate) fn configured() -> Database {
    Database {
        name: main_database(),
        url: SecretOrText::Text(Sensitive::new("postgres://shop@db/shop".to_owned())),
        admin: None,
        pgbouncer: None,
        replicas: Vec::new(),
        tools: None,
        used_by: Vec::new(),
        migrations: None,
        backup: None,
        recovery: None,
        integrity: BTreeMap::new(),
        keep_aside: Duration::from_secs(7 * 86_400),
        automatic: false,
    }
}

/// Dumps into a folder, unencrypted.
pub(crate) fn backups() -> Backup {
    Backup {
        before_deploy: true,
        before_rollback: false,
        keep: 7,
        store: BackupStore::Folder("backups/".to_owned()),
        encrypt: None,
        jobs: 1,
        require: Level::V1,
        fresh: None,
        slot: false,
    }
}

pub(crate) fn orders() -> ObjectName {
    ObjectName::new("public", "orders")
}

/// A table `orders` with these columns, each of which may be null.
pub(crate) fn schema(columns: &[&str]) -> Schema {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        data_type: "text".to_owned(),
        not_null: false,
        default: None,
        generated: None,
        identity: None,
    };
    let table = Table {
        name: orders(),
        kind: 'r',
        is_unlogged: false,
        parents: Vec::new(),
        columns: columns.iter().map(column).collect(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        policies: Vec::new(),
        attributes: Vec::new(),
    };
    Schema { tables: vec![table], ..Schema::default() }
}

pub(crate) fn revision(name: &str) -> Revision {
    Revision(name.to_owned())
}

/// What Django says was applied.
pub(crate) fn ledger(applied: &[&str]) -> Ledger {
    Ledger {
        framework: Framework::Django,
        applied: applied.iter().map(|name| revision(name)).collect(),
        is_dirty: false,
    }
}

/// The database `shop`, with a schema and a ledger.
pub(crate) fn state(schema: Schema, ledger: Ledger) -> DatabaseState {
    DatabaseState {
        dbname: "shop".to_owned(),
        oid: 16_384,
        server_version: VERSION,
        bytes: 1 << 30,
        schema,
        ledgers: vec![ledger],
        integrity: Vec::new(),
        soft_dropped: Vec::new(),
        kept: Vec::new(),
    }
}

pub(crate) fn fact(state: DatabaseState) -> DatabaseFact {
    DatabaseFact { database: main_database(), at: at(5), seen: DatabaseSeen::Known(Box::new(state)) }
}

/// A restore point that restored without a fault.
pub(crate) fn restore_point() -> RestorePoint {
    RestorePoint {
        id: BackupId::new("bk-20261121-031502-9f3a2c").unwrap(),
        database: main_database(),
        taken_at: at(0),
        run: Some(RunId::new("run-0").unwrap()),
        kind: PointKind::Custom { packing: Packing::Zstd, sealing: Sealing::Age },
        store: "file:/srv/backups/".to_owned(),
        objects: vec![StoredObject { name: "bk.dump".to_owned(), bytes: 1 << 20, sha256: "0".repeat(64) }],
        manifest: blob_of(1),
        database_bytes: 1 << 30,
        took_ms: 20_000,
        restore_name: None,
        verified: Some(Level::V1),
    }
}

pub(crate) fn manifest(schema: Schema, ledger: Ledger) -> Manifest {
    let content = TableContent {
        name: orders(),
        rows: 10,
        hash: Some("7".to_owned()),
        key: vec!["id".to_owned()],
        relfilenode: 16_400,
        counters: [10, 0, 0],
    };
    Manifest {
        version: 1,
        backup: restore_point().id,
        database: main_database(),
        dbname: "shop".to_owned(),
        taken_at: at(0),
        server_version: VERSION,
        system_identifier: None,
        snapshot: None,
        lsn: None,
        slot: None,
        tables: vec![content],
        sequences: Vec::new(),
        constraints: ConstraintCounts::default(),
        properties: DatabaseProperties::default(),
        extensions: Vec::new(),
        roles: Vec::new(),
        large_objects: LargeObjects::default(),
        schema,
        ledgers: vec![ledger],
        vault: None,
        tools: BTreeMap::new(),
    }
}

/// The database as a checkpoint has it.
pub(crate) fn data_point(schema: &Schema, ledger: Ledger, backup: Option<RestorePoint>) -> DataPoint {
    let schema_digest = schema.digest();
    DataPoint { database: main_database(), schema_digest, schema: blob_of(2), ledgers: vec![ledger], backup }
}

/// A server on which nothing stands in the way.
pub(crate) fn readiness() -> DatabaseReadiness {
    DatabaseReadiness {
        server_version: VERSION,
        client_version: Some(VERSION),
        system_identifier: None,
        wal_level: "replica".to_owned(),
        archives_log: false,
        bytes: 1 << 30,
        free_bytes: Some(100 << 30),
        role: ("admin".to_owned(), true),
        may_create: true,
        is_owner: true,
        may_terminate: true,
        slots: Vec::new(),
        subscriptions: Vec::new(),
        replicas: Vec::new(),
        prepared: Vec::new(),
        long_transactions: Vec::new(),
        extensions: Vec::new(),
        without_key: Vec::new(),
        unlogged: Vec::new(),
        large_objects: 0,
        obstacles: Vec::new(),
    }
}

/// So many rows were written since the restore point.
pub(crate) fn estimate(rows: u64) -> LossEstimate {
    let table = TableEstimate { table: orders(), method: Method::RowVersions, written: rows, deleted: 0 };
    LossEstimate {
        since: at(0),
        window_ms: 5_000,
        log_bytes: Some(4_096),
        tables: if rows == 0 { Vec::new() } else { vec![table] },
        limits: Vec::new(),
        unknown: None,
    }
}

/// A migration after another one, with a way back.
pub(crate) fn migration(name: &str, needs: &[&str]) -> Migration {
    Migration {
        revision: revision(name),
        needs: needs.iter().map(|name| revision(name)).collect(),
        has_inverse: Some(true),
        compatibility: None,
        up: None,
        down: None,
    }
}

/// The database of a shop, and all that the planner is told of it.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) configured: Database,
    pub(crate) now: DatabaseFact,
    pub(crate) then: Option<DataPoint>,
    pub(crate) schema_then: Option<Schema>,
    pub(crate) point: Option<RestorePoint>,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) is_stored: Preflight,
    pub(crate) readiness: Result<DatabaseReadiness, String>,
    pub(crate) estimate: Result<LossEstimate, String>,
    pub(crate) migrations: Result<Option<MigrationGraph>, String>,
    pub(crate) put_aside: Option<String>,
    pub(crate) approvals: u32,
}

impl Shop {
    /// A database whose schema is what it was, with a restore point and nothing written since.
    pub(crate) fn unchanged() -> Self {
        let (schema, applied) = (schema(&["id", "price"]), ledger(&["shop.0001"]));
        Self::between(&schema, applied.clone(), schema.clone(), applied)
    }

    /// A database in which the migration `shop.0002` has dropped a column that the release before it reads.
    pub(crate) fn migrated() -> Self {
        let (then, now) = (ledger(&["shop.0001"]), ledger(&["shop.0001", "shop.0002"]));
        Self::between(&schema(&["id", "price"]), then, schema(&["id"]), now)
    }

    fn between(then: &Schema, applied: Ledger, now: Schema, applied_now: Ledger) -> Self {
        Self {
            configured: configured(),
            now: fact(state(now, applied_now)),
            then: Some(data_point(then, applied.clone(), Some(restore_point()))),
            schema_then: Some(then.clone()),
            point: Some(restore_point()),
            manifest: Some(manifest(then.clone(), applied)),
            is_stored: Preflight::Present,
            readiness: Ok(readiness()),
            estimate: Ok(estimate(0)),
            migrations: Ok(None),
            put_aside: None,
            approvals: 0,
        }
    }

    /// The same with Django, whose files know both migrations.
    pub(crate) fn with_django(mut self) -> Self {
        self.configured.migrations = Some(Migrations {
            framework: Framework::Django,
            service: None,
            folder: None,
            command: None,
            compatible: BTreeMap::new(),
        });
        let migrations = vec![migration("shop.0001", &[]), migration("shop.0002", &["shop.0001"])];
        self.migrations = Ok(Some(MigrationGraph { migrations }));
        self
    }

    pub(crate) fn state(&mut self) -> &mut DatabaseState {
        match &mut self.now.seen {
            DatabaseSeen::Known(state) => state,
            DatabaseSeen::Unknown { why } => panic!("{why}"),
        }
    }

    pub(crate) fn situation(&self) -> DataSituation<'_> {
        DataSituation {
            configured: &self.configured,
            now: &self.now,
            then: self.then.as_ref(),
            schema_then: self.schema_then.as_ref(),
            point: self.point.as_ref(),
            manifest: self.manifest.as_ref(),
            is_stored: &self.is_stored,
            readiness: self.readiness.as_ref().map_err(String::as_str),
            estimate: self.estimate.as_ref().map_err(String::as_str),
            migrations: self.migrations.as_ref().map(Option::as_ref).map_err(String::as_str),
            vault: None,
            put_aside: self.put_aside.as_deref(),
            approvals: self.approvals,
            suffix: "run1",
        }
    }
}
