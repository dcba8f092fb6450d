//! Whether an old release can run on a new schema.

use std::collections::BTreeMap;

use super::schemas::{column, constraint, index, shop, table};
use crate::data::{
    Column, ConstraintKind, Framework, Ledger, Migration, MigrationGraph, ObjectName, Revision, Schema, Table,
};
use crate::migrate::{Compatibility, Since, compatibility, schema_difference};

fn after(change: impl FnOnce(&mut Schema)) -> Compatibility {
    let (then, mut now) = (shop(), shop());
    change(&mut now);
    let declared = BTreeMap::new();
    compatibility(&then, &now, &Since { then: &[], now: &[], graph: None, declared: &declared })
}

fn orders(change: impl FnOnce(&mut Table)) -> Compatibility {
    after(|now| change(&mut now.tables[0]))
}

fn with_column(new: Column) -> Compatibility {
    orders(|orders| orders.columns.push(new))
}

fn is_fine(seen: Compatibility) {
    assert!(matches!(seen, Compatibility::Compatible { .. }), "{seen:?}");
}

fn breaks(seen: Compatibility, word: &str) {
    let Compatibility::Incompatible { why } = &seen else { panic!("{seen:?}") };
    assert!(why.iter().any(|why| why.contains(word)), "{why:?}");
}

fn is_unknown(seen: Compatibility, word: &str) {
    let Compatibility::Unknown { why } = &seen else { panic!("{seen:?}") };
    assert!(why.iter().any(|why| why.contains(word)), "{why:?}");
}

#[test]
fn what_the_old_release_does_not_see_is_compatible() {
    is_fine(after(|_| ()));
    is_fine(after(|now| now.tables.push(table("invoices"))));
    is_fine(with_column(column("price", "numeric")));
    is_fine(with_column(Column { not_null: true, default: Some("0".into()), ..column("price", "numeric") }));
    is_fine(with_column(Column { generated: Some("id * 2".into()), not_null: true, ..column("twice", "bigint") }));
    is_fine(orders(|it| it.indexes.push(index("x", "CREATE INDEX x ON public.orders USING btree (status)"))));
    is_fine(orders(|it| it.indexes.clear()));
    is_fine(orders(|it| it.constraints.retain(|it| it.kind != ConstraintKind::Check)));
    is_fine(orders(|it| it.columns[1].data_type = "character varying(200)".into()));
    is_fine(after(|now| now.views.push(index("v", "SELECT 2"))));
    is_fine(after(|now| now.extensions.push("citext".into())));
}

#[test]
fn what_the_old_release_needs_and_misses_is_incompatible() {
    breaks(after(|now| now.tables.clear()), "table `orders` was removed");
    breaks(orders(|it| drop(it.columns.remove(1))), "column `note` of `orders` was removed");
    breaks(with_column(Column { not_null: true, ..column("price", "numeric") }), "must be given");
    breaks(orders(|it| it.columns[1].data_type = "character varying(10)".into()), "type");
    breaks(orders(|it| it.columns[1].data_type = "jsonb".into()), "`jsonb`");
    breaks(orders(|it| it.columns[1].not_null = true), "may no longer be null");
    breaks(orders(|it| it.columns[2].default = None), "default");
    breaks(orders(|it| it.columns[0].identity = Some('a')), "refuses to be given");
    breaks(orders(|it| it.columns[1].generated = Some("'x'".into())), "generated");
    breaks(after(|now| drop(now.types[0].labels.remove(0))), "lost `sad`");
    breaks(after(|now| now.views.clear()), "view `open_orders` was removed");
    breaks(after(|now| now.functions.clear()), "function");
    breaks(after(|now| now.extensions.clear()), "extension `plpgsql` was removed");
}

#[test]
fn a_renamed_column_is_incompatible() {
    breaks(orders(|it| it.columns[1].name = "remark".into()), "column `note` of `orders` was removed");
}

#[test]
fn constraints_that_old_writes_can_violate_are_incompatible() {
    let with = |kind, definition: &str| orders(|it| it.constraints.push(constraint("c", kind, definition)));
    breaks(with(ConstraintKind::Unique, "UNIQUE (note)"), "refuses");
    breaks(with(ConstraintKind::Check, "CHECK ((length(note) > 3))"), "refuses");
    breaks(with(ConstraintKind::Foreign, "FOREIGN KEY (note) REFERENCES notes(id)"), "refuses");
    breaks(with(ConstraintKind::Exclusion, "EXCLUDE USING gist (note WITH =)"), "refuses");
    let unique = "CREATE UNIQUE INDEX u ON public.orders USING btree (note)";
    breaks(orders(|it| it.indexes.push(index("u", unique))), "refuses");
}

#[test]
fn constraints_on_a_new_column_that_stays_null_are_not_violated_by_old_writes() {
    let with = |kind, definition: &str, default: Option<&str>| {
        orders(|it| {
            it.columns.push(Column { default: default.map(str::to_owned), ..column("code", "integer") });
            it.constraints.push(constraint("c", kind, definition));
        })
    };
    is_fine(with(ConstraintKind::Unique, "UNIQUE (code)", None));
    is_fine(with(ConstraintKind::Unique, "UNIQUE (note, code)", None));
    breaks(with(ConstraintKind::Unique, "UNIQUE (code)", Some("1")), "refuses");
    breaks(with(ConstraintKind::Unique, "UNIQUE NULLS NOT DISTINCT (code)", None), "refuses");
    is_fine(with(ConstraintKind::Check, "CHECK ((code >= 0))", None));
    is_unknown(with(ConstraintKind::Check, "CHECK ((code IS NOT NULL))", None), "null");
    breaks(with(ConstraintKind::Check, "CHECK ((code >= length(note)))", None), "refuses");
    is_fine(with(ConstraintKind::Foreign, "FOREIGN KEY (code) REFERENCES codes(id)", None));
    is_unknown(
        with(ConstraintKind::Foreign, "FOREIGN KEY (code) REFERENCES orders(id)", None),
        "delete rows of `orders`",
    );
}

#[test]
fn a_new_table_that_forbids_deleting_old_rows_is_unknown_and_one_that_follows_them_is_fine() {
    let referring = |definition: &str| {
        after(|now| {
            let constraints = vec![constraint("f", ConstraintKind::Foreign, definition)];
            now.tables.push(Table { constraints, ..table("invoices") });
        })
    };
    is_unknown(referring("FOREIGN KEY (order_id) REFERENCES orders(id)"), "delete rows of `orders`");
    is_fine(referring("FOREIGN KEY (order_id) REFERENCES orders(id) ON DELETE CASCADE"));
    is_fine(referring("FOREIGN KEY (order_id) REFERENCES invoices(id)"));
}

#[test]
fn what_cannot_be_judged_is_unknown() {
    is_unknown(after(|now| now.functions[0].definition = "other".into()), "function");
    is_unknown(after(|now| now.functions.push(index("total(bigint)", "body"))), "ambiguous");
    is_unknown(orders(|it| it.triggers.push(index("t", "CREATE TRIGGER t"))), "trigger `t` of `orders` was added");
    is_unknown(after(|now| now.views[0].definition = "SELECT 3".into()), "view");
    is_unknown(after(|now| now.types[0].definition = "domain".into()), "type");
    is_unknown(after(|now| now.types[0].labels.push("furious".into())), "gained `furious`");
    is_unknown(orders(|it| it.columns[2].not_null = false), "null");
    is_unknown(orders(|it| it.columns[2].default = Some("'old'::text".into())), "default");
    is_unknown(orders(|it| it.constraints[1].name = "other".into()), "is called `other` now");
    is_unknown(orders(|it| it.constraints[1].definition = "CHECK (true)".into()), "compared");
    is_unknown(orders(|it| it.kind = 'p'), "partitioned");
    is_unknown(orders(|it| drop(it.constraints.remove(0))), "ON CONFLICT");
}

fn since(change: impl FnOnce(&mut Schema), declared: &[(&str, bool)], own: Option<&str>) -> Compatibility {
    let (then, mut now) = (shop(), shop());
    change(&mut now);
    let ledger = |applied: &[&str]| {
        let applied = applied.iter().map(|it| Revision((*it).to_owned())).collect();
        vec![Ledger { framework: Framework::Dbmate, applied, is_dirty: false }]
    };
    let migration = |name: &str| Migration {
        revision: Revision(name.into()),
        needs: Vec::new(),
        has_inverse: None,
        compatibility: own.map(str::to_owned),
        up: None,
        down: None,
    };
    let graph = MigrationGraph { migrations: ["1", "2", "3"].map(migration).into() };
    let declared = declared.iter().map(|(name, says)| ((*name).to_owned(), *says)).collect();
    let (then_ledgers, now_ledgers) = (ledger(&["1"]), ledger(&["1", "2", "3"]));
    let since = Since { then: &then_ledgers, now: &now_ledgers, graph: Some(&graph), declared: &declared };
    compatibility(&then, &now, &since)
}

#[test]
fn declarations_and_what_is_computed_come_together_as_the_table_says() {
    let drops = |now: &mut Schema| drop(now.tables[0].columns.remove(1));
    let puzzles = |now: &mut Schema| now.functions[0].definition = "other".into();
    let adds = |now: &mut Schema| now.tables.push(table("invoices"));
    let (no, all, some) = ([("2", true), ("3", false)], [("2", true), ("3", true)], [("2", true)]);
    breaks(since(drops, &no, None), "removed");
    breaks(since(drops, &all, None), "removed");
    breaks(since(drops, &some, None), "removed");
    breaks(since(puzzles, &no, None), "`3` is declared");
    is_fine(since(puzzles, &all, None));
    is_unknown(since(puzzles, &some, None), "function");
    breaks(since(adds, &no, None), "`3` is declared");
    is_fine(since(adds, &all, None));
    is_fine(since(adds, &some, None));
}

#[test]
fn migrations_declare_themselves_and_the_configuration_has_the_last_word() {
    let puzzles = |now: &mut Schema| now.functions[0].definition = "other".into();
    is_fine(since(puzzles, &[], Some("expand")));
    breaks(since(puzzles, &[], Some("contract")), "declared");
    is_unknown(since(puzzles, &[], Some("whatever")), "function");
    breaks(since(puzzles, &[("2", false)], Some("expand")), "`2` is declared");
    is_fine(since(puzzles, &[("2", true), ("3", true)], Some("contract")));
}

#[test]
fn a_declaration_of_a_migration_that_was_there_before_says_nothing() {
    is_fine(since(|_| (), &[("1", false)], None));
}

#[test]
fn a_migration_that_changes_old_values_is_unknown_where_one_that_fills_a_new_column_is_fine() {
    let with = |up: &str| {
        let ledger = |applied: &[&str]| {
            let applied = applied.iter().map(|it| Revision((*it).to_owned())).collect();
            [Ledger { framework: Framework::Dbmate, applied, is_dirty: false }]
        };
        let revision = Revision("2".into());
        let (needs, up) = (Vec::new(), Some(up.to_owned()));
        let migration = Migration { revision, needs, has_inverse: None, compatibility: None, up, down: None };
        let graph = MigrationGraph { migrations: vec![migration] };
        let (then, now, declared) = (ledger(&["1"]), ledger(&["1", "2"]), BTreeMap::new());
        let since = Since { then: &then, now: &now, graph: Some(&graph), declared: &declared };
        compatibility(&shop(), &shop(), &since)
    };
    is_unknown(with("UPDATE orders SET note = upper(note)"), "values of `note` of `orders`");
    is_unknown(with("DELETE FROM public.orders"), "rows of `public.orders`");
    is_unknown(with("DO $$ BEGIN PERFORM purge(); END $$"), "cannot be seen");
    is_fine(with("ALTER TABLE orders ADD price int; UPDATE orders SET price = 1; DELETE FROM other"));
}

#[test]
fn a_migration_that_failed_half_way_leaves_it_unknown() {
    let ledger = vec![Ledger { framework: Framework::Prisma, applied: Vec::new(), is_dirty: true }];
    let declared = BTreeMap::from([("x".to_owned(), true)]);
    let since = Since { then: &[], now: &ledger, graph: None, declared: &declared };
    is_unknown(compatibility(&shop(), &shop(), &since), "half-way");
}

#[test]
fn tools_that_write_down_where_they_stand_have_the_rest_from_the_graph() {
    let migration = |name: &str, needs: &[&str]| Migration {
        revision: Revision(name.into()),
        needs: needs.iter().map(|it| Revision((*it).to_owned())).collect(),
        has_inverse: None,
        compatibility: None,
        up: None,
        down: None,
    };
    let graph = MigrationGraph {
        migrations: vec![
            migration("a", &[]),
            migration("b", &["a"]),
            migration("c", &["a"]),
            migration("m", &["b", "c"]),
        ],
    };
    let ledger =
        |head: &str| [Ledger { framework: Framework::Alembic, applied: vec![Revision(head.into())], is_dirty: false }];
    let declared = BTreeMap::from([("c".to_owned(), false)]);
    let (then, now) = (ledger("b"), ledger("m"));
    let since = Since { then: &then, now: &now, graph: Some(&graph), declared: &declared };
    breaks(compatibility(&shop(), &shop(), &since), "`c` is declared");
}

#[test]
fn equal_schemas_have_no_difference_and_every_difference_is_a_sentence() {
    assert!(schema_difference(&shop(), &shop()).is_empty());
    let mut now = shop();
    now.tables[0].columns[1].not_null = true;
    now.tables[0].name = ObjectName::new("erp", "orders");
    let sentences = schema_difference(&shop(), &now).sentences();
    assert_eq!(sentences, ["table `orders` was removed", "table `erp.orders` was added"]);
}
