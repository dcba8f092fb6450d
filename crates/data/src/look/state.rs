//! A look at a database: what it is, its schema, and whether its integrity queries hold.

use backout_core::data::{DatabaseFact, DatabaseSeen, DatabaseState};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::catalog::row;
use super::{integrity, schema};
use crate::words::failed;
use crate::{Target, marks, migrate};

/// Looks at schema, ledgers and integrity, as the role that applications use and under the name that they use. Never
/// fails: what could not be seen is unknown, and says why.
pub(crate) async fn look(target: &Target) -> DatabaseFact {
    let seen = match state(target).await {
        Ok(state) => DatabaseSeen::Known(Box::new(state)),
        Err(error) => DatabaseSeen::Unknown { why: error.what },
    };
    DatabaseFact { database: target.configured.name.clone(), at: target.clock.now(), seen }
}

async fn state(target: &Target) -> Result<DatabaseState, PortError> {
    let session = target.session().await?;
    let client = &*session;
    run(client, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '60s'").await?;
    let query = "SELECT d.datname::text, d.oid, current_setting('server_version_num')::int4, pg_database_size(d.oid) \
        FROM pg_catalog.pg_database d WHERE d.datname = current_database()";
    let row = row(client, "the database", query).await?;
    let state = DatabaseState {
        dbname: row.get(0),
        oid: row.get(1),
        server_version: row.get::<_, i32>(2).unsigned_abs(),
        bytes: row.get::<_, i64>(3).unsigned_abs(),
        schema: schema(client).await?,
        ledgers: migrate::ledgers(client).await?,
        integrity: Vec::new(),
        soft_dropped: migrate::soft_dropped(client).await?,
        kept: marks::list(client).await?,
    };
    run(client, "ROLLBACK").await?;
    Ok(DatabaseState { integrity: integrity(client, &target.configured.integrity).await, ..state })
}

async fn run(client: &Client, statements: &str) -> Result<(), PortError> {
    client.batch_execute(statements).await.map_err(|error| failed("could not look at the database", &error))
}
