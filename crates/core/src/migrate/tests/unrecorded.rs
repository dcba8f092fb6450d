//! Telling what is done and not written down from what is not done.

use super::schemas::{column, shop};
use crate::data::{Column, Schema};
use crate::migrate::{Trial, unrecorded, whole};

/// The schema with these columns of `orders` beside its own, or instead of those of the same name.
fn with(columns: &[Column]) -> Schema {
    let mut schema = shop();
    for column in columns {
        schema.tables[0].columns.retain(|it| it.name != column.name);
        schema.tables[0].columns.push(column.clone());
    }
    schema
}

#[test]
fn a_schema_that_the_migration_leads_back_to_is_where_it_leads() {
    let trial = Trial { now: shop(), across: with(&[column("price", "integer")]), back: shop() };
    assert_eq!(unrecorded(&trial), Ok(()));
}

#[test]
fn half_of_a_migration_undone_by_hand_is_somewhere_else() {
    // It added `price` and made `note` longer; somebody has dropped the one and left the other.
    let longer = column("note", "character varying(40)");
    let half = with(std::slice::from_ref(&longer));
    let trial = Trial { now: half, across: with(&[longer, column("price", "integer")]), back: shop() };
    let why = unrecorded(&trial).unwrap_err();
    assert!(why.contains("`note`") && why.contains("is not what it leads to"), "{why}");
}

#[test]
fn a_migration_that_leaves_no_trace_in_the_schema_proves_nothing() {
    let why = unrecorded(&Trial { now: shop(), across: shop(), back: shop() }).unwrap_err();
    assert!(why.contains("with and without"), "{why}");
}

#[test]
fn only_a_script_that_is_one_transaction_is_whole() {
    let django = "BEGIN;\n--\n-- Add field price to order\n--\nALTER TABLE \"o\" ADD COLUMN \"price\" integer DEFAULT 1 NOT NULL;\n\
                  ALTER TABLE \"o\" ALTER COLUMN \"price\" DROP DEFAULT;\nCOMMIT;\n";
    assert_eq!(whole(django).unwrap().len(), 2);
    assert_eq!(whole("BEGIN;\n-- nothing that SQL says\nCOMMIT;"), Some(Vec::new()));
    for parts in [
        "",
        "ALTER TABLE o DROP COLUMN price;",
        "BEGIN; ALTER TABLE o DROP COLUMN price;",
        "BEGIN; ALTER TABLE o DROP COLUMN price; COMMIT; DROP TABLE o",
        "BEGIN; ALTER TABLE o DROP COLUMN price; COMMIT; BEGIN; DROP TABLE o; COMMIT",
        "BEGIN; CREATE INDEX CONCURRENTLY i ON o (price); COMMIT",
        "BEGIN; DROP TABLE o; ROLLBACK",
    ] {
        assert_eq!(whole(parts), None, "{parts}");
    }
}
