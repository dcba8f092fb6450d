//! Indexes and pages, looked at by the server's own extension `amcheck`.
//!
//! The extension is used where it is installed; else it is installed in a transaction that is rolled back, where the role
//! may do that: a superuser of a server that takes writes.

use backout_core::policy::{Check, Verdict};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::report::{check, check_of};
use crate::look::catalog::{RELATION_COUNTS, object, row, rows, writing};
use crate::look::contents::server_version;
use crate::words::{failed, quoted};

/// The names of the checks.
const NAMES: [&str; 2] = ["indexes are sound", "pages are sound"];
/// Made for the moment.
const MAKE: &str = "CREATE SCHEMA _backout_look; CREATE EXTENSION amcheck SCHEMA _backout_look";
/// The first version that looks at the pages of tables.
const LOOKS_AT_PAGES: u32 = 140_000;

/// Whether every row of a table is found through its indexes (`bt_index_check` with `heapallindexed`), and whether the
/// pages of tables are sound (`verify_heapam`, from PostgreSQL 14). An index that fails wants a `REINDEX`.
pub(crate) async fn amcheck(client: &Client) -> Vec<Check> {
    let looked = writing(client, async {
        let schema = extension_schema(client).await?;
        let indexes = indexes(client, &schema).await?;
        Ok([indexes, pages(client, &schema).await?])
    });
    match looked.await {
        Ok(checks) => checks.into(),
        Err(error) => NAMES.iter().map(|name| check(name, Verdict::Unmeasurable, error.what.clone())).collect(),
    }
}

/// The schema that `amcheck` is in, quoted. It is made where it is not there; the transaction takes it away again.
async fn extension_schema(client: &Client) -> Result<String, PortError> {
    let query = "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
        WHERE e.extname = 'amcheck'";
    if let Some(found) = rows(client, "the extensions", query).await?.first() {
        return Ok(quoted(&found.get::<_, String>(0)));
    }
    let made = client.batch_execute(MAKE).await;
    made.map_err(|error| failed("`amcheck` is not installed, and could not be for the moment", &error))?;
    Ok(quoted("_backout_look"))
}

async fn indexes(client: &Client, schema: &str) -> Result<Check, PortError> {
    let condition = format!(
        "FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid \
           JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_namespace xn ON xn.oid = i.relnamespace \
         WHERE i.relkind = 'i' AND i.relam = (SELECT oid FROM pg_am WHERE amname = 'btree') AND x.indisvalid \
           AND x.indisready AND (c.relpersistence = 'p' OR NOT pg_is_in_recovery()) AND {RELATION_COUNTS}"
    );
    let call = |index: &str| format!("{schema}.bt_index_check({index}, true)");
    // All in one go first, because nearly always none fails.
    let all = format!("SELECT count(*), count({}) {condition}", call("i.oid::regclass"));
    let at_once = writing(client, async { row(client, "the indexes", &all).await }).await;
    if let Ok(row) = at_once {
        let count: i64 = row.get(0);
        return Ok(check(NAMES[0], Verdict::Healthy, format!("{count} B-tree indexes hold every row of their tables")));
    }
    let mut bad = Vec::new();
    let names = format!("SELECT i.oid, xn.nspname::text, i.relname::text {condition}");
    for found in &rows(client, "the indexes", &names).await? {
        let (oid, name) = (found.get::<_, u32>(0), object(found, 1));
        let one = format!("SELECT 1 FROM (SELECT {}) looked", call(&format!("{oid}::oid::regclass")));
        let what = format!("index `{name}`");
        let looked =
            writing(client, async { client.query_typed(&one, &[]).await.map_err(|error| failed(&what, &error)) });
        bad.extend(looked.await.err().map(|error| format!("{} (`REINDEX INDEX {}`)", error.what, name.quoted())));
    }
    Ok(check_of(NAMES[0], &bad, "each holds every row of its table, when looked at one by one"))
}

async fn pages(client: &Client, schema: &str) -> Result<Check, PortError> {
    if server_version(client).await? < LOOKS_AT_PAGES {
        return Ok(check(NAMES[1], Verdict::Unmeasurable, "PostgreSQL looks at pages since version 14"));
    }
    let query = format!(
        "SELECT n.nspname::text, c.relname::text, count(v.msg), min(v.msg) FROM pg_class c \
           JOIN pg_namespace n ON n.oid = c.relnamespace \
           LEFT JOIN LATERAL {schema}.verify_heapam(c.oid::regclass) v ON true \
         WHERE c.relkind IN ('r', 'm') AND (c.relpersistence = 'p' OR NOT pg_is_in_recovery()) AND {RELATION_COUNTS} \
         GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let tables = rows(client, "the pages of the tables", &query).await?;
    let bad: Vec<String> = tables
        .iter()
        .filter(|row| row.get::<_, i64>(2) > 0)
        .map(|row| format!("`{}` has {} faults: {}", object(row, 0), row.get::<_, i64>(2), row.get::<_, String>(3)))
        .collect();
    Ok(check_of(NAMES[1], &bad, format!("the pages of {} tables have no fault", tables.len())))
}
