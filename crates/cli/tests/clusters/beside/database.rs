//! A PostgreSQL server of a test's own, beside the cluster.

use backout_adapters::command::Environment;
use backout_data::server::{OwnServer, ServerOptions, Tools};
use backout_testkit::docker::free_port;
use tokio::runtime::Runtime;

/// A server with an application's database.
pub(crate) struct Database {
    server: OwnServer,
    runtime: Runtime,
    name: &'static str,
}

impl Database {
    /// A server with an empty database of that name.
    #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
    pub(crate) fn new(name: &'static str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let environment: Environment = std::env::vars_os().collect();
        // A port that was free a moment ago may be taken by now.
        let created = (0..5).find_map(|_| {
            let options = ServerOptions { port: Some(free_port()), settings: Vec::new() };
            runtime.block_on(OwnServer::create(&Tools::find(None).unwrap(), &environment, options)).ok()
        });
        let database = Self { server: created.unwrap(), runtime, name };
        database.run("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"));
        database
    }

    /// Runs statements in a database of the server.
    pub(crate) fn run(&self, dbname: &str, statements: &str) {
        self.runtime.block_on(async {
            self.server.address(dbname).connect().await.unwrap().batch_execute(statements).await.unwrap();
        });
    }

    /// What a query with one column of text answers in a database of the server; `None` where it cannot be asked.
    pub(crate) fn asked(&self, dbname: &str, query: &str) -> Option<Vec<String>> {
        self.runtime.block_on(async {
            let session = self.server.address(dbname).connect().await.ok()?;
            Some(session.query(query, &[]).await.ok()?.iter().map(|row| row.get(0)).collect())
        })
    }

    /// The same in the application's database, which can be asked.
    #[track_caller]
    pub(crate) fn rows(&self, query: &str) -> Vec<String> {
        self.asked(self.name, query).unwrap()
    }

    /// The databases on the server, but for those that every server has.
    pub(crate) fn databases(&self) -> Vec<String> {
        let all = "SELECT datname::text FROM pg_database WHERE datname !~ '^(postgres|template.)$' ORDER BY 1";
        self.asked("postgres", all).unwrap()
    }

    /// Where the application reaches it.
    pub(crate) fn url(&self) -> String {
        let variables = self.server.address(self.name).variables();
        let port = variables.iter().find(|(name, _)| *name == "PGPORT").map(|(_, value)| value.clone()).unwrap();
        format!("postgres://postgres@127.0.0.1:{port}/{}?sslmode=disable", self.name)
    }
}
