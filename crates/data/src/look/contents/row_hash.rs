//! How a row is hashed, so that equal rows have equal hashes in a database and in its restored dump.
//!
//! A row is hashed as `hash_record_extended(ROW(…), 0)` of its columns in the order of their names, because a restore may
//! change the order of inherited columns. What each column goes in as:
//!
//! | the column's type, behind domains and arrays                                   | goes in as              |
//! |--------------------------------------------------------------------------------|-------------------------|
//! | a type of the server that is hashed by its value                               | itself                  |
//! | enums and `reg…` types: hashed by object numbers, which a restore changes      | its text                |
//! | types without a hash (`json`, `xml`, `point`, …), of extensions, composites    | its text                |
//! | a text of a nondeterministic collation: hashed by a version of ICU             | its text, as bytes      |
//!
//! PostgreSQL 13 cannot hash records: there the text of the whole row is hashed. The hash says which it is, `record:…` or
//! `text:…`, and the two are never compared.

/// A column of a table.
pub(super) struct HashedColumn {
    /// Its name, quoted.
    pub(super) quoted: String,
    /// Whether its type is one of [`BY_VALUE`], and its collation deterministic.
    pub(super) is_by_value: bool,
    /// Whether it has a collation.
    pub(super) has_collation: bool,
}

/// Types that the server hashes by their value.
pub(super) const BY_VALUE: &str = "'bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar', \
    'bpchar', 'char', 'name', 'bytea', 'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'uuid', \
    'inet', 'cidr', 'macaddr', 'macaddr8', 'jsonb', 'oid', 'pg_lsn', 'int4range', 'int8range', 'numrange', \
    'daterange', 'tsrange', 'tstzrange'";

/// The first version that hashes records.
const HASHES_RECORDS: u32 = 140_000;

/// The expression of a hash over all rows of a table `t`: exact, order-independent, a text.
pub(super) fn table_hash(columns: &[HashedColumn], server_version: u32) -> String {
    let columns: Vec<String> = columns.iter().map(input).collect();
    let row = format!("ROW({})", columns.join(", "));
    // `sum(bigint)` adds up in 128 bits and answers a `numeric`: nothing is rounded, nothing overflows.
    if server_version >= HASHES_RECORDS {
        format!("'record:' || coalesce(sum(hash_record_extended({row}, 0)), 0)")
    } else {
        format!("'text:' || coalesce(sum(hashtextextended({row}::text COLLATE \"C\", 0)), 0)")
    }
}

fn input(column: &HashedColumn) -> String {
    let name = format!("t.{}", column.quoted);
    match column {
        HashedColumn { is_by_value: true, .. } => name,
        HashedColumn { has_collation: true, .. } => format!("({name}::text COLLATE \"C\")"),
        HashedColumn { .. } => format!("{name}::text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hashed_by_object_numbers_goes_in_as_text() {
        let column = |quoted: &str, is_by_value, has_collation| HashedColumn {
            quoted: quoted.to_owned(),
            is_by_value,
            has_collation,
        };
        let columns = [column("\"id\"", true, false), column("\"mood\"", false, false), column("\"t\"", false, true)];
        assert_eq!(
            table_hash(&columns, 150_018),
            "'record:' || coalesce(sum(hash_record_extended(ROW(t.\"id\", t.\"mood\"::text, \
             (t.\"t\"::text COLLATE \"C\")), 0)), 0)"
        );
        assert!(table_hash(&columns, 130_000).starts_with("'text:' || coalesce(sum(hashtextextended(ROW("));
    }
}
