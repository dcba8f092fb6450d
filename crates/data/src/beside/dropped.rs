//! Drops databases of ours, and no others.

use backout_core::port::{PortError, Progress};
use jiff::Timestamp;
use tokio_postgres::Client;

use super::create;
use crate::Target;
use crate::backup;
use crate::marks::{self, Marked};
use crate::words::{failed, quoted};

/// Drops a copy. One that bears no mark of ours, or that is kept, is left alone.
pub(super) async fn copy(target: &Target, client: &Client, there: &Marked) -> Result<(), PortError> {
    if let Some(kept) = &there.marks.kept {
        return Err(PortError::new(format!(
            "`{}` is kept until {}: somebody has written to it",
            there.dbname, kept.until
        ))
        .hint(format!("`backout backup drop-aside {}` drops it when it is needed no more", there.dbname)));
    }
    if there.marks.copy.is_none() && !create::is_newborn(there) {
        return Err(PortError::new(format!("there is a database `{}` already, and it is none of ours", there.dbname))
            .hint("it was not touched: rename it, or choose another name"));
    }
    // Dropping wants a checkpoint, which a full disk does not let through, and a database whose removal has failed takes no
    // connection ever again: what fills the disk goes before. Where that fails, dropping says what is wrong.
    drop(emptied(target, &there.dbname).await);
    if !there.is_invalid() {
        // A dump brings them: they are disabled, and their slots belong to the database in use.
        let_go_of_subscriptions(target, client, there, true).await?;
    }
    drop_it(client, &there.dbname).await
}

/// Drops the tables of a copy, which gives their space back at once.
async fn emptied(target: &Target, dbname: &str) -> Result<(), PortError> {
    let session = target.admin(dbname).await?;
    let query = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')";
    let rows =
        session.query(query, &[]).await.map_err(|error| failed("could not list the tables of a copy", &error))?;
    let tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if tables.is_empty() {
        return Ok(());
    }
    let dropped = session.batch_execute(&format!("DROP TABLE {} CASCADE", tables.join(", "))).await;
    dropped.map_err(|error| failed("could not drop the tables of a copy", &error))
}

/// What a person says about a dump of a database that is to be dropped: the last place where its rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dumped<'a> {
    /// Nothing.
    Unsaid,
    /// It is in this file, a path from the folder of the configuration, or absolute.
    In(&'a str),
    /// None is wanted.
    NotWanted,
}

/// Drops a database that was put aside, when it need not be kept any longer or `force` says so, and when a dump of it was
/// verified or none is wanted. Answers in a sentence.
///
/// | before its time | a dump            | then                                                        |
/// |-----------------|-------------------|-------------------------------------------------------------|
/// | yes             | any               | refused, unless by force                                    |
/// | no, or by force | nothing is said   | refused                                                     |
/// | no, or by force | in a file         | dropped where restoring the file gives all that it has      |
/// | no, or by force | none is wanted    | dropped                                                     |
pub(crate) async fn kept(
    target: &Target,
    dbname: &str,
    (force, dumped): (bool, Dumped<'_>),
    progress: &dyn Progress,
) -> Result<String, PortError> {
    let client = target.maintenance().await?;
    let there = marks::read(&client, dbname).await?;
    let there = there.ok_or_else(|| PortError::new(format!("there is no database `{dbname}`")))?;
    let kept = there.marks.kept.as_ref().ok_or_else(|| {
        PortError::new(format!("`{dbname}` bears no mark that `backout` has put it aside: it was not touched"))
            .hint("`backout status` lists those that it has")
    })?;
    let now: Timestamp = target.clock.now();
    if now < kept.until && !force {
        return Err(PortError::new(format!("`{dbname}` is kept until {}", kept.until)).hint("`--force` drops it now"));
    }
    // What is left of one whose removal was interrupted cannot be read any more.
    if !there.is_invalid() {
        is_dumped(target, dbname, dumped, progress).await?;
        let_go_of_slots(&client, dbname, force).await?;
        let_go_of_subscriptions(target, &client, &there, force).await?;
    }
    drop_it(&client, dbname).await?;
    Ok(format!("`{dbname}` was dropped"))
}

/// Whether the rows of a database are somewhere else as well, or need not be.
async fn is_dumped(
    target: &Target,
    dbname: &str,
    dumped: Dumped<'_>,
    progress: &dyn Progress,
) -> Result<(), PortError> {
    let without = "; `--without-dump` drops it all the same";
    match dumped {
        Dumped::NotWanted => Ok(()),
        Dumped::In(file) => backup::is_whole(target, file, dbname, progress).await.map_err(|error| {
            let hint = error.hint.unwrap_or_else(|| "dump it again: `pg_dump --format=custom`".to_owned());
            PortError { what: format!("{}; `{dbname}` was not touched", error.what), hint: Some(hint + without) }
        }),
        Dumped::Unsaid => Err(PortError::new(format!(
            "`{dbname}` is the only place where its rows are known to be: it was not touched"
        ))
        .hint(format!(
            "`pg_dump --format=custom --file=FILE {dbname}`, then `--dump FILE`, which restores it once and compares it{without}"
        ))),
    }
}

/// Slots that we have made go with the database. Those of others are dropped only by force.
async fn let_go_of_slots(client: &Client, dbname: &str, force: bool) -> Result<(), PortError> {
    let query = "SELECT slot_name::text, starts_with(slot_name::text, 'backout_') FROM pg_replication_slots WHERE database = $1";
    let rows = client.query(query, &[&dbname]).await.map_err(|error| failed("could not list the slots", &error))?;
    for row in &rows {
        let (slot, is_ours): (String, bool) = (row.get(0), row.get(1));
        if !is_ours && !force {
            return Err(PortError::new(format!("logical slot `{slot}` stands on `{dbname}`"))
                .hint("drop it, or say `--force`: its reader loses what it has not read"));
        }
        let dropped = client.query("SELECT pg_drop_replication_slot($1::text::name)", &[&slot]).await;
        dropped.map_err(|error| failed(&format!("slot `{slot}` could not be dropped"), &error))?;
    }
    Ok(())
}

/// A subscription keeps its database from being dropped. Its slot at the publisher is left to whoever owns it.
async fn let_go_of_subscriptions(
    target: &Target,
    client: &Client,
    there: &Marked,
    force: bool,
) -> Result<(), PortError> {
    let query = "SELECT subname::text FROM pg_subscription WHERE subdbid = $1";
    let rows = client.query(query, &[&there.oid]).await;
    let rows = rows.map_err(|error| failed("could not list the subscriptions", &error))?;
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if names.is_empty() {
        return Ok(());
    }
    if !force {
        return Err(PortError::new(format!("`{}` has subscriptions: {}", there.dbname, names.join(", ")))
            .hint("`--force` drops them here; the slot of each stays at its publisher, and keeps its log, until it is dropped there"));
    }
    let session = target.admin(&there.dbname).await?;
    for name in names {
        let name = quoted(&name);
        let dropped = session
            .batch_execute("SET default_transaction_read_only = off")
            .await
            .and(session.batch_execute(&format!("ALTER SUBSCRIPTION {name} DISABLE")).await)
            .and(session.batch_execute(&format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")).await)
            .and(session.batch_execute(&format!("DROP SUBSCRIPTION {name}")).await);
        dropped.map_err(|error| failed(&format!("subscription {name} could not be dropped"), &error))?;
    }
    Ok(())
}

/// One whose removal was interrupted is invalid: dropping it again finishes that.
pub(super) async fn drop_it(client: &Client, dbname: &str) -> Result<(), PortError> {
    let dropped = client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(dbname))).await;
    dropped.map_err(|error| failed(&format!("`{dbname}` could not be dropped"), &error))
}
