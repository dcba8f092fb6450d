//! Putting back what was kept, after the migrations were applied again.
//!
//! Contract: in batches, each a transaction, so that no lock is held for long; a batch that was done is done again without
//! a change; what was kept goes away only after all of it was put back.

use backout_core::data::{ObjectName, Preserve};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::keep::{columns, exists, key, told};
use super::kept::{self, Kept};
use crate::words::{failed, quoted};

/// How many pages of the copy one batch takes: 8 MB.
const PAGES: i64 = 1000;

/// Puts back whatever a schema keeps. Answers with a sentence for each thing.
///
/// # Errors
/// Where something does not fit what is there now; it stays kept.
pub(super) async fn all(client: &mut Client, kept_in: &str) -> Result<Vec<String>, PortError> {
    let refers = references(client).await?;
    let mut open = kept::kept(client, kept_in).await?;
    let mut sentences = Vec::new();
    while !open.is_empty() {
        let next = open.iter().position(|kept| waits_for_none(kept, &open, &refers)).unwrap_or(0);
        sentences.push(one(client, kept_in, &open.remove(next)).await?);
    }
    Ok(sentences)
}

/// Tables whose rows refer to those of another.
async fn references(client: &Client) -> Result<Vec<(ObjectName, ObjectName)>, PortError> {
    let query = "SELECT n.nspname::text, c.relname::text, m.nspname::text, d.relname::text FROM pg_constraint f
                 JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                 JOIN pg_class d ON d.oid = f.confrelid JOIN pg_namespace m ON m.oid = d.relnamespace
                 WHERE f.contype = 'f' AND f.conrelid <> f.confrelid";
    let rows = client.query(query, &[]).await.map_err(|error| failed("could not read the foreign keys", &error))?;
    let name =
        |row: &tokio_postgres::Row, at: usize| ObjectName::new(row.get::<_, String>(at), row.get::<_, String>(at + 1));
    Ok(rows.iter().map(|row| (name(row, 0), name(row, 2))).collect())
}

/// Whether everything that a thing's rows can refer to is back: other tables' rows, and for a column the rows of its own.
fn waits_for_none(kept: &Kept, open: &[Kept], refers: &[(ObjectName, ObjectName)]) -> bool {
    let table = kept::parts(&kept.preserve).0;
    let has_rows = |other: &&Kept| !matches!(other.preserve, Preserve::Column { .. });
    let is_column = !has_rows(&kept);
    !open.iter().filter(has_rows).any(|other| {
        let other = kept::parts(&other.preserve).0;
        (is_column && other == table) || refers.iter().any(|(from, to)| from == table && to == other)
    })
}

async fn one(client: &mut Client, kept_in: &str, kept: &Kept) -> Result<String, PortError> {
    let what = || format!("could not put {} back", told(&kept.preserve));
    let (table, kept_as) = kept::parts(&kept.preserve);
    if !exists(client, table).await? {
        return Err(PortError::new(format!("{}: there is no table `{table}` now", what())));
    }
    let renamed = matches!(&kept.preserve, Preserve::Column { .. }) && kept.is_moved;
    let from = if renamed { table } else { kept_as };
    let update = update(client, kept).await?;
    let size = client.query_one("SELECT pg_relation_size(to_regclass($1)) / 8192", &[&from.quoted()]).await;
    let pages: i64 = size.map_err(|error| failed(&what(), &error))?.get(0);
    let (mut rows, mut page) = (0, 0);
    while page <= pages {
        let range = format!("ctid >= '({page},0)'::tid AND k.ctid < '({},0)'::tid", page + PAGES);
        let batch = update.replace("{range}", &format!("k.{range}"));
        rows += client.execute(&batch, &[]).await.map_err(|error| failed(&what(), &error))?;
        page += PAGES;
    }
    let gone = match renamed {
        true => format!("ALTER TABLE {} DROP COLUMN {}", table.quoted(), quoted(&kept_as.name)),
        false => format!("DROP TABLE {}", kept_as.quoted()),
    };
    let transaction = client.transaction().await.map_err(|error| failed(&what(), &error))?;
    let statements = [gone, kept::forgotten(kept_in, &kept.preserve)?].join(";\n");
    transaction.batch_execute(&statements).await.map_err(|error| failed(&what(), &error))?;
    transaction.commit().await.map_err(|error| failed(&what(), &error))?;
    Ok(format!("{} was put back: {rows} rows", told(&kept.preserve)))
}

/// The statement that puts one batch back, with `{range}` for its pages. Rows that are there keep what the release before
/// wrote, but for the values of the column that it did not know.
async fn update(client: &Client, kept: &Kept) -> Result<String, PortError> {
    let (table, kept_as) = kept::parts(&kept.preserve);
    let (into, from) = (table.quoted(), kept_as.quoted());
    match &kept.preserve {
        Preserve::Column { column, .. } if kept.is_moved => {
            let (name, aside) = (quoted(column), quoted(&kept_as.name));
            Ok(format!(
                "UPDATE {into} AS k SET {name} = k.{aside} \
                 WHERE {{range}} AND k.{aside} IS NOT NULL AND k.{name} IS DISTINCT FROM k.{aside}"
            ))
        }
        Preserve::Column { column, .. } => {
            let name = quoted(column);
            let key = key(client, kept_as).await?;
            let same: Vec<String> = key.iter().map(|part| format!("t.{} = k.{}", quoted(part), quoted(part))).collect();
            Ok(format!(
                "UPDATE {into} AS t SET {name} = k.{name} FROM {from} AS k \
                 WHERE {{range}} AND {} AND t.{name} IS DISTINCT FROM k.{name}",
                same.join(" AND ")
            ))
        }
        Preserve::Table { .. } | Preserve::Rows { .. } => inserted(client, (table, kept_as)).await,
    }
}

/// Rows that are not there any more come back; without a key only those of which no equal one is there.
async fn inserted(client: &Client, (table, kept_as): (&ObjectName, &ObjectName)) -> Result<String, PortError> {
    let (there, kept) = (columns(client, table).await?, columns(client, kept_as).await?);
    let both: Vec<String> = kept.iter().filter(|column| there.contains(column)).map(|column| quoted(column)).collect();
    let list = both.join(", ");
    let picked: Vec<String> = both.iter().map(|column| format!("k.{column}")).collect();
    let picked = picked.join(", ");
    let (into, from) = (table.quoted(), kept_as.quoted());
    let insert = format!("INSERT INTO {into} ({list}) OVERRIDING SYSTEM VALUE SELECT {picked} FROM {from} AS k");
    Ok(match key(client, table).await?.is_empty() {
        false => format!("{insert} WHERE {{range}} ON CONFLICT DO NOTHING"),
        true => format!(
            "{insert} WHERE {{range}} AND NOT EXISTS (SELECT FROM {into} AS t WHERE ({}) IS NOT DISTINCT FROM ({picked}))",
            both.iter().map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ")
        ),
    })
}
