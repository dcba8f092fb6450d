//! What earlier runs have kept, as the database itself knows it.
//!
//! Every schema `_backout_<suffix>` has a table `kept`: what is kept, and the statements that make a renamed column, or a
//! moved table, what it was. Written in the transaction that keeps the thing, so one is never there without the other.

use backout_core::data::{ObjectName, Preserve};
use backout_core::port::PortError;
use tokio_postgres::{Client, GenericClient};

use crate::words::{failed, literal, quoted};

/// Something kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// What, and where.
    pub(super) preserve: Preserve,
    /// Whether it was renamed or moved, not copied.
    pub(super) is_moved: bool,
    /// What makes it what it was, to be run in order.
    pub(super) back: Vec<String>,
}

/// What was soft-dropped and is still there.
///
/// # Errors
/// Where the catalogs or the tables `kept` cannot be read.
pub(crate) async fn soft_dropped(client: &Client) -> Result<Vec<Preserve>, PortError> {
    let mut all = Vec::new();
    for schema in schemas(client).await? {
        let kept = kept(client, &schema).await?;
        all.extend(kept.into_iter().filter(|kept| kept.is_moved).map(|kept| kept.preserve));
    }
    Ok(all)
}

/// Everything that earlier runs keep, copies as well as what was soft-dropped, by the schema that keeps it.
///
/// # Errors
/// Where the catalogs or the tables `kept` cannot be read.
pub(crate) async fn preserved(client: &Client) -> Result<Vec<(String, Vec<Preserve>)>, PortError> {
    let mut all = Vec::new();
    for schema in schemas(client).await? {
        let objects: Vec<Preserve> = kept(client, &schema).await?.into_iter().map(|kept| kept.preserve).collect();
        if !objects.is_empty() {
            all.push((schema, objects));
        }
    }
    Ok(all)
}

/// The schemas that have a table `kept` of ours, as far as the role may look into them.
///
/// # Errors
/// Where the catalogs cannot be read.
pub(super) async fn schemas(client: &Client) -> Result<Vec<String>, PortError> {
    let query = "SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname LIKE '\\_backout\\_%' AND c.relname = 'kept' AND c.relkind = 'r'
                   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'preserve')
                   AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1";
    let rows = client.query(query, &[]).await.map_err(|error| failed("could not look for what was kept", &error))?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

/// What a schema keeps, in the order in which it was kept; nothing where there is no such schema.
///
/// # Errors
/// Where it cannot be read.
pub(super) async fn kept<C: GenericClient>(client: &C, schema: &str) -> Result<Vec<Kept>, PortError> {
    let what = "could not read what was kept";
    let table = format!("{}.kept", quoted(schema));
    let there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await;
    if !there.map_err(|error| failed(what, &error))?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let query = format!("SELECT preserve::text, is_moved, back FROM {table} ORDER BY id");
    let rows = client.query(&query, &[]).await.map_err(|error| failed(what, &error))?;
    let read = |row: tokio_postgres::Row| {
        let preserve = serde_json::from_str(row.get(0)).map_err(|error| PortError::new(format!("{what}: {error}")))?;
        Ok(Kept { preserve, is_moved: row.get(1), back: row.get(2) })
    };
    rows.into_iter().map(read).collect()
}

/// The statements that make a schema to keep things in.
pub(super) fn opened(schema: &str) -> String {
    let schema = quoted(schema);
    format!(
        "CREATE SCHEMA IF NOT EXISTS {schema};
         CREATE TABLE IF NOT EXISTS {schema}.kept (
             id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(),
             preserve jsonb NOT NULL UNIQUE, is_moved boolean NOT NULL, back text[] NOT NULL)"
    )
}

/// The statement that writes down what is kept.
pub(super) fn recorded(schema: &str, kept: &Kept) -> Result<String, PortError> {
    let preserve = json(&kept.preserve)?;
    let back: Vec<String> = kept.back.iter().map(|statement| literal(statement)).collect();
    Ok(format!(
        "INSERT INTO {}.kept (preserve, is_moved, back) VALUES ({preserve}, {}, ARRAY[{}]::text[])",
        quoted(schema),
        kept.is_moved,
        back.join(", ")
    ))
}

/// The statement that forgets what is kept no more.
pub(super) fn forgotten(schema: &str, preserve: &Preserve) -> Result<String, PortError> {
    Ok(format!("DELETE FROM {}.kept WHERE preserve = {}", quoted(schema), json(preserve)?))
}

fn json(preserve: &Preserve) -> Result<String, PortError> {
    let text = serde_json::to_string(preserve).map_err(|error| PortError::new(error.to_string()))?;
    Ok(format!("{}::jsonb", literal(&text)))
}

/// The table that something was kept from, and where it is kept.
pub(super) fn parts(preserve: &Preserve) -> (&ObjectName, &ObjectName) {
    match preserve {
        Preserve::Column { table, kept_as, .. }
        | Preserve::Table { table, kept_as }
        | Preserve::Rows { table, kept_as } => (table, kept_as),
    }
}
