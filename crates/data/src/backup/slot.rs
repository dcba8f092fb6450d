//! The logical slot of a restore point: it keeps every later change, so that each can be listed.
//!
//! While the backup is made the slot is a temporary one, which belongs to a session and is gone with it, however that ends;
//! the session is `psql`'s, because the driver does not speak the replication protocol, and only that exports the snapshot
//! in which the slot begins. What stays is a copy of it, made when all else is done.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use backout_adapters::command::{Piped, spawn_piped};
use backout_core::id::BackupId;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::pipe::{bare, blocking, succeeded};
use crate::words::{failed, literal, quoted};
use crate::{Address, Target};

/// How long making it may take: it begins when every transaction that writes now has ended.
const MADE_WITHIN: Duration = Duration::from_secs(30);

/// A temporary slot; gone when this is dropped.
pub(super) struct Slot {
    /// The snapshot in which it begins. It can be used for as long as this is held.
    pub(super) snapshot: String,
    name: String,
    process: Piped,
    stdin: Option<File>,
}

/// What a restore point is called on the server: its slot, and its moment in the log.
pub(super) fn name(backup: &BackupId) -> String {
    format!("backout_{}", backup.suffix())
}

impl Slot {
    /// Makes one, where the server's log has what it takes (`wal_level`); else there is none.
    ///
    /// # Errors
    /// A role without the right to, a server that has no slot left, a transaction that does not end.
    pub(super) async fn begin(
        target: &Target,
        address: &Address,
        client: &Client,
        backup: &BackupId,
    ) -> Result<Option<Self>, PortError> {
        let row = client.query_typed_one("SELECT current_setting('wal_level')", &[]).await;
        let row = row.map_err(|error| failed("could not read `wal_level`", &error))?;
        if row.get::<_, &str>(0) != "logical" {
            return Ok(None);
        }
        let words = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--no-password", "--set=ON_ERROR_STOP=1"];
        let command = target.program("psql", address)?.args(words).arg("--dbname=replication=database");
        let mut process = spawn_piped(&bare(command))?;
        let name = format!("{}_t", name(backup));
        let streams = process.stdin().zip(process.stdout());
        let (mut stdin, stdout) = streams.ok_or_else(|| PortError::new("psql has no streams"))?;
        let order = format!("CREATE_REPLICATION_SLOT {} TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT;\n", quoted(&name));
        let asked = blocking(move || {
            let mut line = String::new();
            let _ = stdin.write_all(order.as_bytes());
            let _ = BufReader::new(stdout).read_line(&mut line);
            Ok((stdin, line))
        });
        let Ok(answer) = tokio::time::timeout(MADE_WITHIN, asked).await else {
            return Err(PortError::new(format!("no logical slot could be made within {} s", MADE_WITHIN.as_secs()))
                .hint(
                    "a transaction that writes has been open for longer: end it, or switch slots off: `slot: false`",
                ));
        };
        let (stdin, line) = answer?;
        match line.trim().split('|').nth(2) {
            Some(snapshot) => Ok(Some(Self { snapshot: snapshot.to_owned(), name, process, stdin: Some(stdin) })),
            None => Err(refused(process, stdin).await),
        }
    }

    /// Makes a copy that stays.
    ///
    /// # Errors
    /// Where the server does not.
    pub(super) async fn keep(mut self, client: &Client, backup: &BackupId) -> Result<String, PortError> {
        let kept = name(backup);
        let copy =
            format!("SELECT pg_copy_logical_replication_slot({}, {}, false)", literal(&self.name), literal(&kept));
        let copied = client.batch_execute(&copy).await;
        copied.map_err(|error| failed("the logical slot of the backup could not be kept", &error))?;
        // Its end of input is the end of the session, and of the temporary slot.
        drop(self.stdin.take());
        let _ = self.process.wait().await;
        Ok(kept)
    }
}

/// What `psql` said instead.
async fn refused(mut process: Piped, stdin: File) -> PortError {
    drop(stdin);
    let said = match process.wait().await {
        Ok(ended) => succeeded(&process, &ended).err().map_or_else(|| "it said nothing".to_owned(), |e| e.to_string()),
        Err(error) => error.to_string(),
    };
    PortError::new(format!("no logical slot could be made: {said}")).hint(
        "give the role `REPLICATION` and the server free `max_replication_slots`, or switch slots off: `slot: false`",
    )
}

/// Drops the slot of a restore point, where there is one.
///
/// # Errors
/// Where somebody reads from it.
pub(super) async fn drop_kept(target: &Target, backup: &BackupId) -> Result<(), PortError> {
    if !target.configured.backup.as_ref().is_some_and(|backup| backup.slot) {
        return Ok(());
    }
    let client = target.maintenance().await?;
    let name = literal(&name(backup));
    let query =
        format!("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = {name}");
    let dropped = client.batch_execute(&query).await;
    dropped.map_err(|error| failed("the logical slot of the backup could not be dropped", &error))
}
