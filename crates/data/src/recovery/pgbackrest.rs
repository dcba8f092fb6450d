//! pgBackRest: its repository has both, base backups and the log.

use std::path::PathBuf;
use std::time::Duration;

use backout_adapters::command::Command;
use backout_core::port::{Pending, PortError};
use jiff::Timestamp;
use serde::Deserialize;

use super::base::{Base, position};
use super::physical::{Physical, shell_word};
use crate::pipe::bare;
use crate::server::OwnServer;

/// How long a restore may take.
const RESTORED_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// The program.
const PROGRAM: &str = "pgbackrest";

/// A stanza of pgBackRest.
pub(super) struct PgBackRest {
    stanza: String,
    config: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Stanza {
    #[serde(default)]
    backup: Vec<Backup>,
}

#[derive(Deserialize)]
struct Backup {
    label: String,
    lsn: Span<String>,
    timestamp: Span<i64>,
}

#[derive(Deserialize)]
struct Span<T> {
    stop: T,
}

impl PgBackRest {
    pub(super) fn new(stanza: String, config: Option<PathBuf>) -> Self {
        Self { stanza, config }
    }

    /// What every command says. Its locks and logs are ours, so that a backup that runs beside is not disturbed.
    fn words(&self, server: &OwnServer) -> Vec<String> {
        let mut words = vec![format!("--stanza={}", self.stanza)];
        words.extend(self.config.as_ref().map(|config| format!("--config={}", config.display())));
        words.push(format!("--lock-path={}", server.folder().join("pgbackrest-lock").display()));
        words.push("--log-level-file=off".to_owned());
        words
    }

    fn command(&self, server: &OwnServer, words: impl IntoIterator<Item = String>) -> Command {
        let command = server.as_its_user(PROGRAM).args(words).limit(RESTORED_WITHIN);
        bare(command).install("install `pgbackrest`")
    }
}

impl Physical for PgBackRest {
    fn bases<'a>(&'a self, server: &'a OwnServer) -> Pending<'a, Result<Vec<Base>, PortError>> {
        Box::pin(async {
            let mut words = self.words(server);
            words.retain(|word| !word.starts_with("--lock-path"));
            words.extend(["--output=json", "info"].map(str::to_owned));
            let output = self.command(server, words).run().await.map_err(|error| {
                PortError::new(format!("pgBackRest does not say which backups it has: {error}"))
                    .hint("the user that PostgreSQL runs as must be able to read its configuration and repository")
            })?;
            read(&output.text())
        })
    }

    fn lay<'a>(&'a self, base: &'a Base, server: &'a OwnServer) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async {
            let made = server.as_its_user("mkdir").args(["-m", "0700"]).arg(server.data()).run().await;
            made.map_err(|error| PortError::new(format!("no folder to restore into: {error}")))?;
            let mut words = self.words(server);
            words.push(format!("--pg1-path={}", server.data().display()));
            words.push(format!("--set={}", base.name));
            words.push(format!("--tablespace-map-all={}", server.folder().join("tablespaces").display()));
            words.extend(["--type=none", "--log-level-console=warn", "restore"].map(str::to_owned));
            let restored = self.command(server, words).run().await;
            restored
                .map(drop)
                .map_err(|error| PortError::new(format!("pgBackRest did not restore `{}`: {error}", base.name)))
        })
    }

    fn restore_command(&self, server: &OwnServer) -> String {
        let mut words = self.words(server);
        words.push(format!("--pg1-path={}", server.data().display()));
        // Segments that are fetched ahead would be those of the server in use.
        words.push("--no-archive-async".to_owned());
        let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        format!("{PROGRAM} {} archive-get %f \"%p\"", words.join(" "))
    }
}

fn read(info: &str) -> Result<Vec<Base>, PortError> {
    let stanzas: Vec<Stanza> = serde_json::from_str(info)
        .map_err(|error| PortError::new(format!("what pgBackRest says of its backups cannot be read: {error}")))?;
    let base = |backup: Backup| {
        let ended_at = Timestamp::from_second(backup.timestamp.stop).ok()?;
        Some(Base { name: backup.label, ended_at, sound_from: position(&backup.lsn.stop)? })
    };
    Ok(stanzas.into_iter().flat_map(|stanza| stanza.backup).filter_map(base).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_are_read_from_what_it_prints() {
        let info = r#"[{"backup":[{"label":"20261121-010203F","lsn":{"start":"0/2000028","stop":"0/2000100"},
            "timestamp":{"start":1795136523,"stop":1795136525},"type":"full"}],"name":"main","status":{"code":0}}]"#;
        let bases = read(info).unwrap();
        assert_eq!((bases[0].name.as_str(), bases[0].sound_from), ("20261121-010203F", 0x200_0100));
        assert_eq!(read(r#"[{"name":"main","status":{"code":1}}]"#).unwrap(), []);
    }
}
