//! Readers against a real server: what they read of a database, and of its dump restored beside it.

mod ahead;
mod manifest;
mod pooled;
mod restored;
mod sound;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::{Command, Environment};
use backout_adapters::secret::Secrets;
use backout_core::config::{Database, SecretOrText, Sensitive};
use backout_core::policy::{Check, Verdict};
use backout_testkit::manual_clock::ManualClock;
use jiff::Timestamp;

use crate::server::{OwnServer, ServerOptions, Tools};
use crate::{Address, Session, Target};

/// Everything that readers of catalogs have stumbled over.
const NASTY: &str = include_str!("nasty.sql");

/// A server, and databases in it.
struct Ground {
    server: OwnServer,
}

impl Ground {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let environment = environment();
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options = ServerOptions { settings, port: None };
        let tools = Tools::find(None).unwrap();
        Self { server: OwnServer::create(&tools, &environment, options).await.unwrap() }
    }

    /// A server that keeps a checksum of every page, which is not what a new cluster does before PostgreSQL 18.
    async fn with_checksums() -> Self {
        let tools = Tools::find(None).unwrap();
        let mut server = OwnServer::empty(&tools, &environment(), ServerOptions::default()).unwrap();
        let data = server.data().display().to_string();
        let words = ["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-k"];
        server.command("initdb", words).unwrap().run().await.unwrap();
        server.start().await.unwrap();
        Self { server }
    }

    /// A new database that `statements` have filled.
    async fn database(&self, name: &str, statements: &str) -> Session {
        let maintenance = self.session("postgres").await;
        maintenance.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
        let session = self.session(name).await;
        session.batch_execute(statements).await.unwrap();
        session
    }

    async fn session(&self, name: &str) -> Session {
        self.server.address(name).connect().await.unwrap()
    }

    /// A dump of `from`, restored into a new database.
    async fn copy(&self, from: &str, to: &str) -> Session {
        let file = self.server.data().parent().unwrap().join(format!("{to}.dump")).display().to_string();
        self.run("pg_dump", from, &["-Fc", "-f", &file]).await;
        let session = self.database(to, "").await;
        self.run("pg_restore", to, &["--exit-on-error", "-d", to, &file]).await;
        session
    }

    /// A session of another role.
    async fn session_as(&self, role: &str, name: &str) -> Session {
        Address::local(&self.folder(), 5432, role, name).connect().await.unwrap()
    }

    /// The database as an application's configuration names it.
    fn target(&self, role: &str, name: &str, integrity: &[(&str, &str)]) -> Target {
        let url = format!("host={} user={role} dbname={name} sslmode=disable", self.folder());
        let integrity = integrity.iter().map(|(name, query)| ((*name).to_owned(), (*query).to_owned())).collect();
        let environment = environment();
        Target {
            configured: configured(url, integrity),
            secrets: Arc::new(Secrets::new(environment.clone(), self.server.data())),
            environment,
            folder: self.server.data(),
            state: self.server.data(),
            clock: Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)),
            inside: None,
        }
    }

    fn folder(&self) -> String {
        self.server.data().parent().unwrap().display().to_string()
    }

    async fn run(&self, program: &str, dbname: &str, words: &[&str]) {
        self.command(program, dbname, words).run().await.unwrap();
    }

    fn command(&self, program: &str, dbname: &str, words: &[&str]) -> Command {
        let command = self.server.command(program, words.iter().copied()).unwrap();
        let variables = self.server.address(dbname).variables();
        variables.into_iter().fold(command, |command, (name, value)| command.env(name, value))
    }
}

fn configured(url: String, integrity: BTreeMap<String, String>) -> Database {
    Database {
        name: "shop".parse().unwrap(),
        url: plain(url),
        admin: None,
        pgbouncer: None,
        replicas: Vec::new(),
        tools: None,
        used_by: Vec::new(),
        migrations: None,
        backup: None,
        recovery: None,
        integrity,
        keep_aside: Duration::from_secs(60),
        automatic: false,
    }
}

#[expect(clippy::disallowed_methods, reason = "the programs of the server find each other through it")]
fn environment() -> Environment {
    std::env::vars_os().collect()
}

fn plain(text: String) -> SecretOrText {
    SecretOrText::Text(Sensitive::new(text))
}

/// The checks that do not hold, each in a line.
fn told(checks: &[Check]) -> Vec<String> {
    let told = checks.iter().filter(|check| check.verdict != Verdict::Healthy);
    told.map(|check| format!("{}, {}: {}", check.name, check.verdict, check.what)).collect()
}
