//! A server with a database, and everything that happens to it in a rollback.

use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_adapters::secret::Secrets;
use backout_core::config::{Backup, BackupStore, Database, SecretOrText, Sensitive};
use backout_core::data::{
    DataAct, DataStep, Level, LossReport, LostRow, Manifest, Operation, Packing, PointKind, RestorePoint, Sealing,
    Snapshot,
};
use backout_core::port::{Blobs, Clock, Pending, Ports, Progress};
use backout_testkit::world::MemoryBlobs;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::look::{Hashes, ManifestHead, content_manifest};
use crate::loss::rows::lines::Report;
use crate::loss::{ReimportOptions, ReimportReport, perform, reimport};
use crate::server::{OwnServer, ServerOptions, Tools};
use crate::{Postgres, Session, Target};

pub(super) const DAMAGED: &str = "shop_damaged";
pub(super) const COPY: &str = "shop_copy";

pub(super) struct Ground {
    pub(super) server: OwnServer,
    pub(super) target: Target,
    pub(super) blobs: MemoryBlobs,
    folder: TempDir,
}

impl Ground {
    /// A server whose database `shop` was filled by `statements`.
    pub(super) async fn new(statements: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
        let environment: Environment = std::env::vars_os().collect();
        let tools = Tools::find(None).unwrap();
        let server = OwnServer::create(&tools, &environment, ServerOptions::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let socket = server.data().parent().unwrap().display().to_string();
        let target = Target {
            configured: configured(format!("host={socket} port=5432 user=postgres dbname=shop")),
            secrets: Arc::new(Secrets::new(environment.clone(), folder.path())),
            environment,
            folder: folder.path().to_owned(),
            state: folder.path().join("state"),
            clock: Arc::new(WallClock),
            inside: None,
        };
        let ground = Self { server, target, blobs: MemoryBlobs::default(), folder };
        ground.run("postgres", "CREATE DATABASE shop TEMPLATE template0").await;
        ground.run("shop", statements).await;
        ground
    }

    /// The database behind its port, backed up into a folder: for tests that go every step of a rollback themselves.
    pub(super) fn postgres(&self) -> Postgres {
        let backup = Backup {
            before_deploy: true,
            before_rollback: false,
            keep: 7,
            store: BackupStore::Folder(self.folder.path().join("store").display().to_string()),
            encrypt: None,
            jobs: 1,
            require: Level::V1,
            fresh: None,
            slot: false,
        };
        let configured = Database { backup: Some(backup), ..self.target.configured.clone() };
        Postgres::new(Target {
            configured,
            secrets: Arc::clone(&self.target.secrets),
            environment: self.target.environment.clone(),
            folder: self.target.folder.clone(),
            state: self.target.state.clone(),
            clock: Arc::clone(&self.target.clock),
            inside: None,
        })
    }

    pub(super) async fn session(&self, dbname: &str) -> Session {
        self.server.address(dbname).connect().await.unwrap()
    }

    pub(super) async fn run(&self, dbname: &str, statements: &str) {
        self.session(dbname).await.batch_execute(statements).await.unwrap();
    }

    pub(super) async fn number(&self, dbname: &str, question: &str) -> i64 {
        self.session(dbname).await.query_one(question, &[]).await.unwrap().get(0)
    }

    /// The manifest of this moment, and its dump.
    pub(super) async fn back_up(&self) -> (Manifest, RestorePoint) {
        let session = self.session("shop").await;
        session.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.unwrap();
        let asked = "SELECT pg_export_snapshot(), pg_current_snapshot()::text, pg_snapshot_xmin(pg_current_snapshot())::text, \
                     pg_snapshot_xmax(pg_current_snapshot())::text, pg_current_wal_lsn()::text";
        let row = session.query_one(asked, &[]).await.unwrap();
        let texts: Vec<String> = (0..5).map(|index| row.get(index)).collect();
        let snapshot =
            Snapshot { text: texts[1].clone(), xmin: texts[2].parse().unwrap(), xmax: texts[3].parse().unwrap() };
        let head = ManifestHead {
            backup: "bk-20261121-031502-9f3a2c".parse().unwrap(),
            taken_at: None,
            snapshot: Some(snapshot),
            lsn: Some(texts[4].clone()),
            slot: None,
            vault: None,
            tools: std::collections::BTreeMap::new(),
            hashes: Hashes::None,
        };
        let manifest = content_manifest(&session, &self.target, head).await.unwrap();
        let dump = self.target.program("pg_dump", &self.server.address("shop")).unwrap();
        let dump = dump.args(["-Fc", "-Z1", "--snapshot", &texts[0], "-f"]).arg(self.folder.path().join("dump"));
        dump.run().await.unwrap();
        let blob = self.blobs.put(&serde_json::to_vec(&manifest).unwrap()).await.unwrap();
        let point = RestorePoint {
            id: manifest.backup.clone(),
            database: self.target.configured.name.clone(),
            taken_at: manifest.taken_at,
            run: None,
            kind: PointKind::Custom { packing: Packing::None, sealing: Sealing::None },
            store: format!("file:{}/", self.folder.path().display()),
            objects: Vec::new(),
            manifest: blob,
            database_bytes: 1,
            took_ms: 1,
            restore_name: None,
            verified: None,
        };
        (manifest, point)
    }

    /// Restores the dump beside.
    pub(super) async fn restore(&self) {
        self.run("postgres", &format!("CREATE DATABASE {COPY} TEMPLATE template0")).await;
        let restore = self.target.program("pg_restore", &self.server.address(COPY)).unwrap();
        let restore = restore.args(["--exit-on-error", "-d", COPY]).arg(self.folder.path().join("dump"));
        restore.run().await.unwrap();
    }

    /// Swaps the copy in, as the real swap does it.
    pub(super) async fn swap(&self) {
        let session = self.session("postgres").await;
        let ended =
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname IN ('shop', 'shop_copy')";
        session.batch_execute("ALTER DATABASE shop ALLOW_CONNECTIONS false").await.unwrap();
        session.query(ended, &[]).await.unwrap();
        let renamed =
            format!("BEGIN; ALTER DATABASE shop RENAME TO {DAMAGED}; ALTER DATABASE {COPY} RENAME TO shop; COMMIT");
        session.batch_execute(&renamed).await.unwrap();
        let kept = format!(
            "ALTER DATABASE {DAMAGED} ALLOW_CONNECTIONS true; ALTER DATABASE {DAMAGED} SET default_transaction_read_only = on"
        );
        session.batch_execute(&kept).await.unwrap();
    }

    /// Goes back to the dump.
    pub(super) async fn go_back(&self) {
        self.restore().await;
        self.swap().await;
    }

    /// The exact report, and its rows.
    pub(super) async fn report(&self, point: &RestorePoint) -> (LossReport, Vec<LostRow>) {
        let act = DataAct::ReportLoss { damaged: DAMAGED.to_owned(), point: Some(Box::new(point.clone())) };
        let done = perform(&self.target, &self.step(act), self.ports()).await.unwrap();
        let report = done.loss.unwrap();
        let rows = listed(&report);
        (report, rows)
    }

    /// The transactions that wrote the rows of a report.
    pub(super) fn report_xids(&self, report: &LossReport) -> Vec<u32> {
        let file = Report::open(report.file.as_ref().unwrap().as_ref()).unwrap();
        file.sections
            .iter()
            .flat_map(|section| file.rows(section).unwrap())
            .filter_map(|row| row.unwrap().xid)
            .collect()
    }

    pub(super) fn step(&self, act: DataAct) -> DataStep {
        DataStep { database: self.target.configured.name.clone(), act, fences: Vec::new() }
    }

    pub(super) fn ports(&self) -> Ports<'_> {
        Ports { blobs: &self.blobs, progress: &Nobody }
    }

    pub(super) async fn reimport(&self, report: &LossReport, options: &ReimportOptions) -> ReimportReport {
        reimport(&self.target, report.file.as_ref().unwrap().as_ref(), options).await.unwrap()
    }
}

/// The rows in the file of a report.
pub(super) fn listed(report: &LossReport) -> Vec<LostRow> {
    let file = Report::open(report.file.as_ref().unwrap().as_ref()).unwrap();
    file.sections.iter().flat_map(|section| file.rows(section).unwrap()).map(Result::unwrap).collect()
}

/// Rows in short: operation, table and one column of the key.
pub(super) fn short(rows: &[LostRow]) -> Vec<String> {
    let op = |op| match op {
        Operation::Inserted => '+',
        Operation::Updated => '~',
        Operation::Deleted => '-',
    };
    let key =
        |row: &LostRow| row.key.values().map(|part| part.clone().unwrap_or_default()).collect::<Vec<_>>().join("/");
    let doubt = |row: &LostRow| if row.certain { "" } else { "?" };
    let mut short: Vec<String> =
        rows.iter().map(|row| format!("{}{} {}{}", op(row.op), row.table, key(row), doubt(row))).collect();
    short.sort();
    short
}

fn configured(url: String) -> Database {
    Database {
        name: "shop".parse().unwrap(),
        url: SecretOrText::Text(Sensitive::new(url)),
        admin: None,
        pgbouncer: None,
        replicas: Vec::new(),
        tools: None,
        used_by: Vec::new(),
        migrations: None,
        backup: None,
        recovery: None,
        integrity: std::collections::BTreeMap::new(),
        keep_aside: Duration::from_secs(60),
        automatic: false,
    }
}

struct Nobody;

impl Progress for Nobody {
    fn moved(&self, _what: &str, _done: u64, _of: Option<u64>) {}
}

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "a real server lives in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
