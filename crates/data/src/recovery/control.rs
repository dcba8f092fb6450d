//! What a cluster says of itself, without running: `pg_controldata`.

use backout_core::port::PortError;

use crate::pipe::bare;
use crate::server::OwnServer;

/// What `pg_controldata` printed.
pub(super) struct Control(String);

/// What a cluster prints of its settings, and the settings by which another one can follow it.
const AT_LEAST: [(&str, &str); 5] = [
    ("max_connections setting", "max_connections"),
    ("max_worker_processes setting", "max_worker_processes"),
    ("max_wal_senders setting", "max_wal_senders"),
    ("max_prepared_xacts setting", "max_prepared_transactions"),
    ("max_locks_per_xact setting", "max_locks_per_transaction"),
];

impl Control {
    /// Reads the cluster that was laid down as the data of `server`.
    ///
    /// # Errors
    /// Where it is none of this version.
    pub(super) async fn of(server: &OwnServer) -> Result<Self, PortError> {
        let data = server.data().display().to_string();
        let output = bare(server.command("pg_controldata", ["-D", &data])?).run().await;
        let output = output.map_err(|error| PortError::new(format!("the base backup cannot be read: {error}")))?;
        Ok(Self(output.text()))
    }

    /// Which cluster it is.
    pub(super) fn system_identifier(&self) -> Option<&str> {
        self.value("Database system identifier")
    }

    /// The settings that it had when the backup was made: a server that recovers it needs as much.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let setting = |(printed, name): (&str, &'static str)| Some((name, self.value(printed)?.to_owned()));
        AT_LEAST.into_iter().filter_map(setting).collect()
    }

    fn value(&self, name: &str) -> Option<&str> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_that_the_cluster_had() {
        let printed = "Database system identifier:           7\nmax_connections setting:              120\n\
            max_prepared_xacts setting:           3\n";
        let control = Control(printed.to_owned());
        assert_eq!(control.system_identifier(), Some("7"));
        let settings = [("max_connections", "120".to_owned()), ("max_prepared_transactions", "3".to_owned())];
        assert_eq!(control.settings(), settings);
    }
}
