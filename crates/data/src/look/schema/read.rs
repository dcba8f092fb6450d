//! The whole schema. What each reader asks is one query, whatever the number of objects.

use backout_core::data::{ObjectName, Schema};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::{functions, relations, tables, types};
use crate::look::catalog::{RELATION_COUNTS, object, qualified, rows};

/// The schema of the database that `client` is in. Schemas of the server and of `backout` (`_backout…`), columns of
/// `backout` (`_backout…`), and what belongs to an extension are left out. Equal for a database and for its dump restored
/// by a server of the same major version.
///
/// # Errors
/// Where the catalogs cannot be read: a lock of a migration that is held for longer than 5 s among it.
pub(crate) async fn schema(client: &Client) -> Result<Schema, PortError> {
    let read = qualified(client, async {
        Ok(Schema {
            tables: tables::tables(client).await?,
            views: relations::views(client).await?,
            functions: functions::functions(client).await?,
            types: types::types(client).await?,
            sequences: sequences(client).await?,
            extensions: extensions(client).await?,
        })
    });
    read.await.map(sorted)
}

/// The server's order depends on collations: ours does not.
fn sorted(mut schema: Schema) -> Schema {
    schema.tables.sort_by(|a, b| a.name.cmp(&b.name));
    for table in &mut schema.tables {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        table.constraints.sort_by(|a, b| a.name.cmp(&b.name));
        for definitions in [&mut table.indexes, &mut table.triggers, &mut table.policies] {
            definitions.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
    schema.views.sort_by(|a, b| a.name.cmp(&b.name));
    schema.functions.sort_by(|a, b| a.name.cmp(&b.name));
    schema.types.sort_by(|a, b| a.name.cmp(&b.name));
    schema.sequences.sort();
    schema.extensions.sort();
    schema
}

async fn sequences(client: &Client) -> Result<Vec<ObjectName>, PortError> {
    let query = format!(
        "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'S' AND {RELATION_COUNTS}"
    );
    Ok(rows(client, "the sequences", &query).await?.iter().map(|row| object(row, 0)).collect())
}

async fn extensions(client: &Client) -> Result<Vec<String>, PortError> {
    let found = rows(client, "the extensions", "SELECT extname::text FROM pg_extension").await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}
