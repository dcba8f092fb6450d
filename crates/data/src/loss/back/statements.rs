//! The statements that put rows back, as text.
//!
//! Contract: as [`crate::loss::rows::sql`]: pure, names quoted. Rows come as one array of texts for each column, named `g`: first the key's
//! columns `c1`, `c2` …, then the values `w1`, `w2` …

use crate::loss::rows::shape::{Column, Shape};
use crate::loss::rows::sql;
use crate::words::quoted;

/// A foreign key of another table that changes or deletes that table's rows when ours are deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cascade {
    /// The other table, as SQL has it.
    pub(super) table: String,
    /// Its columns, each with ours that it refers to.
    pub(super) columns: Vec<(String, String)>,
}

/// The columns that an insert writes.
pub(super) fn inserted(shape: &Shape) -> impl Iterator<Item = &Column> {
    shape.columns.iter().filter(|column| !column.is_generated)
}

/// The columns that an update writes.
pub(super) fn updated(shape: &Shape) -> impl Iterator<Item = &Column> {
    let is_key = |column: &Column| shape.key.iter().any(|part| part.name == column.name);
    shape.columns.iter().filter(move |column| !column.is_generated && !column.is_fixed && !is_key(column))
}

/// `unnest($1::text[], …) AS g(c1, …, w1, …)` of so many key columns and values.
fn given(keys: usize, values: usize) -> String {
    let arrays: Vec<String> = (1..=keys + values).map(|n| format!("${n}::text[]")).collect();
    let names = (1..=keys).map(|n| format!("c{n}")).chain((1..=values).map(|n| format!("w{n}")));
    format!("unnest({}) AS g({})", arrays.join(", "), names.collect::<Vec<_>>().join(", "))
}

/// Puts rows in. One whose place is taken is left out.
pub(super) fn insert(shape: &Shape) -> String {
    let columns: Vec<&Column> = inserted(shape).collect();
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let values: Vec<String> = (1..).zip(&columns).map(|(n, column)| format!("g.w{n}::{}", column.data_type)).collect();
    format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} ON CONFLICT DO NOTHING",
        shape.name.quoted(),
        names.join(", "),
        values.join(", "),
        given(0, columns.len()),
    )
}

/// Gives rows other values.
pub(super) fn update(shape: &Shape) -> String {
    let columns: Vec<&Column> = updated(shape).collect();
    let sets: Vec<String> = (1..)
        .zip(&columns)
        .map(|(n, column)| format!("{} = g.w{n}::{}", quoted(&column.name), column.data_type))
        .collect();
    format!(
        "UPDATE ONLY {} v SET {} FROM {} WHERE {}",
        shape.name.quoted(),
        sets.join(", "),
        given(shape.key.len(), columns.len()),
        sql::join(shape, "g"),
    )
}

/// Deletes rows, but for those that would take rows of other tables along.
pub(super) fn delete(shape: &Shape, cascades: &[Cascade]) -> String {
    let spared = cascades.iter().map(|cascade| {
        let pairs = cascade.columns.iter().map(|(theirs, ours)| format!("f.{} = v.{}", quoted(theirs), quoted(ours)));
        format!(" AND NOT EXISTS (SELECT FROM {} f WHERE {})", cascade.table, pairs.collect::<Vec<_>>().join(" AND "))
    });
    format!(
        "DELETE FROM ONLY {} v USING {} WHERE {}{}",
        shape.name.quoted(),
        given(shape.key.len(), 0),
        sql::join(shape, "g"),
        spared.collect::<String>(),
    )
}

/// The places of rows that the table has already, by all of their values: for a table without a key.
pub(super) fn alike(shape: &Shape) -> String {
    let columns = shape.columns.len();
    let arrays: Vec<String> = (1..=columns).map(|n| format!("${n}::text[]")).collect();
    let names: Vec<String> = (1..=columns).map(|n| format!("w{n}")).collect();
    let theirs: Vec<String> = shape.columns.iter().map(|column| format!("v.{}::text", quoted(&column.name))).collect();
    let ours: Vec<String> = names.iter().map(|name| format!("g.{name}")).collect();
    format!(
        "SELECT g.n FROM unnest({}) WITH ORDINALITY AS g({}, n) WHERE ROW({})::text IN (SELECT ROW({})::text FROM ONLY {} v)",
        arrays.join(", "),
        names.join(", "),
        ours.join(", "),
        theirs.join(", "),
        shape.name.quoted(),
    )
}

#[cfg(test)]
mod tests {
    use backout_core::data::ObjectName;

    use super::*;
    use crate::loss::rows::shape::{KeyColumn, Kind};

    fn shape() -> Shape {
        let column = |name: &str, is_generated, is_fixed| Column {
            name: name.to_owned(),
            data_type: "integer".to_owned(),
            is_generated,
            is_fixed,
        };
        let key = KeyColumn {
            name: "id".to_owned(),
            data_type: "integer".to_owned(),
            kind: Kind::Integer,
            equals: "=".to_owned(),
        };
        Shape {
            name: ObjectName::new("public", "tgt"),
            relfilenode: 1,
            columns: vec![column("g", false, false), column("id", false, true), column("sum", true, false)],
            key: vec![key],
        }
    }

    #[test]
    fn generated_columns_are_not_written_and_identities_only_once() {
        assert_eq!(
            insert(&shape()),
            "INSERT INTO \"public\".\"tgt\" (\"g\", \"id\") OVERRIDING SYSTEM VALUE SELECT g.w1::integer, g.w2::integer \
             FROM unnest($1::text[], $2::text[]) AS g(w1, w2) ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            update(&shape()),
            "UPDATE ONLY \"public\".\"tgt\" v SET \"g\" = g.w1::integer FROM unnest($1::text[], $2::text[]) AS g(c1, w1) \
             WHERE v.\"id\" = g.c1::integer"
        );
    }

    #[test]
    fn a_delete_spares_what_others_hang_on() {
        let cascade =
            Cascade { table: "public.lines".to_owned(), columns: vec![("order_id".to_owned(), "id".to_owned())] };
        assert_eq!(
            delete(&shape(), &[cascade]),
            "DELETE FROM ONLY \"public\".\"tgt\" v USING unnest($1::text[]) AS g(c1) WHERE v.\"id\" = g.c1::integer \
             AND NOT EXISTS (SELECT FROM public.lines f WHERE f.\"order_id\" = v.\"id\")"
        );
    }
}
