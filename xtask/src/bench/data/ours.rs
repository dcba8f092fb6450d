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
    url: String,
}

impl Ours {
    /// A configuration in `folder`; `extra` are further keys of the database.
    pub(super) fn new(program: &Path, folder: &Path, cluster: &Cluster, extra: &str) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        let seen = folder.join("seen.json");
        fs::write(
            &seen,
            "{\"version\":1,\"is\":\"present\",\"code\":\"1\",\"spec\":\"\",\"label\":\"one\",\"instances\":\
             [{\"id\":\"1\",\"name\":\"app\",\"state\":\"running\",\"health\":\"unchecked\"}]}",
        )
        .map_err(Failure::file(&seen))?;
        let config = folder.join("backout.yaml");
        let text = format!(
            "version: 1\nproject: bench\nenvironments:\n  local:\n    services:\n      app:\n        platform: {{ exec: {{}} }}\n        \
             observe: [\"/bin/cat\", \"{0}\"]\n        capture: [\"/bin/cat\", \"{0}\"]\n        restore: [\"/bin/true\"]\n    \
             databases:\n      main:\n        postgres: {{ url: \"env:DATABASE_URL\"{extra} }}\n        \
             backup: {{ store: \"file:backups/\", require: V0 }}\n",
            seen.display()
        );
        fs::write(&config, text).map_err(Failure::file(&config))?;
        Ok(Self { program: program.to_owned(), folder: folder.to_owned(), url: cluster.url("shop") })
    }

    fn run(&self, words: &[&str]) -> Result<Value, Failure> {
        let call = Call::new(&self.program).args(words).args(["--json"]).env("DATABASE_URL", &self.url);
        let text = call.folder(&self.folder).output()?;
        serde_json::from_str(&text).map_err(|error| Failure::Check(format!("`backout {}`: {error}", words.join(" "))))
    }

    /// `backout backup create`.
    pub(super) fn back_up(&self) -> Result<Backup, Failure> {
        let begun = Instant::now();
        self.run(&["backup", "create"])?;
        Ok(Backup { took: begun.elapsed(), bytes: size(&self.folder.join("backups"))? })
    }

    /// The list of lost rows of the last rollback.
    pub(super) fn report(&self) -> Result<Report, Failure> {
        let records = self.run(&["show"])?;
        let report = find(&records, "took_ms", "methods")
            .ok_or_else(|| Failure::Check("the last run has no report of lost rows".to_owned()))?;
        let tables = report["tables"].as_array().map(Vec::as_slice).unwrap_or_default();
        let rows = |table: &Value, operation: &str| table[operation].as_u64().unwrap_or(0);
        let count = |table: &Value| rows(table, "inserted") + rows(table, "updated") + rows(table, "deleted");
        let took = Duration::from_millis(report["took_ms"].as_u64().unwrap_or(0));
        Ok(Report { took, rows: tables.iter().map(count).sum::<u64>() })
    }

    /// A checkpoint with a restore point, which a rollback can aim at.
    pub(super) fn checkpoint(&self) -> Result<(), Failure> {
        self.run(&["checkpoint", "create"]).map(drop)
    }

    /// Goes back side by side while a client probes `url`; the whole time and what the client saw.
    pub(super) fn roll_back(&self, url: String, words: &[&str]) -> Result<(Seen, Duration), Failure> {
        let prober = Prober::start(url)?;
        std::thread::sleep(Duration::from_secs(2));
        let begun = Instant::now();
        let fixed = ["rollback", "--database", "main", "--yes", "--accept-loss", "100000000"];
        self.run(&[&fixed, words].concat())?;
        let took = begun.elapsed();
        std::thread::sleep(Duration::from_secs(1));
        Ok((prober.stop()?, took))
    }
}

/// How long the list of lost rows took, and how many it has.
pub(super) struct Report {
    pub(super) took: Duration,
    pub(super) rows: u64,
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
