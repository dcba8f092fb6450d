//! Copies of what migrations would destroy, made before they run.

use backout_core::data::{Framework, ObjectName, Preserve};
use backout_core::port::PortError;
use tokio_postgres::{Client, GenericClient};

use super::kept::{self, Kept};
use super::mirror::Mirror;
use crate::words::{failed, quoted};

/// Copies everything of `preserve` that `is_moved` does not say is moved later, and that was not copied before. The copies
/// follow what is written meanwhile, until `mirror::end`.
pub(super) async fn copy(
    client: &mut Client,
    (framework, kept_in): (Framework, &str),
    preserve: &[Preserve],
    is_moved: &(dyn Fn(&Preserve) -> bool + Sync),
) -> Result<usize, PortError> {
    let there = kept::kept(client, kept_in).await?;
    let mut copied = 0;
    for (number, one) in preserve.iter().enumerate().filter(|(_, one)| !is_moved(one)) {
        if there.iter().any(|kept| kept.preserve == *one) || !is_there(client, one).await? {
            continue;
        }
        let what = || format!("could not keep {}", told(one));
        let key = key(client, kept::parts(one).0).await?;
        let others = others(client, one, &key).await?;
        let follows = Mirror { preserve: one, key: &key, others: &others, number, framework }.statements();
        let kept = Kept { preserve: one.clone(), is_moved: false, back: Vec::new() };
        let statements = vec![kept::opened(kept_in), copying(one, &key), kept::recorded(kept_in, &kept)?];
        let transaction = client.transaction().await.map_err(|error| failed(&what(), &error))?;
        transaction.batch_execute(&[statements, follows].concat().join(";\n")).await.map_err(|error| {
            let failed = failed(&what(), &error);
            failed.hint("nothing was changed; the role needs `CREATE` on the database to keep what would be lost")
        })?;
        transaction.commit().await.map_err(|error| failed(&what(), &error))?;
        copied += 1;
    }
    Ok(copied)
}

/// The columns that a copy has besides the key and that can be written in the original.
async fn others(client: &Client, preserve: &Preserve, key: &[String]) -> Result<Vec<String>, PortError> {
    let mut columns = match preserve {
        Preserve::Column { column, .. } => vec![column.clone()],
        Preserve::Table { table, .. } | Preserve::Rows { table, .. } => columns(client, table).await?,
    };
    columns.retain(|column| !key.contains(column));
    Ok(columns)
}

/// In words.
pub(super) fn told(preserve: &Preserve) -> String {
    match preserve {
        Preserve::Column { table, column, .. } => format!("column `{column}` of `{table}`"),
        Preserve::Table { table, .. } => format!("table `{table}`"),
        Preserve::Rows { table, .. } => format!("the rows of `{table}`"),
    }
}

/// The statements that make a copy: no writes meanwhile, and the key of the original, by which it is put back.
fn copying(preserve: &Preserve, key: &[String]) -> String {
    let (table, kept_as) = kept::parts(preserve);
    let (from, to) = (table.quoted(), kept_as.quoted());
    let names: Vec<String> = key.iter().map(|column| quoted(column)).collect();
    let what = match preserve {
        Preserve::Column { column, .. } if !key.contains(column) => [&names[..], &[quoted(column)]].concat().join(", "),
        Preserve::Column { .. } => names.join(", "),
        Preserve::Table { .. } | Preserve::Rows { .. } => "*".to_owned(),
    };
    let keyed = match names.is_empty() {
        true => String::new(),
        false => format!(";\nALTER TABLE {to} ADD PRIMARY KEY ({})", names.join(", ")),
    };
    format!("LOCK TABLE {from} IN SHARE ROW EXCLUSIVE MODE;\nCREATE TABLE {to} AS SELECT {what} FROM {from}{keyed}")
}

/// The columns of a table's primary key; empty where it has none.
pub(super) async fn key<C: GenericClient>(client: &C, table: &ObjectName) -> Result<Vec<String>, PortError> {
    let query = "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
                 WHERE i.indrelid = to_regclass($1) AND i.indisprimary AND a.attnum = ANY (i.indkey)
                 ORDER BY array_position(i.indkey::int2[], a.attnum)";
    let rows = client.query(query, &[&table.quoted()]).await;
    let rows = rows.map_err(|error| failed(&format!("could not read the key of `{table}`"), &error))?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

/// Whether there is something to keep: a step that ran before it was interrupted may have taken it away.
async fn is_there(client: &Client, preserve: &Preserve) -> Result<bool, PortError> {
    let (table, _) = kept::parts(preserve);
    let columns = columns(client, table).await?;
    Ok(match preserve {
        Preserve::Column { column, .. } => columns.contains(column),
        Preserve::Table { .. } | Preserve::Rows { .. } => exists(client, table).await?,
    })
}

/// Whether a table exists.
pub(super) async fn exists<C: GenericClient>(client: &C, table: &ObjectName) -> Result<bool, PortError> {
    let row = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table.quoted()]).await;
    Ok(row.map_err(|error| failed(&format!("could not look for `{table}`"), &error))?.get(0))
}

/// The columns of a table that can be written, in their order; none where there is no such table.
pub(super) async fn columns<C: GenericClient>(client: &C, table: &ObjectName) -> Result<Vec<String>, PortError> {
    let query = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0
                 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum";
    let rows = client.query(query, &[&table.quoted()]).await;
    let rows = rows.map_err(|error| failed(&format!("could not read the columns of `{table}`"), &error))?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}
