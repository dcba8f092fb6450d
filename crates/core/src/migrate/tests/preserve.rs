//! What is kept before migrations are undone.

use super::schemas::{column, constraint, shop, table};
use crate::data::{
    ConstraintKind, Framework, Migration, MigrationGraph, ObjectName, Preserve, Revision, Schema, Table,
};
use crate::migrate::{Undoing, is_renamed, preservation};

/// The shop with a column and a table more.
fn grown() -> Schema {
    let mut now = shop();
    now.tables[0].columns.push(column("price", "numeric"));
    let key = constraint("k", ConstraintKind::Primary, "PRIMARY KEY (id)");
    now.tables.push(Table { constraints: vec![key], columns: vec![column("id", "bigint")], ..table("prices") });
    now
}

fn kept(framework: Framework, down: Option<&str>, now: &Schema) -> Vec<(String, ObjectName)> {
    let revision = Revision("2".into());
    let migration = Migration {
        revision: revision.clone(),
        needs: Vec::new(),
        has_inverse: Some(true),
        compatibility: None,
        up: None,
        down: down.map(str::to_owned),
    };
    let graph = MigrationGraph { migrations: vec![migration] };
    let undo = [revision];
    let kept = preservation(&Undoing { framework, graph: &graph, undo: &undo, then: &shop(), now }, "7");
    let shown = |preserve: Preserve| match preserve {
        Preserve::Column { table, column, kept_as } => (format!("{table}.{column}"), kept_as),
        Preserve::Table { table, kept_as } => (format!("{table}"), kept_as),
        Preserve::Rows { table, kept_as } => (format!("{table}.*"), kept_as),
    };
    kept.into_iter().map(shown).collect()
}

fn place(schema: &str, name: &str) -> ObjectName {
    ObjectName::new(schema, name)
}

#[test]
fn what_our_own_scripts_drop_is_renamed_or_moved() {
    let down = "ALTER TABLE orders DROP COLUMN price; DROP TABLE prices";
    let seen = kept(Framework::Dbmate, Some(down), &grown());
    let wanted = [
        ("orders.price".to_owned(), place("public", "_rb7_price")),
        ("prices".to_owned(), place("_backout_7", "prices")),
    ];
    assert_eq!(seen, wanted);
    assert!(is_renamed(&seen[0].1) && !is_renamed(&seen[1].1));
}

#[test]
fn what_a_tool_drops_is_copied_since_its_script_must_find_it() {
    for (framework, down) in [
        (Framework::Django, None),
        (Framework::Alembic, None),
        (Framework::Flyway, Some("ALTER TABLE orders DROP COLUMN price; DROP TABLE prices")),
        (Framework::Sqlx, Some("ALTER TABLE orders DROP COLUMN price CASCADE; DROP TABLE prices CASCADE")),
        (Framework::Sqlx, Some("DO $$ BEGIN EXECUTE 'DROP TABLE prices'; END $$")),
    ] {
        let wanted = [
            ("orders.price".to_owned(), place("_backout_7", "orders__price")),
            ("prices".to_owned(), place("_backout_7", "prices")),
        ];
        assert_eq!(kept(framework, down, &grown()), wanted, "{framework}");
    }
}

#[test]
fn a_column_that_is_renamed_and_then_dropped_is_found_by_the_schemas() {
    let down = "ALTER TABLE orders RENAME price TO cost; ALTER TABLE orders DROP cost";
    let seen = kept(Framework::Diesel, Some(down), &grown());
    assert_eq!(seen[0], ("orders.price".to_owned(), place("_backout_7", "orders__price")));
}

#[test]
fn values_and_rows_that_are_overwritten_or_deleted_are_copied() {
    let seen = kept(Framework::Dbmate, Some("UPDATE orders SET note = 'x'"), &shop());
    assert_eq!(seen, [("orders.note".to_owned(), place("_backout_7", "orders__note"))]);
    let seen = kept(Framework::Dbmate, Some("DELETE FROM orders"), &shop());
    assert_eq!(seen, [("orders.*".to_owned(), place("_backout_7", "orders__rows"))]);
    let seen = kept(Framework::Dbmate, Some("ALTER TABLE orders ALTER note TYPE varchar(3)"), &shop());
    assert_eq!(seen, [("orders.note".to_owned(), place("_backout_7", "orders__note"))]);
    let mut other = shop();
    other.tables[0].columns[1].data_type = "jsonb".into();
    assert_eq!(kept(Framework::Alembic, None, &other)[0].0, "orders.note");
}

#[test]
fn a_table_without_a_key_is_copied_as_a_whole() {
    let mut now = grown();
    now.tables[0].constraints.clear();
    assert_eq!(kept(Framework::Django, None, &now)[0], ("orders.*".to_owned(), place("_backout_7", "orders__rows")));
}

#[test]
fn a_column_that_the_database_computes_is_not_kept() {
    let mut now = shop();
    let mut twice = column("twice", "bigint");
    twice.generated = Some("id * 2".into());
    now.tables[0].columns.push(twice);
    assert_eq!(kept(Framework::Dbmate, Some("ALTER TABLE orders DROP twice"), &now), []);
}

#[test]
fn names_fit_the_server_and_differ_still() {
    let long = |end: &str| format!("{}{end}", "é".repeat(31));
    let mut now = shop();
    now.tables[0].columns.push(column(&long("a"), "text"));
    now.tables[0].columns.push(column(&long("b"), "text"));
    let down = format!("ALTER TABLE orders DROP {}, DROP {}", long("a"), long("b"));
    let seen = kept(Framework::Dbmate, Some(&down), &now);
    assert!(seen.len() == 2 && seen[0].1 != seen[1].1, "{seen:?}");
    assert!(seen.iter().all(|(_, place)| place.name.len() <= 63), "{seen:?}");
}
