//! Collations that sort otherwise than when indexes were built: the system's libraries were upgraded.

use backout_core::port::PortError;
use tokio_postgres::Client;

use super::catalog::{RELATION_COUNTS, rows};

/// A collation that is another one than its database recorded.
pub(super) struct Changed {
    /// In a phrase: `"de-x-icu" is 153.112 and was 153.80`.
    pub(super) what: String,
    /// The indexes that are sorted by it, quoted.
    indexes: Vec<String>,
    /// The statement that records today's version, once they were built anew.
    refresh: String,
}

impl Changed {
    /// What it calls for; `None` where no index is sorted by it.
    pub(super) fn wants(&self) -> Option<String> {
        if self.indexes.is_empty() {
            return None;
        }
        let each = self.indexes.iter().map(|index| format!("`REINDEX INDEX {index}`"));
        Some(format!("{}: {}; then `{}`", self.what, each.collect::<Vec<_>>().join(", "), self.refresh))
    }
}

/// The database's collation and those that columns use, where the version of today is another one than the recorded one.
/// Needs to be called where names come out with their schema.
///
/// # Errors
/// Where the catalogs cannot be read.
pub(super) async fn changed_collations(client: &Client, server_version: u32) -> Result<Vec<Changed>, PortError> {
    let of_columns = format!(
        "SELECT format('%s is %s and was %s', k.oid::regcollation, pg_collation_actual_version(k.oid), k.collversion), \
           {}, format('ALTER COLLATION %s REFRESH VERSION', k.oid::regcollation) \
         FROM pg_collation k WHERE k.collversion <> pg_collation_actual_version(k.oid) \
           AND k.oid IN (SELECT a.attcollation FROM pg_attribute a)",
        indexes("k.oid")
    );
    // A database has had a version of its own since 15. What has no collation of its own is sorted by the one named `default`.
    let of_database = format!(
        "SELECT format('the collation of the database is %s and was %s', \
           pg_database_collation_actual_version(d.oid), d.datcollversion), {}, \
           format('ALTER DATABASE %I REFRESH COLLATION VERSION', d.datname) FROM pg_database d \
         WHERE d.datname = current_database() AND d.datcollversion <> pg_database_collation_actual_version(d.oid)",
        indexes("'pg_catalog.\"default\"'::regcollation")
    );
    let query = match server_version {
        ..=149_999 => of_columns,
        _ => format!("{of_columns} UNION ALL {of_database}"),
    };
    let found = rows(client, "the collations", &query).await?;
    let mut changed: Vec<Changed> =
        found.iter().map(|row| Changed { what: row.get(0), indexes: row.get(1), refresh: row.get(2) }).collect();
    changed.sort_by(|one, other| one.what.cmp(&other.what));
    Ok(changed)
}

/// The indexes that are sorted by a collation, as an array of their quoted names.
fn indexes(collation: &str) -> String {
    format!(
        "ARRAY(SELECT x.indexrelid::regclass::text FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid \
           JOIN pg_class i ON i.oid = x.indexrelid AND i.relkind = 'i' JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {collation} = ANY (x.indcollation) AND {RELATION_COUNTS} ORDER BY 1)"
    )
}
