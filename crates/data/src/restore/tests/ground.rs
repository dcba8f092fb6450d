//! A server, its databases, and a folder of dumps.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_adapters::secret::Secrets;
use backout_core::config::{Database, SecretOrText, Sensitive};
use backout_core::data::{ObjectName, PointKind, RestorePoint, StoredObject};
use backout_core::inventory::BlobRef;
use backout_core::port::{Clock, Pending, PortError, Progress};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::look::contents::{Hashes, contents};
use crate::restore::{RestoreOptions, into};
use crate::server::{OwnServer, ServerOptions, Tools};
use crate::{Session, Target};

pub(super) struct Ground {
    server: OwnServer,
    target: Target,
    folder: TempDir,
}

impl Ground {
    pub(super) async fn new() -> Self {
        let environment: Environment = std::env::vars_os().collect();
        let tools = Tools::find(None).unwrap();
        let server = OwnServer::create(&tools, &environment, ServerOptions::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let target = Target {
            configured: configured(),
            secrets: Arc::new(Secrets::new(environment.clone(), folder.path())),
            environment,
            folder: folder.path().to_owned(),
            state: folder.path().to_owned(),
            clock: Arc::new(WallClock),
            inside: None,
        };
        Self { server, target, folder }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A new database that `statements` have filled.
    pub(super) async fn database(&self, name: &str, statements: &str) -> Session {
        let maintenance = self.server.address("postgres").connect().await.unwrap();
        maintenance.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
        let session = self.server.address(name).connect().await.unwrap();
        session.batch_execute(statements).await.unwrap();
        session
    }

    pub(super) async fn dump(&self, dbname: &str, file: &str, words: &[&str]) {
        let command = self.target.program("pg_dump", &self.server.address(dbname)).unwrap();
        command.args(words.iter().copied()).arg("-f").arg(self.folder.path().join(file)).run().await.unwrap();
    }

    pub(super) fn pack(&self, from: &str, to: &str) {
        let content = std::fs::read(self.folder.path().join(from)).unwrap();
        let packed = zstd::encode_all(content.as_slice(), 1).unwrap();
        std::fs::write(self.folder.path().join(to), packed).unwrap();
    }

    /// A restore point of files that are in the folder.
    pub(super) fn point(&self, kind: PointKind, files: &[&str]) -> RestorePoint {
        let stored = |name: &&str| {
            let content = std::fs::read(self.folder.path().join(name)).unwrap();
            let sha256 = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
            StoredObject { name: (*name).to_owned(), bytes: content.len() as u64, sha256 }
        };
        RestorePoint {
            id: "bk-20261121-031502-9f3a2c".parse().unwrap(),
            database: self.target.configured.name.clone(),
            taken_at: Timestamp::UNIX_EPOCH,
            run: None,
            kind,
            store: format!("file:{}/", self.folder.path().display()),
            objects: files.iter().map(stored).collect(),
            manifest: BlobRef { digest: backout_core::id::Digest::of(b"none"), bytes: 0 },
            database_bytes: 10_000_000,
            took_ms: 1,
            restore_name: None,
            verified: None,
        }
    }

    pub(super) async fn restore(
        &self,
        dbname: &str,
        point: &RestorePoint,
        jobs: u32,
        tables: &[ObjectName],
    ) -> Result<(), PortError> {
        let options = RestoreOptions { manifest: None, tables, jobs, progress: &Nobody };
        into(&self.target, &self.server.address(dbname), point, &options).await
    }

    pub(super) async fn restore_as(&self, role: &str, dbname: &str, point: &RestorePoint) -> Result<(), PortError> {
        let folder = self.server.data().parent().unwrap().display().to_string();
        let address = crate::Address::local(&folder, 5432, role, dbname);
        let options = RestoreOptions { manifest: None, tables: &[], jobs: 1, progress: &Nobody };
        into(&self.target, &address, point, &options).await
    }

    /// Every table with its count and hash.
    pub(super) async fn hashes(&self, dbname: &str) -> Vec<(String, u64, Option<String>)> {
        let session = self.server.address(dbname).connect().await.unwrap();
        let tables = contents(&session, Hashes::All).await.unwrap();
        assert!(!tables.is_empty());
        tables.into_iter().map(|table| (table.name.to_string(), table.rows, table.hash)).collect()
    }
}

fn configured() -> Database {
    Database {
        name: "shop".parse().unwrap(),
        url: SecretOrText::Text(Sensitive::new("postgres://nobody@127.0.0.1:1/shop".to_owned())),
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
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
