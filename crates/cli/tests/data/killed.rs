//! Rule 7 from outside: a rollback of a database is run once undisturbed to count its records, then killed at each of them.
//!
//! The points are shared out among three tests, so that they run beside one another.

use std::time::Duration;

use backout_testkit::guarded::{JournalRecord, wait_until};

use crate::shop::{DAMAGED, GOOD, LOST, Shop};

const ROLLBACK: [&str; 6] = ["rollback", "--database", "main", "--yes", "--accept-loss", "100000"];

/// The number of tests that share the points.
const SHARES: usize = 3;

#[test]
fn a_rollback_of_data_killed_at_every_third_record_arrives_at_the_same_end_state() {
    share(0);
}

#[test]
fn a_rollback_of_data_killed_at_the_records_after_those_arrives_at_the_same_end_state() {
    share(1);
}

#[test]
fn a_rollback_of_data_killed_at_the_other_records_arrives_at_the_same_end_state() {
    share(2);
}

/// Between two records as well, at what the server itself shows. A process that was quicker than the look is tried again.
#[test]
fn a_rollback_of_data_killed_while_it_restores_or_swaps_arrives_at_the_same_end_state() {
    let moments = [
        ("the copy is there", r"datname LIKE 'shop\_rb\_%'"),
        ("the database is frozen", "datname = 'shop' AND NOT datallowconn"),
        ("the names have changed", r"datname LIKE 'shop\_damaged\_%'"),
    ];
    let shop = Shop::guarded();
    for (moment, shown) in moments {
        let was_killed_then = (0..5).any(|_| {
            shop.damage();
            let before = shop.journal().last();
            let run = shop.start(&ROLLBACK);
            let (run, is_then) = shop.await_moment(run, shown);
            run.kill();
            let killed = format!("killed when {moment}");
            assert_one_shop(&shop, &killed);
            go_on(&shop, before, &killed);
            assert_back(&shop, before, &killed);
            is_then
        });
        assert!(was_killed_then, "{moment}: the rollback was always quicker");
    }
}

fn share(share: usize) {
    let shop = Shop::guarded();
    shop.damage();
    let before = shop.journal().last();
    shop.backout(&ROLLBACK).expect_code(0);
    let points = shop.journal().since(before).len();
    assert!(points >= 12, "a rollback of data has {points} records only");
    assert_back(&shop, before, "not killed");
    for point in (1..=points).filter(|point| point % SHARES == share) {
        shop.damage();
        let before = shop.journal().last();
        let mut run = shop.start(&ROLLBACK);
        let seq = before + i64::try_from(point).unwrap();
        assert!(shop.journal().await_record(seq, || !run.is_running()), "record {point} was not reached");
        run.kill();
        let records = shop.journal().since(before);
        let killed = format!("killed at record {point}, {:?}", records.last().map(|record| &record.kind));
        assert_one_shop(&shop, &killed);
        go_on(&shop, before, &killed);
        assert_back(&shop, before, &killed);
    }
    shop.backout(&["history", "--verify"]).expect_code(0);
}

/// Whatever happened: applications find one database, which is one of the two and whole.
fn assert_one_shop(shop: &Shop, killed: &str) {
    let names = shop.databases();
    assert_eq!(names.iter().filter(|name| *name == "shop").count(), 1, "{killed}: {names:?}");
}

/// Goes on as soon as the dead process's lease lets somebody; a run that had ended needs nobody, and one that its dead-man's
/// switch was quicker to finish neither.
fn go_on(shop: &Shop, before: i64, killed: &str) {
    let has_ended = || is_ended(&shop.journal().since(before));
    if has_ended() {
        return;
    }
    wait_until("the lease of the killed process to expire", Duration::from_secs(20), || {
        assert_one_shop(shop, killed);
        let ended = shop.backout(&["resume"]);
        let is_late = ended.code == 2 && has_ended();
        assert!(is_late || [0, 7].contains(&ended.code), "{killed}: {ended:?}");
        ended.code != 7
    });
}

fn is_ended(records: &[JournalRecord]) -> bool {
    records.last().is_some_and(|newest| newest.kind == "run_ended")
}

/// The end of every rollback: the rows of the restore point, what was there put aside whole, nothing half-made, and a list of
/// the lost rows. Lets go of what was put aside, so that the next one begins as this one did.
fn assert_back(shop: &Shop, before: i64, killed: &str) {
    let records = shop.journal().since(before);
    let of = |kind: &str| records.iter().rev().find(|record| record.kind == kind);
    let result = of("run_ended").and_then(|ended| ended.text("/result"));
    assert_eq!(result, Some("rolled_back"), "{killed}: {records:#?}");
    assert_eq!(shop.orders("shop"), GOOD, "{killed}");
    let aside = shop.aside();
    assert!(aside.starts_with("shop_damaged_"), "{killed}: {aside}");
    assert_eq!(shop.orders(&aside), DAMAGED, "{killed}");
    shop.assert_open();
    let report = of("loss_reported").and_then(|record| record.body.get("report")).cloned().unwrap_or_default();
    assert_eq!(lines(&report), LOST, "{killed}: {report}");
    // One that is killed after its last word has the lease still.
    wait_until("the lease of the killed process to expire", Duration::from_secs(20), || {
        let ended = shop.backout(&["backup", "drop-aside", &aside, "--force", "--without-dump"]);
        assert!([0, 7].contains(&ended.code), "{killed}: {ended:?}");
        ended.code == 0
    });
    assert_eq!(shop.databases(), ["shop"], "{killed}");
}

/// The number of rows in the file of a report.
fn lines(report: &serde_json::Value) -> u64 {
    let file = report["file"].as_str().unwrap_or_default();
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let is_row = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok_and(|row| row.get("op").is_some());
    text.lines().filter(is_row).count() as u64
}
