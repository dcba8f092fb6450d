//! Restores an archive while it is being dumped elsewhere.

use std::fs::File;
use std::sync::Arc;

use backout_adapters::command::{Command, Piped, spawn_piped};
use backout_core::data::ObjectName;
use backout_core::port::{PortError, Progress};

use super::arguments;
use super::entries::Entries;
use super::into::is_empty;
use super::ownership::{self, Ourselves};
use crate::pipe::{Counted, Moved, Need, Tally, feed, succeeded, watched};
use crate::{Address, Target, seal};

/// Restores what `dump` writes, a `pg_dump -Fc` of a database that nobody changes, into the empty database at `server`;
/// with any `tables`, of the rows only theirs. It is started twice, because what is in an archive must be known before it
/// is restored.
///
/// # Errors
/// A database that is not empty; owners that we may not act for; the first error of either side. Whatever was restored
/// until then is still there.
pub(crate) async fn stream(
    target: &Target,
    server: &Address,
    dump: &Command,
    tables: &[ObjectName],
    progress: &dyn Progress,
) -> Result<(), PortError> {
    let session = server.connect().await?;
    is_empty(&session, server).await?;
    let ourselves = Ourselves::on(&session).await?;
    drop(session);
    let what = format!("could not copy into {server}");
    let entries = entries(target, server, dump).await?;
    let ownership = ownership::words(&entries.owners(&ourselves.roles), &ourselves)?;
    let mut words = arguments::archive(server.dbname(), 1, &ownership);
    let list = if tables.is_empty() { None } else { Some(list(&entries, tables)?) };
    words.extend(list.as_ref().map(|list| format!("--use-list={}", list.path().display())));
    let command = arguments::with_settings(target.program("pg_restore", server)?).args(words);
    let moved = Moved::begin(progress, "copy", None);
    let (mut dumping, content) = begin(dump, &moved.done)?;
    let fed = watched(&moved, feed(&command, Box::new(content), Need::All, &what)).await;
    let ended = dumping.wait().await?;
    let dumped = succeeded(&dumping, &ended).map_err(|error| PortError::new(format!("{what}: {error}")));
    match fed {
        Ok(_) => dumped,
        // A dump that broke off is the cause of what its reader said; one that nobody read any more is not.
        Err(_) if !ended.messages.is_empty() && !ended.messages.contains("Broken pipe") => dumped,
        Err(error) => Err(error),
    }
}

/// What is in the archive. The dump is begun for it, and ended when that is known.
async fn entries(target: &Target, server: &Address, dump: &Command) -> Result<Entries, PortError> {
    let (dumping, content) = begin(dump, &Arc::default())?;
    let command = target.program("pg_restore", server)?.arg("--list");
    let list = feed(&command, Box::new(content), Need::Some, "could not list what would be copied").await;
    drop(dumping);
    Ok(Entries::parse(&String::from_utf8_lossy(&list?)))
}

fn begin(dump: &Command, done: &Arc<Tally>) -> Result<(Piped, Counted<File>), PortError> {
    let mut dumping = spawn_piped(dump)?;
    let content = dumping.stdout().ok_or_else(|| PortError::new("`pg_dump` has no output to read"))?;
    Ok((dumping, Counted::new(content, Arc::clone(done))))
}

/// The file that says which of the entries are wanted.
fn list(entries: &Entries, tables: &[ObjectName]) -> Result<tempfile::NamedTempFile, PortError> {
    let write = || {
        let mut file = tempfile::Builder::new().prefix("backout-list-").tempfile()?;
        std::io::Write::write_all(&mut file, entries.only(tables).as_bytes())?;
        Ok(file)
    };
    write().map_err(|error| seal::failed("could not write the list of what is wanted", &error))
}
