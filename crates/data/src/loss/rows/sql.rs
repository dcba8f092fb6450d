//! The questions that are asked about the rows of a table, as text.
//!
//! Contract: pure. Names of the user's only ever stand quoted and behind the alias `v` or in a list of columns, so that a
//! column may be called anything. Values travel as text, which every type can be written as and read from: numbers of types
//! differ between two databases, and a binary array or record names them.

use super::ranges::Ranges;
use super::shape::{Kind, Shape};
use super::walk::Stops;
use crate::words::quoted;

/// Texts come out the same on both sides: everything that the way of writing a value depends on. And room to sort in, with no
/// time spent on compiling what runs once.
pub(in crate::loss) const SETTINGS: &str = "SET search_path = pg_catalog; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; \
    SET timezone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET lc_monetary = 'C'; SET xmlbinary = 'base64'; \
    SET row_security = off; SET statement_timeout = 0; SET lock_timeout = '5s'; SET work_mem = '64MB'; SET jit = off";

/// A transaction number in 32 bits, as a condition has it.
fn age(xid: u32) -> String {
    format!("age('{xid}'::xid)")
}

/// Whether a row version was there before the transaction `boundary`.
fn untouched(boundary: Option<u32>) -> String {
    boundary.map_or_else(|| "false".to_owned(), |xid| format!("age(v.xmin) > {}", age(xid)))
}

/// Whether a row version is not older than the transaction `since`.
pub(in crate::loss) fn young(since: u32) -> String {
    format!("age(v.xmin) <= {}", age(since))
}

fn texts(shape: &Shape) -> String {
    let text = |name: &String| format!("v.{}::text", quoted(name));
    shape.columns.iter().map(|column| text(&column.name)).collect::<Vec<_>>().join(", ")
}

/// A number for the values of a row; equal for equal texts.
fn hash(shape: &Shape) -> String {
    format!("hashtextextended(ROW({})::text, 0)", texts(shape))
}

fn from(shape: &Shape) -> String {
    format!("ONLY {} v", shape.name.quoted())
}

/// Every row, and those for which `condition` holds.
pub(in crate::loss) fn counts(shape: &Shape, condition: &str) -> String {
    format!("SELECT count(*), count(*) FILTER (WHERE {condition}) FROM {}", from(shape))
}

/// Every row, and those that nobody wrote since `boundary`.
pub(in crate::loss) fn counts_untouched(shape: &Shape, boundary: Option<u32>) -> String {
    counts(shape, &untouched(boundary))
}

/// Rows with the number of the transaction that wrote them, first: those of `condition`.
pub(in crate::loss) fn rows(shape: &Shape, condition: &str) -> String {
    let columns = texts(shape);
    let comma = if columns.is_empty() { "" } else { ", " };
    format!("SELECT v.xmin::text{comma}{columns} FROM {} WHERE {condition}", from(shape))
}

/// Rows as [`rows`] has them, with their hash last: those with the hashes `$1`.
pub(in crate::loss) fn rows_by_hash(shape: &Shape, boundary: Option<u32>) -> String {
    let (columns, hash) = (texts(shape), hash(shape));
    let comma = if columns.is_empty() { "" } else { ", " };
    let only = boundary.map(|_| format!(" AND {}", untouched(boundary))).unwrap_or_default();
    format!("SELECT v.xmin::text{comma}{columns}, {hash} FROM {} WHERE {hash} = ANY($1::int8[]){only}", from(shape))
}

/// The rows with the keys in `$1`, `$2` … (an array for each key column): place of the key, transaction, untouched, values.
pub(in crate::loss) fn look_up(shape: &Shape, boundary: Option<u32>, is_locked: bool) -> String {
    let arrays: Vec<String> = (1..=shape.key.len()).map(|n| format!("${n}::text[]")).collect();
    let names: Vec<String> = (1..=shape.key.len()).map(|n| format!("c{n}")).collect();
    let columns = texts(shape);
    let comma = if columns.is_empty() { "" } else { ", " };
    let lock = if is_locked { " FOR UPDATE OF v" } else { "" };
    format!(
        "SELECT k.n, v.xmin::text, {}{comma}{columns} FROM unnest({}) WITH ORDINALITY AS k({}, n) JOIN {} ON {}{lock}",
        untouched(boundary),
        arrays.join(", "),
        names.join(", "),
        from(shape),
        join(shape, "k"),
    )
}

/// The key of `v` is that of `given`, whose columns are `c1`, `c2` …
pub(in crate::loss) fn join(shape: &Shape, given: &str) -> String {
    let parts = shape.key.iter().enumerate().map(|(index, part)| {
        format!("v.{} {} {given}.c{}::{}", quoted(&part.name), part.equals, index + 1, part.data_type)
    });
    parts.collect::<Vec<_>>().join(" AND ")
}

/// Keys in an order that both sides share, each with its row's hash last where rows are wanted. Without it nothing but the key
/// is asked for, so that the index alone can answer.
pub(in crate::loss) fn keys(shape: &Shape, stops: Stops<'_>) -> String {
    let part = |kind: Kind, name: &str| match kind {
        Kind::Integer => format!("v.{}::int8", quoted(name)),
        _ => format!("v.{}::text", quoted(name)),
    };
    let order = |kind: Kind, name: &str| match kind {
        Kind::Integer | Kind::Native => format!("v.{}", quoted(name)),
        Kind::Text => format!("v.{} COLLATE \"C\"", quoted(name)),
        Kind::Other => format!("v.{}::text COLLATE \"C\"", quoted(name)),
    };
    let parts: Vec<String> = shape.key.iter().map(|column| part(column.kind, &column.name)).collect();
    let orders: Vec<String> = shape.key.iter().map(|column| order(column.kind, &column.name)).collect();
    let (hash, from) = match stops {
        Stops::Rows => (format!(", {}", hash(shape)), from(shape)),
        Stops::Keys => (String::new(), from(shape)),
        Stops::Within(ranges) => (String::new(), within(shape, ranges)),
    };
    let (parts, orders) = (parts.join(", "), orders.join(", "));
    format!("SELECT {parts}{hash} FROM {from} ORDER BY {orders}")
}

/// The first column of a key, which is a whole number.
fn number(shape: &Shape) -> String {
    format!("v.{}", shape.key.first().map(|part| quoted(&part.name)).unwrap_or_default())
}

/// The keys of ranges. A join would sort the whole table; this looks each range up in the index.
fn within(shape: &Shape, ranges: &Ranges) -> String {
    let list = |ends: Vec<String>| format!("'{{{}}}'::int8[]", ends.join(","));
    let (least, greatest) = ranges.ends().map(|(least, greatest)| (least.to_string(), greatest.to_string())).unzip();
    let key = number(shape);
    format!(
        "unnest({}, {}) AS r(a, z) CROSS JOIN LATERAL (SELECT {key} FROM {} WHERE {key} BETWEEN r.a AND r.z OFFSET 0) v",
        list(least),
        list(greatest),
        from(shape),
    )
}

/// The least key and the greatest.
pub(in crate::loss) fn ends(shape: &Shape) -> String {
    let key = number(shape);
    // The index has them where the column stands bare.
    format!("SELECT min({key})::int8, max({key})::int8 FROM {}", from(shape))
}

/// The sum of the hashes of the keys that are equal but for their last `shift` bits, for each of these.
pub(in crate::loss) fn sums(shape: &Shape, shift: u32) -> String {
    let key = format!("{}::int8", number(shape));
    format!("SELECT {key} >> {shift}, sum(hashint8extended({key}, 0))::text FROM {} GROUP BY 1", from(shape))
}

/// The hashes of rows, in order: all, or those that nobody wrote since `boundary`.
pub(in crate::loss) fn hashes(shape: &Shape, boundary: Option<u32>) -> String {
    let only = boundary.map(|_| format!(" WHERE {}", untouched(boundary))).unwrap_or_default();
    format!("SELECT {} AS h FROM {}{only} ORDER BY h", hash(shape), from(shape))
}

#[cfg(test)]
mod tests {
    use backout_core::data::ObjectName;

    use super::*;
    use crate::loss::rows::shape::{Column, KeyColumn};

    fn shape() -> Shape {
        let column = |name: &str| Column {
            name: name.to_owned(),
            data_type: "text".to_owned(),
            is_generated: false,
            is_fixed: false,
        };
        let key = |name: &str, kind, equals: &str| KeyColumn {
            name: name.to_owned(),
            data_type: "public.citext".to_owned(),
            kind,
            equals: equals.to_owned(),
        };
        Shape {
            name: ObjectName::new("public", "we\"ird"),
            relfilenode: 1,
            columns: vec![column("t"), column("v")],
            key: vec![key("t", Kind::Integer, "="), key("v", Kind::Other, "OPERATOR(public.=)")],
        }
    }

    #[test]
    fn names_stand_quoted_behind_their_alias() {
        assert_eq!(
            rows(&shape(), &young(7)),
            "SELECT v.xmin::text, v.\"t\"::text, v.\"v\"::text FROM ONLY \"public\".\"we\"\"ird\" v \
             WHERE age(v.xmin) <= age('7'::xid)"
        );
    }

    #[test]
    fn keys_are_joined_with_the_operator_of_their_index() {
        assert_eq!(
            look_up(&shape(), None, true),
            "SELECT k.n, v.xmin::text, false, v.\"t\"::text, v.\"v\"::text FROM unnest($1::text[], $2::text[]) \
             WITH ORDINALITY AS k(c1, c2, n) JOIN ONLY \"public\".\"we\"\"ird\" v ON v.\"t\" = k.c1::public.citext \
             AND v.\"v\" OPERATOR(public.=) k.c2::public.citext FOR UPDATE OF v"
        );
    }

    #[test]
    fn keys_come_in_an_order_that_no_locale_changes() {
        assert_eq!(
            keys(&shape(), Stops::Keys),
            "SELECT v.\"t\"::int8, v.\"v\"::text FROM ONLY \"public\".\"we\"\"ird\" v \
             ORDER BY v.\"t\", v.\"v\"::text COLLATE \"C\""
        );
        let ranges = Ranges { shift: 7, numbers: vec![-1, 3] };
        assert!(
            keys(&shape(), Stops::Within(&ranges))
                .contains(" FROM unnest('{-128,384}'::int8[], '{-1,511}'::int8[]) AS r(a, z) CROSS JOIN LATERAL (SELECT v.\"t\" FROM ONLY ")
        );
    }
}
