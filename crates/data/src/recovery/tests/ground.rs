//! A server that archives its log, with a database that comes to harm.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_adapters::secret::Secrets;
use backout_core::config::{Database, Recovery, SecretOrText, Sensitive};
use backout_core::data::{ObjectName, RecoveryTarget};
use backout_core::port::{PortError, Progress};
use backout_testkit::manual_clock::ManualClock;
use jiff::Timestamp;

use crate::recovery::into::Recovered;
use crate::recovery::{Wanted, into};
use crate::server::{OwnServer, ServerOptions, Tools};
use crate::{Session, Target};

/// What is in the table before the harm is done.
pub(super) const WHOLE: i64 = 1_500;

/// A server that archives its log.
pub(super) struct Ground {
    pub(super) live: OwnServer,
    pub(super) environment: Environment,
}

/// Moments before the harm, each of which shows [`WHOLE`] rows.
pub(super) struct Moments {
    pub(super) time: Timestamp,
    pub(super) lsn: String,
    /// The transaction that did the harm.
    pub(super) xid: u64,
}

/// Counts what it is told.
#[derive(Default)]
pub(super) struct Watched(pub(super) Mutex<u64>);

impl Progress for Watched {
    fn moved(&self, _what: &str, done: u64, _of: Option<u64>) {
        *self.0.lock().unwrap() = done;
    }
}

impl Ground {
    pub(super) async fn new() -> Self {
        let environment: Environment = std::env::vars_os().collect();
        let settings = [("archive_mode", "on"), ("max_connections", "120"), ("max_prepared_transactions", "5")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let options = ServerOptions { settings, port: None };
        let live = OwnServer::create(&Tools::find(None).unwrap(), &environment, options).await.unwrap();
        let session = live.address("postgres").connect().await.unwrap();
        session.batch_execute("CREATE ROLE app LOGIN").await.unwrap();
        session.batch_execute("CREATE DATABASE shop OWNER app").await.unwrap();
        Self { live, environment }
    }

    /// Archives by `command`, which starts in the folder of the data.
    pub(super) async fn archiving_by(self, command: &str) -> Self {
        let session = self.session("postgres").await;
        let command = crate::words::literal(command);
        session.batch_execute(&format!("ALTER SYSTEM SET archive_command = {command}")).await.unwrap();
        session.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        self
    }

    pub(super) async fn session(&self, dbname: &str) -> Session {
        self.live.address(dbname).connect().await.unwrap()
    }

    /// The database as configured, at an hour of the clock.
    pub(super) fn target(&self, recovery: Recovery, hour: u32) -> Target {
        let url = format!("host={} port=5432 user=postgres dbname=shop", self.live.folder().display());
        let configured = Database {
            name: "shop".parse().unwrap(),
            url: SecretOrText::Text(Sensitive::new(url)),
            admin: None,
            pgbouncer: None,
            replicas: Vec::new(),
            tools: None,
            used_by: Vec::new(),
            migrations: None,
            backup: None,
            recovery: Some(recovery),
            integrity: BTreeMap::new(),
            keep_aside: Duration::from_secs(1),
            automatic: false,
        };
        Target {
            configured,
            secrets: Arc::new(Secrets::new(self.environment.clone(), "/")),
            environment: self.environment.clone(),
            folder: self.live.folder().to_owned(),
            state: self.live.folder().join("state"),
            clock: Arc::new(ManualClock::at(format!("2026-11-21T{hour:02}:00:00Z").parse().unwrap())),
            inside: None,
        }
    }

    /// Tables with their first rows, before the base backup.
    pub(super) async fn fill(&self) {
        let session = self.session("shop").await;
        let statements = "GRANT CREATE ON SCHEMA public TO app; SET ROLE app; CREATE SCHEMA \"Weird \"\"Name\"; \
            CREATE TABLE orders (id bigint PRIMARY KEY, note text NOT NULL); \
            CREATE TABLE \"Weird \"\"Name\".\"t.*\" (id serial PRIMARY KEY, \"order\" bigint REFERENCES orders); \
            INSERT INTO orders SELECT n, 'before ' || n FROM generate_series(1, 1000) n; \
            INSERT INTO \"Weird \"\"Name\".\"t.*\" (\"order\") SELECT n FROM generate_series(1, 7) n; RESET ROLE";
        session.batch_execute(statements).await.unwrap();
    }

    /// More rows after the base backup; then moments; then the harm.
    pub(super) async fn harm(&self, name: &str) -> Moments {
        let session = self.session("shop").await;
        let more = "INSERT INTO orders SELECT n, 'after ' || n FROM generate_series(1001, 1500) n";
        session.batch_execute(more).await.unwrap();
        crate::recovery::name_point(&session, name).await.unwrap().expect("the log is archived");
        // What is written may be behind what is committed, where commits do not wait for disks: this is what is inserted.
        let now = "SELECT pg_current_wal_insert_lsn()::text, clock_timestamp()::text";
        let row = session.query_one(now, &[]).await.unwrap();
        let (lsn, time): (String, String) = (row.get(0), row.get(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let harm = "BEGIN; DELETE FROM \"Weird \"\"Name\".\"t.*\"; DELETE FROM orders WHERE id > 3";
        session.batch_execute(harm).await.unwrap();
        let xid = session.query_one("SELECT txid_current()", &[]).await.unwrap().get::<_, i64>(0);
        session.batch_execute("COMMIT").await.unwrap();
        Moments { time: format!("{}:00", time.replace(' ', "T")).parse().unwrap(), lsn, xid: xid as u64 }
    }

    /// Makes an empty database and recovers into it.
    pub(super) async fn recover(
        &self,
        target: &Target,
        moment: &RecoveryTarget,
        tables: &[ObjectName],
    ) -> Result<(Session, Recovered), PortError> {
        let session = self.session("postgres").await;
        session.batch_execute("DROP DATABASE IF EXISTS copy").await.unwrap();
        session.batch_execute("CREATE DATABASE copy OWNER app TEMPLATE template0").await.unwrap();
        let (to, progress) = (self.live.address("copy"), Watched::default());
        let wanted = Wanted { moment, about: None, tables, progress: &progress };
        let recovered = into(target, &to, &wanted).await?;
        assert!(*progress.0.lock().unwrap() > 0);
        Ok((self.session("copy").await, recovered))
    }

    /// Everything that somebody could have changed on the server in use.
    pub(super) async fn state(&self) -> Vec<String> {
        let (postgres, shop) = (self.session("postgres").await, self.session("shop").await);
        let databases = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE datname <> 'copy'";
        let databases: String = postgres.query_one(databases, &[]).await.unwrap().get(0);
        let rows = "SELECT coalesce(sum(hash_record_extended(o, 0)::numeric), 0)::text || count(*) FROM orders o";
        vec![databases, shop.query_one(rows, &[]).await.unwrap().get(0)]
    }

    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.live.folder().join(name)
    }
}

/// Rows of both tables.
pub(super) async fn rows(session: &Session) -> (i64, i64) {
    let ask = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM \"Weird \"\"Name\".\"t.*\")";
    let row = session.query_one(ask, &[]).await.unwrap();
    (row.get(0), row.get(1))
}
