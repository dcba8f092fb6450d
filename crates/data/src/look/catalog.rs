//! The frame that every reader of catalogs works in: which objects count, and settings under which the server always
//! writes them in the same words.
//!
//! Contract: whatever a reader does, the settings, the transaction and the prepared statements of its caller are as they
//! were. Statements are unnamed, so that a pooler between us and the server mixes nothing up.

use std::future::Future;

use backout_core::data::ObjectName;
use backout_core::port::PortError;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use crate::words::failed;

/// Schemas `n` that are somebody's: not the server's, not ours.
pub(super) const SCHEMA_COUNTS: &str =
    "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT n.nspname ^@ '_backout'";

/// Relations `c` in such a schema `n`, those of extensions and temporary ones left out.
pub(super) const RELATION_COUNTS: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
    AND NOT n.nspname ^@ '_backout' AND c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_depend e \
    WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')";

/// Every name comes out with its schema, values in one form whatever the role prefers, all rows or an error where row
/// security would hide some, and nobody waits long behind a migration.
const SETTINGS: &str = "SET LOCAL search_path = ''; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; \
    SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = 'content'; SET LOCAL quote_all_identifiers = off; \
    SET LOCAL row_security = off; SET LOCAL lock_timeout = '5s'; SET LOCAL jit = off";

/// Reading rows is as long as it is, whatever the role is limited to.
const UNLIMITED: &str = "SET LOCAL statement_timeout = 0";

const READ_ONLY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Reads under [`SETTINGS`]: in the transaction that is open, else in a read-only one of its own. Where it fails, an open
/// transaction can go on.
///
/// # Errors
/// Those of `reading`, and a connection that is gone.
pub(super) async fn qualified<T>(
    client: &Client,
    reading: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    frame(client, READ_ONLY, &[SETTINGS], reading).await
}

/// As [`qualified`], for reading rows.
pub(super) async fn scanning<T>(
    client: &Client,
    reading: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    frame(client, READ_ONLY, &[SETTINGS, UNLIMITED], reading).await
}

/// As [`scanning`], in a transaction that may write. All of it is rolled back.
pub(super) async fn writing<T>(
    client: &Client,
    reading: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    frame(client, "BEGIN", &[SETTINGS, UNLIMITED], reading).await
}

/// As [`qualified`], under other settings.
pub(super) async fn framed<T>(
    client: &Client,
    settings: &str,
    reading: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    frame(client, READ_ONLY, &[settings], reading).await
}

async fn frame<T>(
    client: &Client,
    begin: &str,
    settings: &[&str],
    reading: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    let end = match client.batch_execute("SAVEPOINT backout_look").await {
        Ok(()) => "ROLLBACK TO SAVEPOINT backout_look; RELEASE SAVEPOINT backout_look",
        Err(error) if error.code() == Some(&SqlState::NO_ACTIVE_SQL_TRANSACTION) => {
            run(client, begin).await?;
            "ROLLBACK"
        }
        Err(error) => return Err(failed("could not read the catalogs", &error)),
    };
    let read = match run(client, &settings.join("; ")).await {
        Ok(()) => reading.await,
        Err(error) => Err(error),
    };
    let ended = run(client, end).await;
    let read = read?;
    ended.map(|()| read)
}

/// The rows of a query without parameters. `what` is what is read, for the error: `the tables`.
pub(super) async fn rows(client: &Client, what: &str, query: &str) -> Result<Vec<Row>, PortError> {
    client.query_typed(query, &[]).await.map_err(|error| failed(&format!("could not read {what}"), &error))
}

/// The only row of a query without parameters.
pub(super) async fn row(client: &Client, what: &str, query: &str) -> Result<Row, PortError> {
    client.query_typed_one(query, &[]).await.map_err(|error| failed(&format!("could not read {what}"), &error))
}

async fn run(client: &Client, statements: &str) -> Result<(), PortError> {
    client.batch_execute(statements).await.map_err(|error| failed("could not read the catalogs", &error))
}

/// The name in two columns that follow each other: schema, then name.
pub(super) fn object(row: &Row, first: usize) -> ObjectName {
    ObjectName::new(row.get::<_, String>(first), row.get::<_, String>(first + 1))
}
