//! Each test changes one thing about a manifest, and says which check tells it and in which words.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{compare, compare_previous, compare_properties};
use crate::data::{
    ConstraintCounts, ConstraintKind, DatabaseProperties, Extension, Framework, LargeObjects, Ledger, Manifest,
    ObjectName, Revision, RoleSetting, Schema, Sequence, Table, TableContent,
};
use crate::policy::{Check, Verdict};

fn content(name: &str, rows: u64, hash: &str) -> TableContent {
    TableContent {
        name: ObjectName::new("public", name),
        rows,
        hash: Some(hash.to_owned()),
        key: vec!["id".to_owned()],
        relfilenode: 1,
        counters: [0; 3],
    }
}

fn sequence(last_value: i64, is_called: bool, increment: i64) -> Sequence {
    Sequence {
        name: ObjectName::new("public", "orders_id_seq"),
        last_value,
        is_called,
        increment,
        cache: 1,
        max_value: i64::MAX,
        min_value: i64::MIN,
        cycles: false,
    }
}

fn table(name: &str) -> Table {
    Table {
        name: ObjectName::new("public", name),
        kind: 'r',
        is_unlogged: false,
        parents: Vec::new(),
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        policies: Vec::new(),
        attributes: Vec::new(),
    }
}

fn ledger(applied: &[&str]) -> Ledger {
    let applied = applied.iter().map(|revision| Revision((*revision).to_owned())).collect();
    Ledger { framework: Framework::Django, applied, is_dirty: false }
}

fn properties() -> DatabaseProperties {
    DatabaseProperties {
        owner: "shop".to_owned(),
        tablespace: "pg_default".to_owned(),
        ..DatabaseProperties::default()
    }
}

fn manifest() -> Manifest {
    let kinds = [(ConstraintKind::Primary, 2), (ConstraintKind::Foreign, 1)];
    Manifest {
        version: 1,
        backup: "20261121-0500".parse().unwrap(),
        database: "shop".parse().unwrap(),
        dbname: "shop".to_owned(),
        taken_at: Timestamp::UNIX_EPOCH,
        server_version: 150_018,
        system_identifier: None,
        snapshot: None,
        lsn: None,
        slot: None,
        tables: vec![content("orders", 7, "record:123"), content("users", 3, "record:-9")],
        sequences: vec![sequence(7, true, 1)],
        constraints: ConstraintCounts { by_kind: kinds.into(), not_validated: 0, valid_indexes: 4 },
        properties: properties(),
        extensions: vec![Extension { name: "citext".to_owned(), version: "1.6".to_owned() }],
        roles: Vec::new(),
        large_objects: LargeObjects { count: 2, hash: Some("5".to_owned()) },
        schema: Schema { tables: vec![table("orders"), table("users")], ..Schema::default() },
        ledgers: vec![ledger(&["shop.0001", "shop.0002"])],
        vault: None,
        tools: BTreeMap::new(),
    }
}

/// The checks that do not hold, each in a line.
fn told(checks: &[Check]) -> Vec<String> {
    let told = checks.iter().filter(|check| check.verdict != Verdict::Healthy);
    told.map(|check| format!("{}, {}: {}", check.name, check.verdict, check.what)).collect()
}

/// What is told where `change` was made to what was found.
fn found(change: impl FnOnce(&mut Manifest)) -> Vec<String> {
    let mut found = manifest();
    change(&mut found);
    told(&compare(&manifest(), &found))
}

#[test]
fn equal_manifests_hold_in_every_check() {
    let checks = compare(&manifest(), &manifest());
    assert!(checks.iter().all(|check| check.verdict == Verdict::Healthy), "{checks:?}");
    assert_eq!(checks.len(), 10);
    assert_eq!(checks[1].what, "10 rows counted, as many as there were");
}

#[test]
fn a_single_row_is_told_with_its_numbers() {
    assert_eq!(found(|m| m.tables[0].rows = 6), ["rows, unhealthy: `orders` has 6 rows in place of 7"]);
    assert_eq!(
        found(|m| m.tables[0].hash = Some("record:124".to_owned())),
        ["contents, unhealthy: `orders` has 7 rows as expected, with other values"]
    );
}

#[test]
fn tables_that_are_missing_or_extra_are_told() {
    assert_eq!(
        found(|m| m.tables[1] = content("spies", 1, "record:1")),
        ["tables, unhealthy: `users` with 3 rows is missing; `spies` with 1 row should not be there"]
    );
}

#[test]
fn what_was_not_hashed_is_not_decided_and_still_counted() {
    let unhashed = |m: &mut Manifest| m.tables[0].hash = None;
    assert_eq!(found(unhashed), ["contents, unmeasurable: `orders` was counted and not hashed"]);
    let other_way = |m: &mut Manifest| m.tables[0].hash = Some("text:123".to_owned());
    assert_eq!(found(other_way), ["contents, unmeasurable: `orders` was hashed in different ways by both servers"]);
    let both = found(|m| {
        m.tables[0].hash = None;
        m.tables[1].rows = 2;
    });
    assert!(both.contains(&"rows, unhealthy: `users` has 2 rows in place of 3".to_owned()), "{both:?}");
}

#[test]
fn a_lost_primary_key_is_told() {
    let lost = found(|m| {
        m.constraints.by_kind.insert(ConstraintKind::Primary, 1);
        m.constraints.valid_indexes = 3;
    });
    assert_eq!(
        lost,
        ["constraints, unhealthy: primary keys: 1 in place of 2", "indexes, unhealthy: valid indexes: 3 in place of 4"]
    );
    assert_eq!(
        found(|m| m.constraints.not_validated = 1),
        ["constraints, unhealthy: constraints that were not validated: 1 in place of 0"]
    );
}

#[test]
fn not_null_constraints_are_compared_only_where_both_versions_count_them() {
    let newer = found(|m| {
        m.server_version = 180_001;
        m.constraints.by_kind.insert(ConstraintKind::NotNull, 12);
    });
    assert!(newer.is_empty(), "{newer:?}");
    let same = found(|m| m.constraints.by_kind.extend([(ConstraintKind::NotNull, 12)]));
    assert_eq!(same, ["constraints, unhealthy: not-null constraints: 12 in place of 0"]);
}

#[test]
fn a_sequence_may_stand_further_along_and_never_before() {
    let cases = [
        ((7, true, 1), (7, true, 1), true),
        ((7, true, 1), (9, true, 1), true),
        ((7, true, 1), (6, true, 1), false),
        ((7, true, 1), (7, false, 1), false),
        ((7, false, 1), (7, true, 1), true),
        ((-7, true, -3), (-10, true, -3), true),
        ((-7, true, -3), (-4, true, -3), false),
    ];
    for (was, is, holds) in cases {
        let (mut expected, mut found) = (manifest(), manifest());
        expected.sequences = vec![sequence(was.0, was.1, was.2)];
        found.sequences = vec![sequence(is.0, is.1, is.2)];
        assert_eq!(told(&compare(&expected, &found)).is_empty(), holds, "{was:?} {is:?}");
    }
    assert_eq!(
        found(|m| m.sequences = vec![sequence(1, false, 1)]),
        ["sequences, unhealthy: `orders_id_seq` stands at 1 in place of 7"]
    );
    assert_eq!(
        found(|m| m.sequences = vec![sequence(7, false, 1)]),
        ["sequences, unhealthy: `orders_id_seq` stands at 7 in place of 7, which it will hand out again"]
    );
}

#[test]
fn another_revision_is_told() {
    assert_eq!(
        found(|m| m.ledgers = vec![ledger(&["shop.0001"])]),
        [
            "ledgers, unhealthy: django has 1 migration applied, `shop.0001` the newest in place of 2 migrations applied, \
          `shop.0002` the newest"
        ]
    );
    assert_eq!(found(|m| m.ledgers.clear()), ["ledgers, unhealthy: the ledger of django is missing"]);
}

#[test]
fn a_schema_is_told_by_its_objects() {
    let changed = found(|m| m.schema.tables[0].is_unlogged = true);
    assert_eq!(changed, ["schema, unhealthy: table `orders` is another one: kind"]);
    assert_eq!(found(|m| drop(m.schema.tables.pop())), ["schema, unhealthy: table `users` is missing"]);
    assert_eq!(
        found(|m| m.schema.extensions.push("citext".to_owned())),
        ["schema, unhealthy: extensions: citext in place of none"]
    );
}

#[test]
fn definitions_of_another_version_of_the_server_are_not_decided() {
    let newer = found(|m| {
        m.server_version = 160_002;
        m.schema.tables[0].is_unlogged = true;
        m.extensions[0].version = "1.7".to_owned();
    });
    assert_eq!(
        newer,
        [
            "schema, unmeasurable: PostgreSQL 15 and 16 write definitions in different words; table `orders` is another \
             one: kind",
            "extensions, unmeasurable: `citext` is 1.7 in place of 1.6, on another version of PostgreSQL"
        ]
    );
}

#[test]
fn large_objects_and_extensions_are_told() {
    assert_eq!(
        found(|m| m.large_objects = LargeObjects { count: 1, hash: Some("4".to_owned()) }),
        ["large objects, unhealthy: large objects: 1 in place of 2; large objects have other contents"]
    );
    assert_eq!(
        found(|m| m.large_objects.hash = None),
        ["large objects, unmeasurable: large objects were counted, and their contents could not be read"]
    );
    assert_eq!(
        found(|m| m.extensions[0].version = "1.7".to_owned()),
        ["extensions, unhealthy: `citext` is 1.7 in place of 1.6"]
    );
}

#[test]
fn many_differences_are_counted_after_the_first() {
    let mut expected = manifest();
    expected.tables = (0..30).map(|n| content(&format!("t{n:02}"), 1, "record:1")).collect();
    let mut found = manifest();
    found.tables = Vec::new();
    let told = told(&compare(&expected, &found));
    assert!(told[0].ends_with("`t19` with 1 row is missing; and 10 more"), "{told:?}");
}

#[test]
fn a_backup_of_an_emptied_table_is_told_against_the_one_before() {
    let emptied = |change: &dyn Fn(&mut Manifest)| {
        let mut this = manifest();
        this.backup = "20261121-0600".parse().unwrap();
        change(&mut this);
        told(&compare_previous(&manifest(), &this))
    };
    assert!(emptied(&|m| m.tables[0].rows = 1).is_empty(), "fewer rows are no emptied table");
    assert_eq!(
        emptied(&|m| m.tables[0].rows = 0),
        ["rows since the last backup, unhealthy: `orders` had 7 rows in 20261121-0500 and has none"]
    );
    assert_eq!(
        emptied(&|m| drop(m.tables.remove(0))),
        [
            "rows since the last backup, unhealthy: `orders` had 7 rows in 20261121-0500 and is gone, though no migration \
          was applied since"
        ]
    );
    let by_migration = |m: &mut Manifest| {
        m.tables.remove(0);
        m.ledgers = vec![ledger(&["shop.0001", "shop.0002", "shop.0003"])];
    };
    assert!(emptied(&by_migration).is_empty());
}

#[test]
fn lost_access_rules_and_settings_of_a_database_are_told() {
    let mut then = properties();
    then.acl = Some(vec!["shop=CTc/shop".to_owned()]);
    let setting = |role: Option<&str>, value: &str| RoleSetting {
        role: role.map(str::to_owned),
        name: "work_mem".to_owned(),
        value: value.to_owned(),
    };
    then.settings = vec![setting(None, "8MB"), setting(Some("report"), "64MB")];
    assert!(told(&compare_properties(&then, &then)).is_empty());
    let now =
        DatabaseProperties { comment: Some("new".to_owned()), settings: vec![setting(None, "8MB")], ..properties() };
    assert_eq!(
        told(&compare_properties(&then, &now)),
        [
            "database access, unhealthy: `=Tc/shop` should not be there",
            "database settings, unhealthy: `report: work_mem=64MB` is missing",
            "database comment, unhealthy: comment: new in place of none"
        ]
    );
}

#[test]
fn an_access_list_that_says_the_default_is_equal_to_none() {
    let then = DatabaseProperties { owner: "shop-owner".to_owned(), ..properties() };
    let mut now = then.clone();
    now.acl = Some(vec!["=Tc/\"shop-owner\"".to_owned(), "\"shop-owner\"=CTc/\"shop-owner\"".to_owned()]);
    assert!(told(&compare_properties(&then, &now)).is_empty());
}
