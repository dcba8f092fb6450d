//! Tables with their columns and constraints.

use std::collections::BTreeMap;

use backout_core::data::{Column, Constraint, ConstraintKind, ObjectName, Table};
use backout_core::port::PortError;
use tokio_postgres::{Client, Row};

use super::relations::{self, Definitions};
use super::spelling::settled;
use crate::look::catalog::{RELATION_COUNTS, object, rows};

/// Foreign keys that stand for one of a partitioned table are left out: the server makes them again by itself, under
/// names of its own choice.
pub(in crate::look) const CONSTRAINT_COUNTS: &str =
    "k.contype IN ('p', 'u', 'f', 'c', 'x', 'n') AND NOT (k.contype = 'f' AND k.conparentid <> 0)";

/// Every table of somebody's schema: ordinary, partitioned, partition, foreign.
pub(super) async fn tables(client: &Client) -> Result<Vec<Table>, PortError> {
    let mut columns = columns(client).await?;
    let mut constraints = constraints(client).await?;
    let mut indexes = relations::indexes(client).await?;
    let mut triggers = relations::triggers(client).await?;
    let mut policies = relations::policies(client).await?;
    let query = format!(
        "SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence = 'u', \
           ARRAY(SELECT pn.nspname::text {PARENTS}), ARRAY(SELECT p.relname::text {PARENTS}), {ATTRIBUTES} \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'f') AND {RELATION_COUNTS}"
    );
    let found = rows(client, "the tables", &query).await?;
    let tables = found.iter().map(|row| {
        let oid: u32 = row.get(0);
        let of = |definitions: &mut Definitions| definitions.remove(&oid).unwrap_or_default();
        let (schemas, names): (Vec<String>, Vec<String>) = (row.get(5), row.get(6));
        Table {
            name: object(row, 1),
            kind: letter(row, 3).unwrap_or('r'),
            is_unlogged: row.get(4),
            parents: schemas.into_iter().zip(names).map(|(schema, name)| ObjectName { schema, name }).collect(),
            columns: columns.remove(&oid).unwrap_or_default(),
            constraints: constraints.remove(&oid).unwrap_or_default(),
            indexes: of(&mut indexes),
            triggers: of(&mut triggers),
            policies: of(&mut policies),
            attributes: row.get::<_, Vec<String>>(7).iter().map(|text| settled(text)).collect(),
        }
    });
    Ok(tables.collect())
}

const PARENTS: &str = "FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent \
    JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid ORDER BY i.inhseqno";

const ATTRIBUTES: &str = "array_remove(ARRAY[ \
    CASE WHEN c.relkind = 'p' THEN 'PARTITION BY ' || pg_get_partkeydef(c.oid) END, \
    CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END, \
    CASE WHEN c.reloftype <> 0 THEN 'OF ' || format_type(c.reloftype, NULL) END, \
    CASE WHEN c.relrowsecurity THEN 'ROW LEVEL SECURITY' END, \
    CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END, \
    CASE c.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING' \
      WHEN 'i' THEN 'REPLICA IDENTITY USING INDEX ' || coalesce((SELECT quote_ident(ic.relname) FROM pg_index ix \
        JOIN pg_class ic ON ic.oid = ix.indexrelid WHERE ix.indrelid = c.oid AND ix.indisreplident), '') END, \
    (SELECT 'SERVER ' || quote_ident(s.srvname) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver \
      WHERE f.ftrelid = c.oid)], NULL)";

async fn columns(client: &Client) -> Result<BTreeMap<u32, Vec<Column>>, PortError> {
    let query = format!(
        "SELECT a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod) || CASE \
             WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END, \
           a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text, a.attidentity::text \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
           JOIN pg_type t ON t.oid = a.atttypid \
           LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE a.attnum > 0 AND NOT a.attisdropped AND NOT a.attname ^@ '_backout' \
           AND c.relkind IN ('r', 'p', 'f') AND {RELATION_COUNTS}"
    );
    let mut columns = BTreeMap::<u32, Vec<Column>>::new();
    for row in &rows(client, "the columns", &query).await? {
        columns.entry(row.get(0)).or_default().push(column(row));
    }
    Ok(columns)
}

fn column(row: &Row) -> Column {
    let expression = row.get::<_, Option<String>>(4).map(|text| settled(&text));
    let (default, generated) = match letter(row, 5) {
        None => (expression, None),
        // A virtual column (PostgreSQL 18) is computed when it is read: exchanging it for a stored one is a change.
        Some('v') => (None, expression.map(|text| format!("{text} VIRTUAL"))),
        Some(_) => (None, expression),
    };
    Column {
        name: row.get(1),
        data_type: row.get(2),
        not_null: row.get(3),
        default,
        generated,
        identity: letter(row, 6),
    }
}

async fn constraints(client: &Client) -> Result<BTreeMap<u32, Vec<Constraint>>, PortError> {
    let query = format!(
        "SELECT k.conrelid, k.conname::text, k.contype::text, pg_get_constraintdef(k.oid), k.convalidated \
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {CONSTRAINT_COUNTS} AND {RELATION_COUNTS}"
    );
    let mut constraints = BTreeMap::<u32, Vec<Constraint>>::new();
    for row in &rows(client, "the constraints", &query).await? {
        let Some(kind) = letter(row, 2).and_then(constraint_kind) else { continue };
        let definition = settled(row.get(3));
        let constraint = Constraint { name: row.get(1), kind, definition, is_validated: row.get(4) };
        constraints.entry(row.get(0)).or_default().push(constraint);
    }
    Ok(constraints)
}

/// What a letter of `pg_constraint.contype` stands for, among those that count.
pub(in crate::look) fn constraint_kind(letter: char) -> Option<ConstraintKind> {
    Some(match letter {
        'p' => ConstraintKind::Primary,
        'u' => ConstraintKind::Unique,
        'f' => ConstraintKind::Foreign,
        'c' => ConstraintKind::Check,
        'x' => ConstraintKind::Exclusion,
        'n' => ConstraintKind::NotNull,
        _ => return None,
    })
}

/// The letter in a column of the catalogs; `None` where it is the empty one.
fn letter(row: &Row, index: usize) -> Option<char> {
    row.get::<_, &str>(index).chars().next()
}
