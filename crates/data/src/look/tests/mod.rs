//! Readers against a real server: what they read of a database, and of its dump restored beside it.

mod restored;

use backout_adapters::command::Environment;

use crate::Session;
use crate::server::{OwnServer, ServerOptions, Tools};

/// A server, and databases in it.
struct Ground {
    server: OwnServer,
}

impl Ground {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let environment: Environment = std::env::vars_os().collect();
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options = ServerOptions { settings, port: None };
        let tools = Tools::find(None).unwrap();
        Self { server: OwnServer::create(&tools, &environment, options).await.unwrap() }
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

    async fn run(&self, program: &str, dbname: &str, words: &[&str]) {
        let command = self.server.command(program, words.iter().copied()).unwrap();
        let variables = self.server.address(dbname).variables();
        variables.into_iter().fold(command, |command, (name, value)| command.env(name, value)).run().await.unwrap();
    }
}
