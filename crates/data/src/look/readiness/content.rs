//! What in the database asks for care when it is restored.

use backout_core::data::ObjectName;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::look::catalog::{RELATION_COUNTS, object, row, rows};

/// What asks for care.
pub(super) struct Content {
    pub(super) without_key: Vec<ObjectName>,
    pub(super) unlogged: Vec<ObjectName>,
    pub(super) tablespaces: Vec<String>,
    pub(super) event_triggers: Vec<String>,
    pub(super) large_objects: u64,
}

pub(super) async fn content(client: &Client) -> Result<Content, PortError> {
    let row = row(client, "the catalogs", LISTS).await?;
    Ok(Content {
        // A partition has the key of the table that it is a part of.
        without_key: tables(
            client,
            "c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS (SELECT FROM pg_index x \
             WHERE x.indrelid = c.oid AND x.indisprimary)",
        )
        .await?,
        unlogged: tables(client, "c.relkind = 'r' AND c.relpersistence = 'u'").await?,
        tablespaces: row.get(0),
        event_triggers: row.get(1),
        large_objects: row.get::<_, i64>(2).unsigned_abs(),
    })
}

const LISTS: &str = "SELECT ARRAY(SELECT DISTINCT t.spcname::text FROM pg_class c \
      JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.relkind IN ('r', 'i', 'p', 'm', 't') \
        AND t.spcname <> 'pg_global' ORDER BY 1), \
    ARRAY(SELECT e.evtname::text FROM pg_event_trigger e WHERE NOT EXISTS (SELECT FROM pg_depend d \
      WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e') ORDER BY 1), \
    (SELECT count(*) FROM pg_largeobject_metadata)";

/// Tables of which `condition` holds, by name.
async fn tables(client: &Client, condition: &str) -> Result<Vec<ObjectName>, PortError> {
    let query = format!(
        "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND {RELATION_COUNTS}"
    );
    let mut tables: Vec<ObjectName> =
        rows(client, "the tables", &query).await?.iter().map(|row| object(row, 0)).collect();
    tables.sort();
    Ok(tables)
}
