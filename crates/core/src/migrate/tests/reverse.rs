//! What must be undone, and when that is refused.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::data::{Framework, Ledger, Migration, MigrationGraph, Revision};
use crate::migrate::{WhyNot, reverse_plan};

fn revision(name: &str) -> Revision {
    Revision(name.to_owned())
}

fn revisions(names: &[&str]) -> Vec<Revision> {
    names.iter().map(|name| revision(name)).collect()
}

fn migration(name: &str, needs: &[&str]) -> Migration {
    Migration {
        revision: revision(name),
        needs: revisions(needs),
        has_inverse: Some(true),
        compatibility: None,
        up: None,
        down: None,
    }
}

fn ledger(framework: Framework, applied: &[&str]) -> Ledger {
    Ledger { framework, applied: revisions(applied), is_dirty: false }
}

fn django(applied: &[&str]) -> Ledger {
    ledger(Framework::Django, applied)
}

fn alembic(heads: &[&str]) -> Ledger {
    ledger(Framework::Alembic, heads)
}

fn shop() -> MigrationGraph {
    MigrationGraph {
        migrations: vec![
            migration("shop.0001", &[]),
            migration("erp.0004", &[]),
            migration("shop.0002", &["shop.0001"]),
            migration("erp.0005", &["erp.0004", "shop.0002"]),
            migration("shop.0003", &["shop.0002"]),
        ],
    }
}

#[test]
fn undoing_goes_backwards_through_what_needs_what() {
    let now = django(&["shop.0001", "erp.0004", "shop.0002", "erp.0005", "shop.0003"]);
    let plan = reverse_plan(&shop(), &now, &django(&["shop.0001", "erp.0004"])).unwrap();
    assert_eq!(plan.undo, revisions(&["shop.0003", "erp.0005", "shop.0002"]));
    assert_eq!(plan.target, revisions(&["shop.0001", "erp.0004"]));
    assert!(plan.further.is_empty());
}

#[test]
fn what_another_application_needs_is_closed_over_and_said() {
    let now = django(&["erp.0004", "shop.0001", "shop.0002", "erp.0005"]);
    let plan = reverse_plan(&shop(), &now, &django(&["erp.0004", "shop.0001", "erp.0005"])).unwrap();
    assert_eq!(plan.undo, revisions(&["erp.0005", "shop.0002"]));
    assert_eq!(plan.further, revisions(&["erp.0005"]));
    assert_eq!(plan.target, revisions(&["erp.0004", "shop.0001"]));
}

#[test]
fn what_cannot_be_undone_is_refused_by_name() {
    let (now, then) = (django(&["shop.0001", "shop.0002"]), django(&["shop.0001"]));
    let mut graph = shop();
    graph.migrations[2].has_inverse = Some(false);
    assert_eq!(reverse_plan(&graph, &now, &then), Err(WhyNot::NoInverse(revision("shop.0002"))));
    graph.migrations.remove(2);
    assert_eq!(reverse_plan(&graph, &now, &then), Err(WhyNot::Unknown(revision("shop.0002"))));
    assert_eq!(reverse_plan(&shop(), &then, &now), Err(WhyNot::Behind(revision("shop.0002"))));
    let dirty = Ledger { is_dirty: true, ..now.clone() };
    assert_eq!(reverse_plan(&shop(), &dirty, &then), Err(WhyNot::Dirty(Framework::Django)));
    let other = alembic(&[]);
    assert!(matches!(reverse_plan(&shop(), &now, &other), Err(WhyNot::OtherTool { .. })));
    let circle = MigrationGraph { migrations: vec![migration("a", &["b"]), migration("b", &["a"])] };
    assert!(matches!(reverse_plan(&circle, &django(&["a", "b"]), &django(&[])), Err(WhyNot::Circle(_))));
}

fn branched() -> MigrationGraph {
    MigrationGraph {
        migrations: vec![
            migration("a", &[]),
            migration("b", &["a"]),
            migration("c", &["a"]),
            migration("m", &["b", "c"]),
            migration("n", &["m"]),
        ],
    }
}

#[test]
fn alembic_with_two_heads_is_refused_and_so_is_undoing_a_merge() {
    let graph = branched();
    let ambiguous = |now: &[&str], then: &[&str]| {
        let seen = reverse_plan(&graph, &alembic(now), &alembic(then));
        assert!(matches!(seen, Err(WhyNot::Ambiguous(_))), "{seen:?}");
    };
    ambiguous(&["b", "c"], &["a"]);
    ambiguous(&["m"], &["b"]);
    ambiguous(&["n"], &["a"]);
    let plan = reverse_plan(&graph, &alembic(&["n"]), &alembic(&["m"])).unwrap();
    assert_eq!((plan.undo, plan.target), (revisions(&["n"]), revisions(&["m"])));
    let plan = reverse_plan(&graph, &alembic(&["b"]), &alembic(&[])).unwrap();
    assert_eq!((plan.undo, plan.target), (revisions(&["b", "a"]), revisions(&[])));
}

#[test]
fn a_tool_that_writes_down_one_version_is_led_back_version_by_version() {
    let graph =
        MigrationGraph { migrations: vec![migration("1", &[]), migration("2", &["1"]), migration("3", &["2"])] };
    let at = |version: &[&str]| ledger(Framework::GolangMigrate, version);
    let plan = reverse_plan(&graph, &at(&["3"]), &at(&["1"])).unwrap();
    assert_eq!((plan.undo, plan.target), (revisions(&["3", "2"]), revisions(&["1"])));
    assert_eq!(reverse_plan(&graph, &at(&["1"]), &at(&[])).unwrap().undo, revisions(&["1"]));
}

#[test]
fn nothing_to_undo_is_a_plan_as_well() {
    let now = django(&["shop.0001"]);
    let plan = reverse_plan(&shop(), &now, &now).unwrap();
    assert_eq!((plan.undo, plan.target), (Vec::new(), now.applied));
}

/// Any graph without a circle: migration `i` needs only some of those before it. With how many were applied then and now.
fn graphs() -> impl Strategy<Value = (MigrationGraph, usize, usize)> {
    let needs = proptest::collection::vec(proptest::collection::vec(any::<prop::sample::Index>(), 0..3), 1..12);
    (needs, any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(needs, then, now)| {
        let name = |at: usize| format!("m{at:02}");
        let migrations = needs.iter().enumerate().map(|(at, needs)| {
            let needs: BTreeSet<String> =
                needs.iter().filter(|_| at > 0).map(|index| name(index.index(at.max(1)))).collect();
            migration(&name(at), &needs.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let migrations: Vec<Migration> = migrations.collect();
        let now = now.index(migrations.len() + 1);
        (MigrationGraph { migrations }, then.index(now + 1), now)
    })
}

proptest! {
    #[test]
    fn nothing_is_undone_before_what_needs_it_and_the_target_is_reached((graph, then, now) in graphs()) {
        let all: Vec<Revision> = graph.migrations.iter().map(|it| it.revision.clone()).collect();
        let at = |count: usize| Ledger { framework: Framework::Django, applied: all[..count].to_vec(), is_dirty: false };
        let plan = reverse_plan(&graph, &at(now), &at(then)).unwrap();
        prop_assert_eq!(&plan.target, &at(then).applied);
        prop_assert!(plan.further.is_empty());
        let mut left: BTreeSet<Revision> = at(now).applied.into_iter().collect();
        for revision in &plan.undo {
            let needed = graph.migrations.iter().any(|it| left.contains(&it.revision) && it.needs.contains(revision));
            prop_assert!(!needed, "{} is needed", revision);
            prop_assert!(left.remove(revision));
        }
        prop_assert_eq!(left, at(then).applied.into_iter().collect::<BTreeSet<_>>());
    }
}
