//! A server, an application with releases, and the steps of a plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::{Command, Environment};
use backout_adapters::host::{HostOptions, HostPlatform};
use backout_adapters::secret::Secrets;
use backout_core::config::{Database, HostManage, HostService, HostSource, Migrations, SecretOrText, Sensitive};
use backout_core::data::{DataAct, DataStep, Framework, Ledger, Schema};
use backout_core::inventory::BlobRef;
use backout_core::migrate::{Undoing, kept_in, preservation, reverse_plan};
use backout_core::port::{Clock, DataDone, Inside, Pending, PortError, Ports};
use backout_testkit::world::{MemoryBlobs, NoProgress};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::look::schema;
use crate::migrate::{ledgers, migrations, perform, reached, undo, vault};
use crate::server::{OwnServer, ServerOptions, Tools};
use crate::{Session, Target};

pub(super) struct Ground {
    pub(super) server: OwnServer,
    pub(super) target: Target,
    pub(super) blobs: MemoryBlobs,
    root: TempDir,
}

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, time: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

impl Ground {
    /// A database `shop`, and a service `app` whose releases are below the root.
    pub(super) async fn new(framework: Framework, folder: Option<&str>, command: Option<&[&str]>) -> Self {
        let environment: Environment = std::env::vars_os().collect();
        let tools = Tools::find(None).unwrap();
        let server = OwnServer::create(&tools, &environment, ServerOptions::default()).await.unwrap();
        let maintenance = server.address("postgres").connect().await.unwrap();
        maintenance.batch_execute("CREATE DATABASE shop").await.unwrap();
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("releases")).unwrap();
        let socket = server.data().parent().unwrap().display().to_string();
        let url = format!("host={socket} user=postgres dbname=shop sslmode=disable");
        let secrets = Arc::new(Secrets::new(environment.clone(), root.path()));
        let migrations = Migrations {
            framework,
            service: Some("app".parse().unwrap()),
            folder: folder.map(str::to_owned),
            command: command.map(|words| words.iter().map(|word| (*word).to_owned()).collect()),
            compatible: BTreeMap::new(),
        };
        let target = Target {
            configured: configured(url, migrations),
            secrets: Arc::clone(&secrets),
            environment: environment.clone(),
            folder: root.path().to_owned(),
            state: root.path().to_owned(),
            clock: Arc::new(WallClock),
            inside: Some(inside(root.path(), &socket, (environment, secrets))),
        };
        Self { server, target, blobs: MemoryBlobs::default(), root }
    }

    /// Deploys a release with these files.
    pub(super) fn deploy(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let release = self.root.path().join("releases").join(name);
        for (name, content) in files {
            let path = release.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.point_to(name);
        release
    }

    /// Makes a release the current one.
    pub(super) fn point_to(&self, name: &str) {
        let current = self.root.path().join("current");
        drop(std::fs::remove_file(&current));
        std::os::unix::fs::symlink(Path::new("releases").join(name), current).unwrap();
    }

    /// Runs a program in a release, as its service would.
    pub(super) async fn run(&self, release: &Path, argv: &[&str]) {
        let socket = self.server.data().parent().unwrap().display().to_string();
        let command = Command::new(argv[0], &self.target.environment).args(argv[1..].iter().copied());
        command.env("PGHOST", socket).folder(release).run().await.unwrap();
    }

    pub(super) async fn session(&self) -> Session {
        self.target.session().await.unwrap()
    }

    pub(super) async fn sql(&self, statements: &str) {
        self.session().await.batch_execute(statements).await.unwrap();
    }

    /// One column of text, line by line.
    pub(super) async fn column(&self, query: &str) -> Vec<String> {
        let rows = self.session().await.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_else(|| "NULL".to_owned())).collect()
    }

    /// Schema and ledger, as a checkpoint has them.
    pub(super) async fn seen(&self) -> (Schema, Ledger) {
        let session = self.session().await;
        let framework = self.target.configured.migrations.as_ref().unwrap().framework;
        let ledger = ledgers(&session).await.unwrap().into_iter().find(|it| it.framework == framework).unwrap();
        (schema(&session).await.unwrap(), ledger)
    }

    pub(super) async fn vault(&self) -> BlobRef {
        vault(&self.target, &self.blobs).await.unwrap().unwrap()
    }

    /// The step that leads back to what was seen, with the scripts of the vault.
    pub(super) async fn step(&self, then: &(Schema, Ledger), vault: &BlobRef) -> DataStep {
        let graph = migrations(&self.target, Some(vault), &self.blobs).await.unwrap().unwrap();
        let (now, ledger) = self.seen().await;
        let framework = ledger.framework;
        let plan = reverse_plan(&graph, &ledger, &then.1).unwrap();
        let undoing = Undoing { framework, graph: &graph, undo: &plan.undo, then: &then.0, now: &now };
        let preserve = preservation(&undoing, "7");
        let act = DataAct::ReverseMigrations {
            framework,
            undo: plan.undo,
            target: plan.target,
            preserve,
            kept_in: kept_in("7"),
            vault: Some(vault.clone()),
        };
        DataStep { database: "shop".parse().unwrap(), act, fences: Vec::new() }
    }

    pub(super) async fn perform(&self, step: &DataStep) -> Result<DataDone, PortError> {
        perform(&self.target, step, Ports { blobs: &self.blobs, progress: &NoProgress }).await
    }

    pub(super) async fn undo(&self, step: &DataStep) -> Result<String, PortError> {
        undo(&self.target, step, Ports { blobs: &self.blobs, progress: &NoProgress }).await
    }

    pub(super) async fn is_reached(&self, step: &DataStep) -> bool {
        reached(&self.target, step, &self.blobs).await.unwrap().0
    }
}

fn configured(url: String, migrations: Migrations) -> Database {
    Database {
        name: "shop".parse().unwrap(),
        url: SecretOrText::Text(Sensitive::new(url)),
        admin: None,
        pgbouncer: None,
        replicas: Vec::new(),
        tools: None,
        used_by: Vec::new(),
        migrations: Some(migrations),
        backup: None,
        recovery: None,
        integrity: BTreeMap::new(),
        keep_aside: Duration::from_secs(60),
        automatic: false,
    }
}

fn inside(root: &Path, socket: &str, (environment, secrets): (Environment, Arc<Secrets>)) -> Arc<dyn Inside> {
    let variable = SecretOrText::Text(Sensitive::new(socket.to_owned()));
    let service = HostService {
        source: HostSource::Releases { root: root.display().to_string() },
        build: None,
        manage: HostManage::Supervised {
            run: vec!["/bin/true".to_owned()],
            env: BTreeMap::from([("PGHOST".to_owned(), variable)]),
        },
    };
    let options = HostOptions {
        environment,
        folder: root.join("state"),
        supervisor: vec!["/bin/false".to_owned()],
        is_bus_used: false,
        secrets,
        clock: Arc::new(WallClock),
    };
    Arc::new(HostPlatform::new(&BTreeMap::from([("app".parse().unwrap(), service)]), options))
}
