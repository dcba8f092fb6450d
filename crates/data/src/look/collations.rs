//! Collations that sort otherwise than when indexes were built: the system's libraries were upgraded.

use backout_core::port::PortError;
use tokio_postgres::Client;

use super::catalog::rows;

/// The database's collation and those that columns use, where the version of today is another one than the recorded one,
/// each in a phrase: `de-x-icu is 153.112 and was 153.80`. Needs to be called where names come out with their schema.
///
/// # Errors
/// Where the catalogs cannot be read.
pub(super) async fn changed_collations(client: &Client, server_version: u32) -> Result<Vec<String>, PortError> {
    let of_columns = "SELECT format('%s is %s and was %s', k.oid::regcollation, pg_collation_actual_version(k.oid), \
        k.collversion) FROM pg_collation k WHERE k.collversion <> pg_collation_actual_version(k.oid) \
        AND k.oid IN (SELECT a.attcollation FROM pg_attribute a)";
    // A database has had a version of its own since 15.
    let of_database = "SELECT format('the collation of the database is %s and was %s', \
        pg_database_collation_actual_version(d.oid), d.datcollversion) FROM pg_database d \
        WHERE d.datname = current_database() AND d.datcollversion <> pg_database_collation_actual_version(d.oid)";
    let query = match server_version {
        ..=149_999 => of_columns.to_owned(),
        _ => format!("{of_columns} UNION ALL {of_database}"),
    };
    let mut changed: Vec<String> = rows(client, "the collations", &query).await?.iter().map(|row| row.get(0)).collect();
    changed.sort();
    Ok(changed)
}
