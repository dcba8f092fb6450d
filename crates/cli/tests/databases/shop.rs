//! A shop: one service, one database on a server of its own, and the program to run beside them.

use std::path::Path;
use std::process::{Command, Stdio};

use backout_adapters::command::Environment;
use backout_data::server::{OwnServer, ServerOptions, Tools};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where programs are found: those of a usual system.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The service: what it runs stands in a file, and version 2 is not well.
const SERVICE: &str = r#"#!/bin/sh
question=$(cat)
version=$(cat version)
case "$1:$version" in
  restore:*)
    case "$question" in
      *'"is":"absent"'*) : > version ;;
      *) echo "$question" | sed 's/.*"runs":"\([^"]*\)".*/\1/' > version.new && mv version.new version ;;
    esac ;;
  *:) echo '{"version":1,"is":"absent"}' ;;
  *)
    health=healthy
    [ "$version" = v2 ] && health=unhealthy
    echo "{\"version\":1,\"is\":\"present\",\"code\":\"$version\",\"label\":\"$version\",\"state\":{\"runs\":\"$version\"},
      \"instances\":[{\"id\":\"$version\",\"state\":\"running\",\"health\":\"$health\"}]}" ;;
esac
"#;

/// The shop.
pub(crate) struct Shop {
    folder: TempDir,
    server: OwnServer,
    runtime: Runtime,
}

/// What a command left.
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Shop {
    /// A shop in version 1 with 100 orders; it goes back with its data by itself.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let runtime = Runtime::new().unwrap();
        let variables: Environment = Environment::from([("PATH".into(), PATH.into()), ("LANG".into(), "C".into())]);
        let tools = Tools::find(None).unwrap();
        let made = OwnServer::create(&tools, &variables, ServerOptions::default());
        let shop = Self { server: runtime.block_on(made).unwrap(), folder, runtime };
        shop.sql_in("postgres", "CREATE DATABASE app");
        shop.sql("CREATE TABLE orders (id serial PRIMARY KEY, item text NOT NULL)");
        shop.sql("INSERT INTO orders (item) SELECT 'item ' || n FROM generate_series(1, 100) n");
        shop.write("service.sh", SERVICE);
        shop.write("version", "v1\n");
        shop.write("backout.yaml", &shop.config());
        shop
    }

    fn config(&self) -> String {
        let socket = self.server.folder().display();
        format!(
            "version: 1
project: shop
environments:
  test:
    platform: {{ exec: {{}} }}
    services:
      app:
        observe: [sh, service.sh, observe]
        capture: [sh, service.sh, capture]
        restore: [sh, service.sh, restore]
    databases:
      main:
        postgres: {{ url: \"postgres://postgres@/app?host={socket}\" }}
        used_by: [app]
        backup: {{ before_deploy: true, keep: 3, store: \"file:backups/\" }}
        integrity: {{ filled: \"SELECT count(*) >= 50 FROM orders\" }}
        automatic: true
    guard: {{ soak: 2s }}
"
        )
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        backout_engine::durable::replace(&self.folder().join(name), text.as_bytes(), 0o644).unwrap();
    }

    /// What the service runs.
    pub(crate) fn version(&self) -> String {
        std::fs::read_to_string(self.folder().join("version")).unwrap().trim().to_owned()
    }

    /// Does something in the database that the application uses.
    pub(crate) fn sql(&self, statements: &str) {
        self.sql_in("app", statements);
    }

    pub(crate) fn sql_in(&self, dbname: &str, statements: &str) {
        let address = self.server.address(dbname);
        self.runtime.block_on(async { address.connect().await.unwrap().batch_execute(statements).await.unwrap() });
    }

    /// One number out of a database.
    pub(crate) fn number_in(&self, dbname: &str, query: &str) -> i64 {
        let address = self.server.address(dbname);
        self.runtime
            .block_on(async { address.connect().await.unwrap().query_one(query, &[]).await.unwrap().get::<_, i64>(0) })
    }

    pub(crate) fn number(&self, query: &str) -> i64 {
        self.number_in("app", query)
    }

    /// The names of all databases beside those of the server itself.
    pub(crate) fn databases(&self) -> i64 {
        self.number_in("postgres", "SELECT count(*) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
    }

    /// A dump as another tool makes it.
    pub(crate) fn dump(&self, name: &str) {
        let socket = self.server.folder().display().to_string();
        let file = self.folder().join(name);
        let dump = Tools::find(None).unwrap().program("pg_dump").unwrap();
        self.left(
            &mut self.command(dump),
            &["-h", &socket, "-U", "postgres", "-Fc", "-f", file.to_str().unwrap(), "app"],
        )
        .well();
    }

    /// Runs backout.
    pub(crate) fn run(&self, arguments: &[&str]) -> Left {
        self.left(&mut self.command(env!("CARGO_BIN_EXE_backout")), arguments)
    }

    #[expect(clippy::disallowed_methods, reason = "the program is started as a person starts it, not as backout would")]
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", PATH).env("HOME", self.folder()).env("USER", "tester").env("TZ", "UTC");
        command.env("LANG", "C").env("NO_COLOR", "1").current_dir(self.folder()).stdin(Stdio::null());
        command
    }

    #[expect(clippy::unused_self, reason = "what is left belongs to the shop")]
    fn left(&self, command: &mut Command, arguments: &[&str]) -> Left {
        let output = command.args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Left { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Left {
    /// Everything as one text.
    pub(crate) fn shown(&self) -> String {
        format!("exit: {:?}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }

    /// The same, where it must have gone well.
    pub(crate) fn well(self) -> Self {
        self.ends(0)
    }

    /// The same, where it must have ended so.
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.shown());
        self
    }

    /// The document on standard output.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.shown()))
    }
}
