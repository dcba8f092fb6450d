//! `backout` on the same server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cluster::Cluster;
use super::opponents::{Backup, size};
use super::prober::{Prober, Seen};
use crate::failure::Failure;
use crate::process::Call;

/// The program with a configuration of its own.
pub(super) struct Ours {
    program: PathBuf,
    folder: PathBuf,
    own_servers: PathBuf,
    url: String,
}

/// Further keys of a configuration.
#[derive(Default)]
pub(super) struct Extra {
    /// Within `postgres`, after a comma.
    pub(super) postgres: String,
    /// Of the database.
    pub(super) database: String,
}

impl Ours {
    /// A configuration in `folder`, with a key of its own that restore points are encrypted to.
    pub(super) fn new(program: &Path, folder: &Path, cluster: &Cluster, extra: &Extra) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        let (seen, key, config) = (folder.join("seen.json"), folder.join("key.txt"), folder.join("backout.yaml"));
        fs::write(
            &seen,
            "{\"version\":1,\"is\":\"present\",\"code\":\"1\",\"spec\":\"\",\"label\":\"one\",\"instances\":\
             [{\"id\":\"1\",\"name\":\"app\",\"state\":\"running\",\"health\":\"unchecked\"}]}",
        )
        .map_err(Failure::file(&seen))?;
        Call::new("age-keygen").args(["-o"]).args([&key]).output()?;
        let recipient = Call::new("age-keygen").args(["-y"]).args([&key]).output()?;
        let text = format!(
            "version: 1\nproject: bench\nenvironments:\n  local:\n    services:\n      app:\n        platform: {{ exec: {{}} }}\n        \
             observe: [\"/bin/cat\", \"{seen}\"]\n        capture: [\"/bin/cat\", \"{seen}\"]\n        restore: [\"/bin/true\"]\n    \
             databases:\n      main:\n        postgres: {{ url: \"env:DATABASE_URL\"{} }}\n        \
             backup: {{ store: \"file:backups/\", require: V0, encrypt: {{ age: {{ recipients: [\"{}\"], identity: \"file:key.txt\" }} }} }}\n        {}\n",
            extra.postgres,
            recipient.trim(),
            extra.database,
            seen = seen.display()
        );
        fs::write(&config, text).map_err(Failure::file(&config))?;
        let own_servers = cluster.own_servers();
        Ok(Self { program: program.to_owned(), folder: folder.to_owned(), own_servers, url: cluster.url("shop") })
    }

    fn run(&self, words: &[&str]) -> Result<Value, Failure> {
        let call = Call::new(&self.program).args(words).args(["--json"]).env("DATABASE_URL", &self.url);
        let text = call.env("TMPDIR", &self.own_servers).folder(&self.folder).output()?;
        serde_json::from_str(&text).map_err(|error| Failure::Check(format!("`backout {}`: {error}", words.join(" "))))
    }

    /// `backout backup create`.
    pub(super) fn back_up(&self) -> Result<Backup, Failure> {
        let (folder, begun) = (self.folder.join("backups"), Instant::now());
        let before = if folder.exists() { size(&folder)? } else { 0 };
        self.run(&["backup", "create"])?;
        Ok(Backup { took: begun.elapsed(), bytes: size(&folder)? - before })
    }

    /// How long it takes to decrypt and decode the newest restore point to its end.
    pub(super) fn decoded(&self) -> Result<Duration, Failure> {
        let begun = Instant::now();
        self.run(&["backup", "verify", "--level", "V1"])?;
        Ok(begun.elapsed())
    }

    /// A checkpoint, which a rollback can aim at: of the services and of the newest restore point.
    pub(super) fn checkpoint(&self) -> Result<(), Failure> {
        self.run(&["checkpoint", "create"]).map(drop)
    }

    /// Goes back side by side while a client probes `url`.
    pub(super) fn roll_back(&self, url: String, words: &[&str]) -> Result<GoneBack, Failure> {
        let prober = Prober::start(url)?;
        std::thread::sleep(Duration::from_secs(2));
        let began = Instant::now();
        let fixed = ["rollback", "--database", "main", "--yes", "--accept-loss", "100000000"];
        self.run(&[&fixed, words].concat())?;
        let took = began.elapsed();
        std::thread::sleep(Duration::from_secs(1));
        Ok(GoneBack { seen: prober.stop()?, began, took })
    }

    /// The list of lost rows of the last rollback.
    pub(super) fn lost(&self) -> Result<Value, Failure> {
        let records = self.run(&["show"])?;
        let report = find(&records, "took_ms", "methods");
        report.cloned().ok_or_else(|| Failure::Check("the last run has no report of lost rows".to_owned()))
    }

    /// Drops what the last rollback put aside: the next measurement is not to have it on its disk.
    pub(super) fn drop_aside(&self, cluster: &Cluster) -> Result<(), Failure> {
        let names = cluster.sql("postgres", "SELECT datname FROM pg_database WHERE datname ^@ 'shop_damaged'")?;
        names.lines().try_for_each(|name| self.run(&["backup", "drop-aside", name, "--force"]).map(drop))
    }
}

/// A rollback.
pub(super) struct GoneBack {
    /// What the client saw.
    pub(super) seen: Seen,
    pub(super) began: Instant,
    /// The whole of it.
    pub(super) took: Duration,
}

/// The first object that has both keys, anywhere in a document.
fn find<'a>(value: &'a Value, one: &str, other: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) if members.contains_key(one) && members.contains_key(other) => Some(value),
        Value::Object(members) => members.values().find_map(|member| find(member, one, other)),
        Value::Array(items) => items.iter().find_map(|item| find(item, one, other)),
        _ => None,
    }
}
