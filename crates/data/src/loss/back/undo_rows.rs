//! Gives rows that were changed or deleted since a verified copy their values back; rows inserted since stay.
//!
//! Contract: what is overwritten is kept in a schema of ours that commits with the change, so that it can be taken back. A row
//! that somebody writes meanwhile is not overwritten; the act says so and may be called again.

use std::path::PathBuf;

use backout_core::data::{DataProof, LostRow, ObjectName, Operation, TableRows};
use backout_core::port::{DataDone, PortError, Ports};

use super::commit::kept;
use super::reimport::{ReimportOptions, ReimportReport, put_back};
use crate::Target;
use crate::look::contents::row_counts;
use crate::loss::rows::lines::{self, Lines};
use crate::loss::rows::shape::Shape;
use crate::loss::rows::side::{Side, named_key};
use crate::loss::rows::walk::{Batch, Stops, Walk};
use crate::words::{failed, quoted};

/// The longest name that the server takes, in bytes.
const LONGEST_NAME: usize = 63;

/// The schema that what is overwritten is kept in.
fn kept_in(copy: &str) -> String {
    let mut name = format!("_backout_undo_{copy}");
    while name.len() > LONGEST_NAME {
        name.pop();
    }
    name
}

/// The copy and the database in use.
struct Pair {
    copy: Side,
    live: Side,
    /// The tables, as each of them has them.
    shapes: Vec<(Shape, Shape)>,
}

/// Gives rows of `tables` the values back that they have in `copy`.
pub(in crate::loss) async fn perform(
    target: &Target,
    copy: &str,
    tables: &[ObjectName],
    ports: Ports<'_>,
) -> Result<DataDone, PortError> {
    let pair = open(target, copy, tables).await?;
    let dbname = pair.live.dbname.clone();
    let names: Vec<ObjectName> = pair.shapes.iter().map(|(_, live)| live.name.clone()).collect();
    let before = counted(target, &dbname, &names).await;
    let file = differences(target, &pair, copy, ports).await?;
    // Nothing that is overwritten is read any more.
    drop(pair);
    let kept_in = kept_in(copy);
    let options = ReimportOptions::default();
    let done = put_back(target, &dbname, (&file, &options), Some(&kept_in)).await?;
    remove(&file)?;
    let (updated, inserted) = all(&done)?;
    let seen = format!(
        "{updated} rows have their values back and {inserted} are there again; what was overwritten is kept in schema `{kept_in}`"
    );
    let proof = match (before, counted(target, &dbname, &names).await) {
        (Ok(before), Ok(after)) => DataProof { rows: TableRows::between(before, after), ..DataProof::default() },
        (Err(error), _) | (_, Err(error)) => DataProof::uncounted(error.to_string()),
    };
    Ok(DataDone { seen, proof, ..DataDone::default() })
}

async fn counted(target: &Target, dbname: &str, tables: &[ObjectName]) -> Result<Vec<(ObjectName, u64)>, PortError> {
    row_counts(&*target.admin(dbname).await?, tables).await
}

/// Whether no row of the copy differs.
pub(in crate::loss) async fn reached(
    target: &Target,
    copy: &str,
    tables: &[ObjectName],
) -> Result<(bool, String), PortError> {
    let pair = open(target, copy, tables).await?;
    for shapes in &pair.shapes {
        let mut walk = Walk::start((&pair.copy, &shapes.0), (&pair.live, &shapes.1), Stops::Rows).await?;
        while let Some(batch) = walk.batch().await? {
            if !batch.first.is_empty() {
                return Ok((false, format!("rows of `{}` differ from those of `{copy}`", shapes.0.name)));
            }
        }
    }
    Ok((true, format!("every row of `{copy}` is as it was")))
}

/// Takes it back: what was overwritten is there again.
pub(in crate::loss) async fn undo(target: &Target, copy: &str) -> Result<String, PortError> {
    let dbname = target.admin_address().await?.dbname().to_owned();
    let schema = kept_in(copy);
    let session = target.admin(&dbname).await?;
    let wrong = |error| failed("could not read what is kept", &error);
    let found = session.query_one("SELECT to_regclass($1) IS NOT NULL", &[&kept(&schema)]).await.map_err(wrong)?;
    if !found.get::<_, bool>(0) {
        return Ok("no row was changed".to_owned());
    }
    let file = lines::report(target, &format!("kept-{dbname}-{copy}"));
    let mut lines = Lines::create(&file)?;
    let asked = format!("SELECT line FROM {} ORDER BY id DESC", kept(&schema));
    for row in session.query(&asked, &[]).await.map_err(wrong)? {
        let line: LostRow = serde_json::from_str(row.get(0))
            .map_err(|error| PortError::new(format!("what is kept in `{schema}` cannot be read: {error}")))?;
        lines.push(&line)?;
    }
    lines.finish()?;
    let options = ReimportOptions { with_deletes: true, ..ReimportOptions::default() };
    let done = put_back(target, &dbname, (&file, &options), None).await?;
    remove(&file)?;
    let (updated, _) = all(&done)?;
    let drop = format!("DROP SCHEMA {} CASCADE", quoted(&schema));
    session.batch_execute(&drop).await.map_err(|error| failed("could not drop what was kept", &error))?;
    Ok(format!("{updated} rows are as they were before"))
}

/// Opens both databases. Only tables with a primary key can be told row by row.
async fn open(target: &Target, copy: &str, tables: &[ObjectName]) -> Result<Pair, PortError> {
    let dbname = target.admin_address().await?.dbname().to_owned();
    let (copy, live) = tokio::try_join!(Side::open(target, copy), Side::open(target, &dbname))?;
    let mut shapes = Vec::new();
    for name in leaves(&live, tables).await? {
        let missing = |dbname: &str| PortError::new(format!("there is no table `{name}` in `{dbname}`"));
        let one = copy.shapes.get(&name).ok_or_else(|| missing(&copy.dbname))?;
        let other = live.shapes.get(&name).ok_or_else(|| missing(&live.dbname))?;
        let pair = (one.shared(other), other.shared(one));
        if pair.0.key.is_empty() {
            return Err(PortError::new(format!("table `{name}` has no primary key that both databases share"))
                .hint("its rows cannot be told apart: bring the whole table back with `--rung tables`"));
        }
        shapes.push(pair);
    }
    Ok(Pair { copy, live, shapes })
}

/// The tables with rows of their own: a partitioned table stands for its partitions.
async fn leaves(live: &Side, tables: &[ObjectName]) -> Result<Vec<ObjectName>, PortError> {
    let asked = "SELECT n.nspname::text, c.relname::text FROM pg_partition_tree($1::text::regclass) p JOIN pg_class c ON c.oid = p.relid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.isleaf";
    let mut leaves = Vec::new();
    for table in tables {
        if live.shapes.contains_key(table) {
            leaves.push(table.clone());
            continue;
        }
        let rows = live.look.query(asked, &[&table.quoted()]).await;
        let rows = rows.map_err(|error| failed(&format!("could not read the partitions of `{table}`"), &error))?;
        leaves.extend(rows.iter().map(|row| ObjectName::new(row.get::<_, String>(0), row.get::<_, String>(1))));
    }
    Ok(leaves)
}

/// Writes every row down that the copy has and the database in use has not, or has otherwise.
async fn differences(target: &Target, pair: &Pair, copy: &str, ports: Ports<'_>) -> Result<PathBuf, PortError> {
    let mut lines = Lines::create(&lines::report(target, &format!("differences-{copy}")))?;
    let of = u64::try_from(pair.shapes.len()).ok();
    for (done, shapes) in (0..).zip(&pair.shapes) {
        ports.progress.moved("tables compared", done, of);
        let mut walk = Walk::start((&pair.copy, &shapes.0), (&pair.live, &shapes.1), Stops::Rows).await?;
        while let Some(batch) = walk.batch().await? {
            write_down(pair, shapes, batch, &mut lines).await?;
        }
    }
    lines.finish()
}

async fn write_down(pair: &Pair, shapes: &(Shape, Shape), batch: Batch, lines: &mut Lines) -> Result<(), PortError> {
    let wanted = pair.copy.look_up(&shapes.0, &batch.first).await?;
    let mut in_use = pair.live.look_up(&shapes.1, &batch.first).await?;
    for (place, found) in wanted {
        let was = in_use.remove(&place).map(|found| found.values);
        let op = if was.is_some() { Operation::Updated } else { Operation::Inserted };
        let key = named_key(&shapes.0, &found.values);
        let (table, row) = (shapes.0.name.clone(), Some(found.values));
        lines.push(&LostRow { table, op, key, row, was, certain: true, xid: None })?;
    }
    Ok(())
}

/// How many rows were changed and how many put in, where none was left out.
fn all(done: &ReimportReport) -> Result<(u64, u64), PortError> {
    let Some(conflicts) = &done.conflicts else {
        let sum = |of: fn(&super::reimport::TableReimport) -> u64| done.tables.iter().map(of).sum();
        return Ok((sum(|table| table.updated), sum(|table| table.inserted)));
    };
    let left: u64 = done.tables.iter().map(|table| table.conflicts).sum();
    Err(PortError::new(format!(
        "{left} rows could not get their values back, the others have them; why is in {conflicts}"
    ))
    .hint("stop what writes to these tables, and run it again: rows that are back stay so"))
}

fn remove(file: &std::path::Path) -> Result<(), PortError> {
    std::fs::remove_file(file).map_err(|error| PortError::new(format!("could not remove {}: {error}", file.display())))
}
