//! Foreign keys, as far as the order of rows depends on them.

use std::collections::BTreeMap;

use backout_core::data::ObjectName;
use backout_core::port::PortError;
use tokio_postgres::{Client, Row};

use super::statements::Cascade;
use crate::words::failed;

/// Every foreign key: its table, the one that it refers to, what becomes of its rows when theirs are deleted, and the columns
/// of both.
const REFERENCES: &str = r"
SELECT n.nspname::text, c.relname::text, m.nspname::text, d.relname::text, f.confdeltype::text,
  format('%I.%I', n.nspname, c.relname),
  ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number ORDER BY k.place),
  ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY AS k(number, place)
    JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number ORDER BY k.place)
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class d ON d.oid = f.confrelid JOIN pg_namespace m ON m.oid = d.relnamespace
WHERE f.contype = 'f' ORDER BY 1, 2, 3, 4";

async fn read(client: &Client) -> Result<Vec<Row>, PortError> {
    client.query(REFERENCES, &[]).await.map_err(|error| failed("could not read the foreign keys", &error))
}

fn names(row: &Row) -> (ObjectName, ObjectName) {
    let name = |index: usize| ObjectName::new(row.get::<_, String>(index), row.get::<_, String>(index + 1));
    (name(0), name(2))
}

/// Pairs of a table and one that it refers to.
pub(super) async fn references(client: &Client) -> Result<Vec<(ObjectName, ObjectName)>, PortError> {
    Ok(read(client).await?.iter().map(names).collect())
}

/// By table, what would be deleted or changed elsewhere with its rows.
pub(super) async fn cascades(client: &Client) -> Result<BTreeMap<ObjectName, Vec<Cascade>>, PortError> {
    let mut cascades: BTreeMap<ObjectName, Vec<Cascade>> = BTreeMap::new();
    for row in read(client).await?.iter().filter(|row| matches!(row.get::<_, &str>(4), "c" | "n" | "d")) {
        let (theirs, ours): (Vec<String>, Vec<String>) = (row.get(6), row.get(7));
        let cascade = Cascade { table: row.get(5), columns: theirs.into_iter().zip(ours).collect() };
        cascades.entry(names(row).1).or_default().push(cascade);
    }
    Ok(cascades)
}
