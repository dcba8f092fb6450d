//! The tables of a database as far as their rows are compared, and what two databases have in common.

use std::collections::BTreeMap;

use backout_core::data::{LostRow, ObjectName};
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::words::failed;

/// How a key column is put in the same order on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::loss) enum Kind {
    /// Integers: by number.
    Integer,
    /// `uuid`: its own order is that of its text.
    Native,
    /// `text` and `varchar`: by bytes.
    Text,
    /// Everything else: by the bytes of its text.
    Other,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::loss) struct Column {
    pub(in crate::loss) name: String,
    /// As `format_type` has it.
    pub(in crate::loss) data_type: String,
    /// Generated columns cannot be written.
    pub(in crate::loss) is_generated: bool,
    /// `GENERATED ALWAYS AS IDENTITY`: can be inserted, cannot be updated.
    pub(in crate::loss) is_fixed: bool,
}

/// A column of the primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::loss) struct KeyColumn {
    pub(in crate::loss) name: String,
    pub(in crate::loss) data_type: String,
    pub(in crate::loss) kind: Kind,
    /// The operator of the key's index, as SQL has it: it may stand in any schema.
    pub(in crate::loss) equals: String,
}

/// A table of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::loss) struct Shape {
    pub(in crate::loss) name: ObjectName,
    pub(in crate::loss) relfilenode: u32,
    /// By name.
    pub(in crate::loss) columns: Vec<Column>,
    pub(in crate::loss) key: Vec<KeyColumn>,
}

impl Shape {
    /// What this table has in common with the same one elsewhere: columns of both names with the types of this one, and
    /// the key where it is the same.
    pub(in crate::loss) fn shared(&self, other: &Shape) -> Shape {
        let has = |name: &str| other.columns.iter().any(|column| column.name == name);
        let columns = self.columns.iter().filter(|column| has(&column.name)).cloned().collect();
        let is_same_key = self.key.len() == other.key.len()
            && self.key.iter().zip(&other.key).all(|(one, another)| one.name == another.name);
        let key = if is_same_key { self.key.iter().zip(&other.key).map(same_order).collect() } else { Vec::new() };
        Shape { columns, key, ..self.clone() }
    }

    /// The same with only the columns that a lost row has, and with the key where the row names it.
    pub(in crate::loss) fn only(&self, row: &LostRow) -> Shape {
        let has = |name: &str| row.row.as_ref().or(row.was.as_ref()).is_some_and(|values| values.contains_key(name));
        let columns = self.columns.iter().filter(|column| has(&column.name)).cloned().collect();
        let is_key = self.key.len() == row.key.len() && self.key.iter().all(|part| row.key.contains_key(&part.name));
        let key = if is_key { self.key.clone() } else { Vec::new() };
        Shape { columns, key, ..self.clone() }
    }
}

/// Of two kinds, the order that both sides can be put in.
fn same_order((one, another): (&KeyColumn, &KeyColumn)) -> KeyColumn {
    let kind = if one.kind == another.kind { one.kind } else { Kind::Other };
    KeyColumn { kind, ..one.clone() }
}

/// Every table that holds rows of its own: partitions one by one, partitioned tables not. Those of the server, of
/// extensions and of ours are left out.
const SHAPES: &str = r"
SELECT n.nspname::text, c.relname::text, coalesce(pg_relation_filenode(c.oid), 0)::oid,
  ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname),
  ARRAY(SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname),
  ARRAY(SELECT a.attgenerated <> '' FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname),
  ARRAY(SELECT a.attidentity = 'a' FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname),
  k.names, k.types, k.oids, k.operators
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
  SELECT array_agg(a.attname::text ORDER BY p.n) AS names, array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY p.n) AS types,
    array_agg(a.atttypid ORDER BY p.n) AS oids,
    array_agg(coalesce((SELECT format('OPERATOR(%I.%s)', s.nspname, o.oprname)
      FROM pg_opclass f JOIN pg_amop m ON m.amopfamily = f.opcfamily AND m.amopstrategy = 3
        AND m.amoplefttype = f.opcintype AND m.amoprighttype = f.opcintype
      JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace s ON s.oid = o.oprnamespace
      WHERE f.oid = i.indclass[p.n - 1]), '=') ORDER BY p.n) AS operators
  FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS p(attnum, n)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = p.attnum
  WHERE i.indrelid = c.oid AND i.indisprimary AND p.n <= i.indnkeyatts) k ON true
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname !~ '^_backout'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2";

/// The tables of the database that `client` is connected to.
pub(in crate::loss) async fn shapes(client: &Client) -> Result<BTreeMap<ObjectName, Shape>, PortError> {
    let rows = client.query(SHAPES, &[]).await.map_err(|error| failed("could not read the tables", &error))?;
    let shapes = rows.iter().map(|row| {
        let name = ObjectName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        let (names, types): (Vec<String>, Vec<String>) = (row.get(3), row.get(4));
        let (generated, fixed): (Vec<bool>, Vec<bool>) = (row.get(5), row.get(6));
        let flags = generated.into_iter().zip(fixed);
        let columns = names
            .into_iter()
            .zip(types)
            .zip(flags)
            .map(|((name, data_type), (is_generated, is_fixed))| Column { name, data_type, is_generated, is_fixed });
        (name.clone(), Shape { name, relfilenode: row.get(2), columns: columns.collect(), key: key(row) })
    });
    Ok(shapes.collect())
}

fn key(row: &tokio_postgres::Row) -> Vec<KeyColumn> {
    let texts = |index: usize| row.get::<_, Option<Vec<String>>>(index).unwrap_or_default();
    let oids = row.get::<_, Option<Vec<u32>>>(9).unwrap_or_default();
    let parts = texts(7).into_iter().zip(texts(8)).zip(oids).zip(texts(10));
    parts.map(|(((name, data_type), oid), equals)| KeyColumn { name, data_type, kind: kind(oid), equals }).collect()
}

/// By the numbers that built-in types have in every database.
fn kind(oid: u32) -> Kind {
    match oid {
        20 | 21 | 23 => Kind::Integer,
        2950 => Kind::Native,
        25 | 1043 => Kind::Text,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(columns: &[&str], key: &[(&str, Kind)]) -> Shape {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            data_type: "text".to_owned(),
            is_generated: false,
            is_fixed: false,
        };
        let part = |(name, kind): &(&str, Kind)| KeyColumn {
            name: (*name).to_owned(),
            data_type: "text".to_owned(),
            kind: *kind,
            equals: "=".to_owned(),
        };
        Shape {
            name: ObjectName::new("public", "t"),
            relfilenode: 1,
            columns: columns.iter().map(column).collect(),
            key: key.iter().map(part).collect(),
        }
    }

    #[test]
    fn only_what_both_have_is_compared() {
        let one = shape(&["a", "b", "id"], &[("id", Kind::Integer)]);
        let other = shape(&["a", "c", "id"], &[("id", Kind::Other)]);
        let shared = one.shared(&other);
        assert_eq!(shared.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["a", "id"]);
        assert_eq!(shared.key[0].kind, Kind::Other);
        assert!(one.shared(&shape(&["a", "id"], &[("a", Kind::Text)])).key.is_empty());
    }
}
