//! Replaces the contents of tables, all of them in one transaction.

use std::pin::pin;

use backout_core::data::ObjectName;
use backout_core::port::PortError;
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::facts::{self, Table};
use crate::words::{failed, quoted};
use crate::{Session, Target, look, marks};

/// How often the locks are asked for.
const TRIES: u32 = 3;

/// Replaces the contents of `tables` by those that `copy` has, and keeps what was there in the schema `kept_in`. Either all of
/// it happens or nothing; where it has happened it is not done again, because somebody may have written since.
pub(in crate::beside) async fn replace(
    target: &Target,
    copy: &str,
    tables: &[ObjectName],
    kept_in: &str,
) -> Result<String, PortError> {
    let live = live(target).await?;
    if is_done(&live, tables, kept_in).await? {
        return Ok(format!("what was in the tables is kept in `{kept_in}` already"));
    }
    is_verified(target, copy).await?;
    let from = target.admin(copy).await?;
    run(&from, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let tables = facts::read(&live, tables).await?;
    for table in &tables {
        same_columns(&from, table).await?;
    }
    locked(&live, &tables).await?;
    run(&live, &format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(kept_in))).await?;
    for table in &tables {
        run(&live, &kept(table, &kept_as(&table.name, kept_in))).await?;
    }
    emptied(&live, &tables).await?;
    let mut seen = Vec::new();
    for table in &tables {
        copied(&from, &live, table).await?;
        seen.push(equal(&from, &live, table).await?);
    }
    carried_on(&from, &live).await?;
    heard(&live, &tables).await?;
    run(&live, "COMMIT").await?;
    Ok(format!("{} as in `{copy}`; what was there is kept in `{kept_in}`", seen.join("; ")))
}

/// Puts back what was kept. What is in the tables now is kept beside it under a name of its own.
pub(in crate::beside) async fn put_back(
    target: &Target,
    tables: &[ObjectName],
    kept_in: &str,
) -> Result<String, PortError> {
    let live = live(target).await?;
    if !is_done(&live, tables, kept_in).await? {
        return Ok("the tables were not replaced".to_owned());
    }
    let tables = facts::read(&live, tables).await?;
    locked(&live, &tables).await?;
    for table in &tables {
        let kept_before = kept_as(&table.name, kept_in);
        let undone = ObjectName::new(kept_in, format!("{} undone", kept_before.name));
        run(&live, &format!("DROP TABLE IF EXISTS {}", undone.quoted())).await?;
        run(&live, &kept(table, &undone)).await?;
    }
    emptied(&live, &tables).await?;
    for table in &tables {
        let (kept, columns) = (kept_as(&table.name, kept_in).quoted(), table.columns());
        let name = table.name.quoted();
        run(&live, &format!("INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {kept}"))
            .await?;
        run(&live, &format!("DROP TABLE {kept}")).await?;
    }
    heard(&live, &tables).await?;
    run(&live, "COMMIT").await?;
    Ok(format!("the tables have what they had; what they had meanwhile is kept in `{kept_in}`"))
}

/// Whether the contents were replaced: what was there before is kept then, and only then.
pub(in crate::beside) async fn is_done(
    client: &Client,
    tables: &[ObjectName],
    kept_in: &str,
) -> Result<bool, PortError> {
    let names: Vec<String> = tables.iter().map(|table| kept_as(table, kept_in).quoted()).collect();
    let query = "SELECT coalesce(bool_and(to_regclass(name) IS NOT NULL), false) FROM unnest($1::text[]) name";
    let row = client.query_one(query, &[&names]).await;
    Ok(row.map_err(|error| failed(&format!("could not look into schema `{kept_in}`"), &error))?.get(0))
}

/// The name that a table's contents are kept under.
pub(super) fn kept_as(table: &ObjectName, kept_in: &str) -> ObjectName {
    ObjectName::new(kept_in, table.to_string())
}

async fn live(target: &Target) -> Result<Session, PortError> {
    let name = target.admin_address().await?.dbname().to_owned();
    let session = target.admin(&name).await?;
    run(&session, "SET search_path = pg_catalog; SET default_transaction_read_only = off; SET row_security = off")
        .await?;
    Ok(session)
}

async fn is_verified(target: &Target, copy: &str) -> Result<(), PortError> {
    let there = marks::read(&*target.maintenance().await?, copy).await?;
    let mark = there.and_then(|there| there.marks.copy);
    match mark.is_some_and(|mark| mark.verified.is_some()) {
        true => Ok(()),
        false => Err(PortError::new(format!("`{copy}` does not bear our mark that it was verified"))
            .hint("restore it beside again")),
    }
}

/// Refuses where a column is on one side only, or of another type: its values would be lost in silence.
async fn same_columns(from: &Client, table: &Table) -> Result<(), PortError> {
    let mut theirs = facts::columns(from, &table.name).await?;
    let mut ours = table.columns.clone();
    theirs.sort();
    ours.sort();
    if ours == theirs {
        return Ok(());
    }
    Err(PortError::new(format!("`{}` has other columns than it had", table.name))
        .hint("undo the migrations that changed it first, or take the whole database back"))
}

/// Begins a transaction that has the tables for itself. Waiting for them is cut short, because everybody else waits behind.
async fn locked(live: &Client, tables: &[Table]) -> Result<(), PortError> {
    let names: Vec<String> = tables.iter().map(|table| table.name.quoted()).collect();
    let lock = format!(
        "BEGIN; SET LOCAL lock_timeout = '3s'; SET CONSTRAINTS ALL DEFERRED; LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE",
        names.join(", ONLY ")
    );
    for attempt in 1..=TRIES {
        let Err(error) = live.batch_execute(&lock).await else { return Ok(()) };
        run(live, "ROLLBACK").await?;
        if error.code() != Some(&SqlState::LOCK_NOT_AVAILABLE) || attempt == TRIES {
            return Err(failed("the tables could not be locked", &error));
        }
    }
    Ok(())
}

fn kept(table: &Table, kept_as: &ObjectName) -> String {
    format!("CREATE TABLE {} AS SELECT * FROM ONLY {}", kept_as.quoted(), table.name.quoted())
}

async fn emptied(live: &Client, tables: &[Table]) -> Result<(), PortError> {
    for statement in tables.iter().flat_map(Table::silenced) {
        run(live, &statement).await?;
    }
    let names: Vec<String> = tables.iter().map(|table| table.name.quoted()).collect();
    run(live, &format!("TRUNCATE ONLY {}", names.join(", ONLY "))).await
}

async fn heard(live: &Client, tables: &[Table]) -> Result<(), PortError> {
    // Checks of keys that were put off have their triggers waiting, and a table cannot be altered meanwhile.
    run(live, "SET CONSTRAINTS ALL IMMEDIATE").await?;
    for statement in tables.iter().flat_map(Table::heard) {
        run(live, &statement).await?;
    }
    Ok(())
}

/// Streams rows from one server's session to the other; nothing is held in between. Foreign keys are checked.
async fn copied(from: &Client, live: &Client, table: &Table) -> Result<(), PortError> {
    let what = || format!("could not copy `{}`", table.name);
    let (name, columns) = (table.name.quoted(), table.columns());
    let out = format!("COPY (SELECT {columns} FROM ONLY {name}) TO STDOUT (FORMAT binary)");
    let stream = from.copy_out(&out).await.map_err(|error| failed(&what(), &error))?;
    let sink = live.copy_in(&format!("COPY {name} ({columns}) FROM STDIN (FORMAT binary)")).await;
    let mut sink = pin!(sink.map_err(|error| failed(&what(), &error))?);
    let mut stream = pin!(stream);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| failed(&what(), &error))?;
        sink.feed(chunk).await.map_err(|error| failed(&what(), &error))?;
    }
    sink.as_mut().finish().await.map_err(|error| failed(&what(), &error))?;
    Ok(())
}

/// Whether a table is what it is in the copy, before anybody else sees it.
async fn equal(from: &Client, live: &Client, table: &Table) -> Result<String, PortError> {
    let what = || format!("could not compare `{}`", table.name);
    let theirs = from.query_one(&table.sum(), &[]).await.map_err(|error| failed(&what(), &error))?;
    let ours = live.query_one(&table.sum(), &[]).await.map_err(|error| failed(&what(), &error))?;
    let (theirs, ours): (String, String) = (theirs.get(0), ours.get(0));
    if theirs != ours {
        return Err(PortError::new(format!("`{}` has {ours} in place of {theirs}; nothing was changed", table.name)));
    }
    let rows = ours.split(',').next().unwrap_or_default().to_owned();
    Ok(format!("`{}` has {rows}", table.name))
}

/// Sequences that the copy has further on than the database go on from there; none goes back.
async fn carried_on(from: &Client, live: &Client) -> Result<(), PortError> {
    let (theirs, ours) = (look::sequences(from).await?, look::sequences(live).await?);
    for own in &ours {
        let Some(value) = theirs.iter().find(|their| their.name == own.name).and_then(|their| own.carried_on(their, 0))
        else {
            continue;
        };
        let set = "SELECT setval($1::text::regclass, $2, true)";
        let set = live.query_one(set, &[&own.name.quoted(), &value]).await;
        set.map_err(|error| failed(&format!("could not set sequence `{}`", own.name), &error))?;
    }
    Ok(())
}

/// A session that goes away takes back what it had begun.
async fn run(client: &Client, statement: &str) -> Result<(), PortError> {
    client
        .batch_execute(statement)
        .await
        .map_err(|error| failed("the tables could not be replaced, and are as they were", &error))
}
