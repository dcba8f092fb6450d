//! The example `examples/postgres` as a Compose project of one test: what is asked of it is asked from outside.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use backout_testkit::docker::{Project, free_port, stack_image};
use backout_testkit::guarded::{Ended, Journal, Running, wait_until};
use serde_json::Value;

/// Longer than a container takes to migrate and serve.
const SERVES_WITHIN: Duration = Duration::from_secs(60);

/// The shop, with version 1 up.
pub(crate) struct Shop {
    pub(crate) project: Project,
    app_port: u16,
    db_port: u16,
    pub(crate) stack: String,
}

impl Shop {
    /// Version 1 is up and has the orders of [`ORDERS`]. `None`, with the skip counted, where the test-bed lacks a part.
    pub(crate) fn open(test: &str) -> Option<Self> {
        let shop = Self::built(test)?;
        let example = example();
        for file in ["docker-compose.yml", "backout.yaml"] {
            shop.project.write(file, &std::fs::read_to_string(example.join(file)).unwrap());
        }
        std::fs::create_dir(shop.project.folder().join("config")).unwrap();
        shop.configure("hello");
        shop.project.write(".env", &shop.variables("v1"));
        let _ = shop.project.compose(&["up", "--detach"]);
        wait_until("version 1 to serve", SERVES_WITHIN, || shop.health().is_some());
        for (total, note) in ORDERS {
            assert_eq!(shop.order(total, note), Some(201));
        }
        Some(shop)
    }

    /// The images of both versions are there, and nothing is up.
    pub(crate) fn built(test: &str) -> Option<Self> {
        let project = Project::start(test)?;
        let stack = stack_image(test)?;
        let shop = Self { project, app_port: free_port(), db_port: free_port(), stack };
        for version in ["v1", "v2"] {
            shop.build(&example(), version);
        }
        Some(shop)
    }

    fn build(&self, example: &Path, version: &str) {
        let context = self.project.folder().join(format!("build-{version}"));
        std::fs::create_dir(&context).unwrap();
        for part in ["v1", "v2"] {
            let copied = Command::new("cp").args(["-r"]).args([example.join(part), context.join(part)]).status();
            assert!(copied.unwrap().success());
        }
        let file = std::fs::read_to_string(example.join("Dockerfile")).unwrap();
        let file = file.replace("python:3.11-slim", &self.stack).replace("VERSION=v1", &format!("VERSION={version}"));
        let _ = self.project.build(version, &format!("{file}LABEL {}\n", self.project.label()));
    }

    /// What `.env` says to run a version.
    pub(crate) fn variables(&self, version: &str) -> String {
        format!(
            "DB_IMAGE={}\nDB_DATA=/data\nDB_PORT={}\nAPP_PORT={}\nAPP_IMAGE={}\nCOMPOSE_PROJECT_NAME={}\n",
            self.stack,
            self.db_port,
            self.app_port,
            self.project.image_name(version),
            self.project.name()
        )
    }

    /// Writes the application's configuration.
    pub(crate) fn configure(&self, greeting: &str) {
        self.project.write("config/shop.json", &format!("{{ \"greeting\": \"{greeting}\" }}\n"));
    }

    /// A deploy of version 2, with its configuration, as a shell would do it.
    pub(crate) fn deploy(&self) -> [String; 3] {
        self.project.write("next.env", &self.variables("v2"));
        self.project.write("next.json", "{ \"greeting\": \"hello from version 2\" }\n");
        let script = "cp next.env .env && cp next.json config/shop.json && docker compose up --detach app";
        ["sh", "-c", script].map(str::to_owned)
    }

    /// Changes the text of `backout.yaml`.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.project.folder().join("backout.yaml")).unwrap();
        assert!(text.contains(from), "{text}");
        self.project.write("backout.yaml", &text.replace(from, to));
    }

    /// Starts `backout WORDS` in the project's folder.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backout"));
        command.current_dir(self.project.folder()).args(words);
        command.env("DATABASE_URL", self.url("shop")).env("APP_PORT", self.app_port.to_string());
        Running::start(command)
    }

    /// Runs `backout WORDS` to its end.
    pub(crate) fn backout(&self, words: &[&str]) -> Ended {
        self.start(words).wait()
    }

    /// The journal.
    pub(crate) fn journal(&self) -> Journal {
        Journal::of(&self.project.folder().join(".backout"))
    }

    fn url(&self, dbname: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{dbname}?sslmode=disable", self.db_port)
    }

    /// What a query answers, one row a line.
    pub(crate) fn sql(&self, dbname: &str, query: &str) -> Vec<String> {
        let psql = Command::new("/usr/lib/postgresql/15/bin/psql").args([&self.url(dbname), "-XAtc", query]).output();
        let output = psql.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// The databases on the server, but for those that every server has.
    pub(crate) fn databases(&self) -> Vec<String> {
        self.sql("postgres", "SELECT datname FROM pg_database WHERE datname !~ '^(postgres|template.)$' ORDER BY 1")
    }

    /// What `/health` says, where it is well.
    pub(crate) fn health(&self) -> Option<Value> {
        let (status, body) = self.ask("GET", "/health", "")?;
        if status == 200 { serde_json::from_str(&body).ok() } else { None }
    }

    /// What `/orders` lists.
    pub(crate) fn orders(&self) -> Option<Value> {
        let (_, body) = self.ask("GET", "/orders", "")?;
        serde_json::from_str::<Value>(&body).ok()?.get("orders").cloned()
    }

    /// Whether `/orders` is that of version 2, which knows no notes.
    pub(crate) fn lists_v2(&self) -> bool {
        self.orders().is_some_and(|orders| orders[0].get("note").is_none())
    }

    /// Orders something; the status of the answer.
    pub(crate) fn order(&self, total: u32, note: &str) -> Option<u16> {
        Some(self.ask("POST", "/orders", &format!("{{\"total\": {total}, \"note\": \"{note}\"}}"))?.0)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.app_port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let length = body.len();
        let request = format!("{method} {path} HTTP/1.0\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/postgres")
}

/// The orders of version 1.
pub(crate) const ORDERS: [(u32, &str); 3] = [(1500, "first"), (2999, "second"), (100, "third")];
