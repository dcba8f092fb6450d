//! Tables with their rows: counted, and hashed in the same scan.

use backout_core::data::TableContent;
use backout_core::port::PortError;
use tokio_postgres::{Client, Row};

use super::row_hash::{BY_VALUE, HashedColumn, table_hash};
use crate::look::catalog::{RELATION_COUNTS, object, row, rows, scanning};
use crate::words::quoted;

/// Whether rows are hashed or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hashes {
    /// Only counted.
    None,
    /// Hashed.
    All,
}

/// Every ordinary table and partition with its rows, by name; partitioned tables, foreign tables and materialized views
/// have none of their own. One query and one scan a table, whose own rows alone are counted where others inherit from it.
///
/// # Errors
/// A table that may not be read, or only in part because of row security: an answer about fewer rows would be a lie.
pub(crate) async fn contents(client: &Client, hashes: Hashes) -> Result<Vec<TableContent>, PortError> {
    scanning(client, async {
        let server_version = server_version(client).await?;
        let mut contents = Vec::new();
        for found in rows(client, "the tables", &tables_query()).await? {
            contents.push(content(client, &found, hashes, server_version).await?);
        }
        contents.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(contents)
    })
    .await
}

/// `server_version_num`.
pub(in crate::look) async fn server_version(client: &Client) -> Result<u32, PortError> {
    let row = row(client, "the server's version", "SELECT current_setting('server_version_num')::int4").await?;
    Ok(row.get::<_, i32>(0).unsigned_abs())
}

async fn content(client: &Client, found: &Row, hashes: Hashes, server_version: u32) -> Result<TableContent, PortError> {
    let name = object(found, 0);
    let hash = match hashes {
        Hashes::None => "NULL::text".to_owned(),
        Hashes::All => table_hash(&columns(found), server_version),
    };
    let query = format!("SELECT count(*), {hash} FROM ONLY {} t", name.quoted());
    let counted = row(client, &format!("the rows of `{name}`"), &query).await?;
    let counters: [i64; 3] = [found.get(4), found.get(5), found.get(6)];
    Ok(TableContent {
        rows: counted.get::<_, i64>(0).unsigned_abs(),
        hash: counted.get(1),
        key: found.get(2),
        relfilenode: found.get(3),
        counters: counters.map(i64::unsigned_abs),
        name,
    })
}

fn columns(found: &Row) -> Vec<HashedColumn> {
    let (names, by_value, collated): (Vec<String>, Vec<bool>, Vec<bool>) = (found.get(7), found.get(8), found.get(9));
    let columns = names.iter().zip(by_value).zip(collated);
    columns
        .map(|((name, is_by_value), has_collation)| HashedColumn { quoted: quoted(name), is_by_value, has_collation })
        .collect()
}

/// Name, key, file, counters and columns of every table that holds rows. A domain's base is looked up to two domains deep,
/// and through an array: what lies deeper goes in as text, which is never wrong.
fn tables_query() -> String {
    let key = "ARRAY(SELECT a.attname::text FROM pg_index x, unnest(x.indkey) WITH ORDINALITY AS k (attnum, at) \
        JOIN pg_attribute a ON a.attnum = k.attnum WHERE x.indrelid = c.oid AND x.indisprimary \
        AND a.attrelid = c.oid ORDER BY k.at)";
    let bare = "coalesce(nullif(t.typbasetype, 0), t.oid)";
    format!(
        "SELECT n.nspname::text, c.relname::text, {key}, pg_relation_filenode(c.oid), \
           pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid), \
           coalesce(h.names, '{{}}'), coalesce(h.by_value, '{{}}'), coalesce(h.collated, '{{}}') \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
           LEFT JOIN LATERAL (SELECT array_agg(a.attname::text ORDER BY a.attname) AS names, \
               array_agg(coalesce(v.typnamespace = 'pg_catalog'::regnamespace AND v.typname IN ({BY_VALUE}) \
                 AND coalesce(o.collisdeterministic, true), false) ORDER BY a.attname) AS by_value, \
               array_agg(a.attcollation <> 0 ORDER BY a.attname) AS collated \
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = {bare} \
               JOIN pg_type e ON e.oid = CASE WHEN b.typcategory = 'A' THEN b.typelem ELSE b.oid END \
               JOIN pg_type v ON v.oid = coalesce(nullif(e.typbasetype, 0), e.oid) \
               LEFT JOIN pg_collation o ON o.oid = a.attcollation \
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attname ^@ '_backout') h ON true \
         WHERE c.relkind = 'r' AND {RELATION_COUNTS}"
    )
}
