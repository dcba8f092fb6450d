//! SQL scripts that we run ourselves: each in one transaction with the row of the ledger.

use std::collections::BTreeSet;

use backout_core::data::{Framework, Migration, Preserve, Revision};
use backout_core::migrate::{Kind, Piece, SoftDrop, TableName, classify, is_renamed, pieces};
use backout_core::port::PortError;
use sha2::{Digest as _, Sha384};
use tokio_postgres::Client;

use super::files::Files;
use super::ledger::Place;
use super::{kept, soft};
use crate::words::{failed, literal};

/// Whatever a script drops that is put aside instead.
pub(super) struct Spared<'a> {
    pub(super) kept_in: &'a str,
    pub(super) preserve: Vec<Preserve>,
}

impl<'a> Spared<'a> {
    /// What of `preserve` can be put aside: columns that are to be renamed, and ordinary tables that a script drops without
    /// `CASCADE`. Partitions would stay behind, so that such tables are copied.
    pub(super) async fn of(
        client: &Client,
        (preserve, kept_in): (&[Preserve], &'a str),
        downs: &[&str],
    ) -> Result<Self, PortError> {
        let soft: BTreeSet<SoftDrop> = downs
            .iter()
            .flat_map(|down| pieces(down, &|_| true))
            .filter_map(|piece| match piece {
                Piece::Soft(drop) => Some(drop),
                Piece::Run(_) => None,
            })
            .collect();
        let mut spared = Self { kept_in, preserve: Vec::new() };
        for one in preserve {
            let is_spared = match one {
                Preserve::Column { kept_as, .. } => is_renamed(kept_as),
                Preserve::Rows { .. } => false,
                Preserve::Table { table, .. } => {
                    soft.iter().any(|drop| means(drop, one)) && is_ordinary(client, &table.quoted()).await?
                }
            };
            if is_spared {
                spared.preserve.push(one.clone());
            }
        }
        Ok(spared)
    }

    fn find(&self, drop: &SoftDrop) -> Option<&Preserve> {
        self.preserve.iter().find(|one| means(drop, one))
    }
}

/// Whether a drop is that of something kept.
fn means(drop: &SoftDrop, preserve: &Preserve) -> bool {
    let (table, _) = kept::parts(preserve);
    let is_it = |name: &TableName| name.among(std::iter::once(table)).is_some();
    match (drop, preserve) {
        (SoftDrop::Table(name), Preserve::Table { .. }) => is_it(name),
        (SoftDrop::Column(name, dropped), Preserve::Column { column, .. }) => is_it(name) && dropped == column,
        _ => false,
    }
}

async fn is_ordinary(client: &Client, table: &str) -> Result<bool, PortError> {
    let query =
        "SELECT relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid OR inhrelid = c.oid)
                 FROM pg_class c WHERE oid = to_regclass($1)";
    let row = client.query_opt(query, &[&table]).await;
    Ok(row.map_err(|error| failed("could not look at a table", &error))?.is_some_and(|row| row.get(0)))
}

/// Undoes one migration: its script and its row in one transaction.
pub(super) async fn undo(
    client: &mut Client,
    migration: &Migration,
    place: &Place,
    spared: &Spared<'_>,
) -> Result<(), PortError> {
    let what = format!("could not undo migration `{}`", migration.revision);
    let down = migration.down.as_deref().ok_or_else(|| PortError::new(format!("{what}: it has no way back")))?;
    let row = forgotten(place, migration);
    let pieces = pieces(down, &|drop| spared.find(drop).is_some());
    if let Some(alone) = outside_of_transactions(down, &what)? {
        client.batch_execute(&alone).await.map_err(|error| failed(&what, &error))?;
        return client.batch_execute(&row).await.map_err(|error| failed(&what, &error));
    }
    let transaction = client.transaction().await.map_err(|error| failed(&what, &error))?;
    for piece in pieces {
        match piece {
            Piece::Run(statement) if is_control(&statement) => (),
            Piece::Run(statement) => {
                transaction.batch_execute(&statement).await.map_err(|error| failed(&what, &error))?;
            }
            Piece::Soft(drop) => {
                if let Some(preserve) = spared.find(&drop) {
                    soft::put_aside(&transaction, spared.kept_in, preserve).await?;
                }
            }
        }
    }
    transaction.batch_execute(&row).await.map_err(|error| failed(&what, &error))?;
    transaction.commit().await.map_err(|error| failed(&what, &error))
}

/// Applies one migration again.
pub(super) async fn apply(
    client: &mut Client,
    migration: &Migration,
    place: &Place,
    files: &Files,
) -> Result<(), PortError> {
    let what = format!("could not apply migration `{}` again", migration.revision);
    let up = migration.up.as_deref().ok_or_else(|| PortError::new(format!("{what}: its script is not known")))?;
    let row = remembered(place, migration, files);
    if let Some(alone) = outside_of_transactions(up, &what)? {
        client.batch_execute(&alone).await.map_err(|error| failed(&what, &error))?;
        return client.batch_execute(&row).await.map_err(|error| failed(&what, &error));
    }
    let transaction = client.transaction().await.map_err(|error| failed(&what, &error))?;
    for statement in classify(up).into_iter().filter(|it| it.kind != Kind::Control) {
        transaction.batch_execute(&statement.text).await.map_err(|error| failed(&what, &error))?;
    }
    transaction.batch_execute(&row).await.map_err(|error| failed(&what, &error))?;
    transaction.commit().await.map_err(|error| failed(&what, &error))
}

/// The one statement of a script that refuses a transaction; an error where there are others beside it, because nobody
/// could say afterwards which of them ran.
fn outside_of_transactions(script: &str, what: &str) -> Result<Option<String>, PortError> {
    let statements = classify(script);
    match statements.iter().find(|it| !it.is_transactional) {
        None => Ok(None),
        Some(alone) if statements.len() == 1 => Ok(Some(alone.text.clone())),
        Some(_) => Err(PortError::new(format!("{what}: it mixes statements that refuse a transaction with others"))
            .hint("undo it by hand, or go back by restoring beside")),
    }
}

fn is_control(statement: &str) -> bool {
    classify(statement).first().is_some_and(|it| it.kind == Kind::Control)
}

/// The statement that takes a migration out of the ledger.
fn forgotten(place: &Place, migration: &Migration) -> String {
    let (table, version) = (place.table.quoted(), literal(&migration.revision.0));
    match place.framework {
        Framework::GolangMigrate => at(&table, migration.needs.first()),
        _ => format!("DELETE FROM {table} WHERE version::text = {version}"),
    }
}

/// The statement that puts a migration into the ledger, as its tool would have written it.
fn remembered(place: &Place, migration: &Migration, files: &Files) -> String {
    let (table, version) = (place.table.quoted(), literal(&migration.revision.0));
    match place.framework {
        Framework::GolangMigrate => at(&table, Some(&migration.revision)),
        Framework::Sqlx => {
            let up = migration.up.as_deref().unwrap_or_default();
            let sum: String = Sha384::digest(up).iter().map(|byte| format!("{byte:02x}")).collect();
            let description = literal(&described(files, up));
            format!(
                "INSERT INTO {table} (version, description, success, checksum, execution_time) \
                 VALUES ({version}::text::bigint, {description}, true, '\\x{sum}'::bytea, -1)"
            )
        }
        _ => format!("INSERT INTO {table} (version) VALUES ({version})"),
    }
}

/// Where golang-migrate stands; it has no row before its first migration.
fn at(table: &str, revision: Option<&Revision>) -> String {
    let insert = revision.map(|revision| {
        format!("; INSERT INTO {table} (version, dirty) VALUES ({}::text::bigint, false)", literal(&revision.0))
    });
    format!("DELETE FROM {table}{}", insert.unwrap_or_default())
}

/// What sqlx makes of the name of the file that has this content: `2_add_price.up.sql` is `add price`.
fn described(files: &Files, up: &str) -> String {
    let name = files.iter().find(|(_, content)| content.as_slice() == up.as_bytes()).map(|(name, _)| name.as_str());
    let base = name.and_then(|name| name.rsplit('/').next()).unwrap_or_default();
    let rest = base.split_once('_').map_or("", |(_, rest)| rest);
    rest.trim_end_matches(".sql").trim_end_matches(".up").replace('_', " ")
}
