//! A server with a database that is backed up into a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::{Command, Environment};
use backout_adapters::secret::Secrets;
use backout_core::config::{Backup, BackupStore, Database, SecretOrText, Sensitive};
use backout_core::data::{Level, Manifest, RestorePoint, Verification};
use backout_core::policy::{Check, Verdict};
use backout_core::port::{BackupOrder, Blobs, Clock, Database as _, ForeignDump, Pending, PortError, Ports, Progress};
use backout_data::server::{OwnServer, ServerOptions, Tools};
use backout_data::{Postgres, Session, Target};
use backout_testkit::world::MemoryBlobs;
use jiff::Timestamp;
use tempfile::TempDir;

/// Tables of the kinds that are forgotten.
pub(crate) const SHOP: &str = include_str!("shop.sql");

pub(crate) struct Ground {
    pub(crate) server: OwnServer,
    pub(crate) folder: TempDir,
    pub(crate) blobs: MemoryBlobs,
    configured: Database,
    environment: Environment,
}

impl Ground {
    /// A server whose database `shop` was filled by `statements`.
    pub(crate) async fn new(statements: &str) -> Self {
        Self::with(statements, &[]).await
    }

    pub(crate) async fn with(statements: &str, settings: &[(&str, &str)]) -> Self {
        let environment: Environment = std::env::vars_os().collect();
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options = ServerOptions { settings, ..ServerOptions::default() };
        let server = OwnServer::create(&Tools::find(None).unwrap(), &environment, options).await.unwrap();
        let maintenance = server.address("postgres").connect().await.unwrap();
        maintenance.batch_execute("CREATE DATABASE shop TEMPLATE template0").await.unwrap();
        server.address("shop").connect().await.unwrap().batch_execute(statements).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let socket = server.data().parent().unwrap().display().to_string();
        let url = format!("host={socket} port=5432 user=postgres dbname=shop sslmode=disable");
        let configured = configured(&url, &folder.path().join("store"));
        Self { server, folder, blobs: MemoryBlobs::default(), configured, environment }
    }

    /// The same server, backed up in another way.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut Backup)) {
        change(self.configured.backup.as_mut().unwrap());
    }

    pub(crate) fn configured(&mut self) -> &mut Database {
        &mut self.configured
    }

    /// Puts a variable into the environment of whoever asks from now on.
    pub(crate) fn export(&mut self, name: &str, value: &str) {
        self.environment.insert(name.into(), value.into());
    }

    pub(crate) fn store(&self) -> PathBuf {
        match &self.configured.backup.as_ref().unwrap().store {
            BackupStore::Folder(folder) => folder.into(),
            BackupStore::S3(_) => unreachable!(),
        }
    }

    pub(crate) fn database(&self) -> Postgres {
        Postgres::new(Target {
            configured: self.configured.clone(),
            secrets: Arc::new(Secrets::new(self.environment.clone(), self.folder.path())),
            environment: self.environment.clone(),
            folder: self.folder.path().to_owned(),
            state: self.folder.path().to_owned(),
            clock: Arc::new(WallClock),
            inside: None,
        })
    }

    pub(crate) fn ports(&self) -> Ports<'_> {
        Ports { blobs: &self.blobs, progress: &Nobody }
    }

    pub(crate) async fn session(&self) -> Session {
        self.server.address("shop").connect().await.unwrap()
    }

    pub(crate) async fn take(&self) -> Result<RestorePoint, PortError> {
        self.database().back_up(&order(), self.ports()).await
    }

    pub(crate) async fn import(&self, file: &str) -> Result<RestorePoint, PortError> {
        self.import_from(ForeignDump::At(file)).await
    }

    pub(crate) async fn import_from(&self, dump: ForeignDump<'_>) -> Result<RestorePoint, PortError> {
        self.database().import(dump, &order(), self.ports()).await
    }

    pub(crate) async fn verify(&self, point: &RestorePoint, level: Level) -> Verification {
        self.database().verify(point, level, None, self.ports()).await.unwrap()
    }

    pub(crate) async fn manifest(&self, point: &RestorePoint) -> Manifest {
        serde_json::from_slice(&self.blobs.get(&point.manifest).await.unwrap()).unwrap()
    }

    /// Every file in the store, whole or not.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        files(&self.store())
    }

    /// One of the programs, against the database.
    pub(crate) fn program(&self, name: &str) -> Command {
        let program = Tools::find(None).unwrap().program(name).unwrap();
        let variables = self.server.address("shop").variables();
        let command = Command::new(program, &self.environment).folder(self.folder.path());
        variables.into_iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    /// Another program, in the folder.
    pub(crate) async fn run(&self, program: &str, words: &[&str]) {
        let command = Command::new(program, &self.environment).folder(self.folder.path());
        command.args(words.iter().copied()).run().await.unwrap();
    }
}

pub(crate) fn order() -> BackupOrder {
    BackupOrder { id: "bk-20261121-031502-9f3a2c".parse().unwrap(), run: None, vault: None, is_as_it_is: false }
}

/// The checks that do not hold.
pub(crate) fn fallen(verification: &Verification) -> Vec<&Check> {
    verification.checks.iter().filter(|check| check.verdict != Verdict::Healthy).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] }).collect()
}

fn configured(url: &str, store: &Path) -> Database {
    let backup = Backup {
        before_deploy: true,
        before_rollback: false,
        keep: 7,
        store: BackupStore::Folder(store.display().to_string()),
        encrypt: None,
        jobs: 1,
        require: Level::V1,
        fresh: None,
        slot: false,
    };
    Database {
        name: "shop".parse().unwrap(),
        url: SecretOrText::Text(Sensitive::new(url.to_owned())),
        admin: None,
        pgbouncer: None,
        replicas: Vec::new(),
        tools: None,
        used_by: Vec::new(),
        migrations: None,
        backup: Some(backup),
        recovery: None,
        integrity: BTreeMap::new(),
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
