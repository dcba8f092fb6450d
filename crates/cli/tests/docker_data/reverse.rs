//! A migration that knows its way back: it is undone with the new version's own code, and nothing that was written is lost.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use backout_testkit::docker::stack_image;
use backout_testkit::guarded::{Ended, Running, wait_until};
use serde_json::Value;

use crate::shop::{ORDERS, Shop};

/// Makes the image of a version of this folder, on top of version 1.
fn build(shop: &Shop, test: &str, version: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let context = shop.project.folder().join(format!("build-{version}"));
    std::fs::create_dir(&context).unwrap();
    let example = here.join("../../examples/postgres");
    for (part, from) in [("v1", example.join("v1")), (version, here.join("tests/docker_data/versions").join(version))] {
        assert!(Command::new("cp").arg("-r").args([from, context.join(part)]).status().unwrap().success());
    }
    let file = std::fs::read_to_string(example.join("Dockerfile")).unwrap();
    let file = file.replace("python:3.11-slim", &stack_image(test).unwrap());
    let file = file.replace("VERSION=v1", &format!("VERSION={version}"));
    let _ = shop.project.build(version, &format!("{file}LABEL {}\n", shop.project.label()));
}

/// Starts a guarded deploy of a version, and waits until it lists orders.
fn deploy(shop: &Shop, version: &str) -> Running {
    shop.project.write("next.env", &shop.variables(version));
    let script = "cp next.env .env && docker compose up --detach app";
    let guard = shop.start(&["guard", "--", "sh", "-c", script]);
    let serves = || shop.orders().is_some_and(|orders| orders[0].get("discount").is_some());
    wait_until("the new version to list orders", Duration::from_secs(60), serves);
    guard
}

/// Orders one thing after another, the last of which makes the version ill: notes with their discounts.
fn order_until_ill(shop: &Shop) -> Vec<(String, u32)> {
    let discounts = [1, 2, 3].into_iter().cycle().take(20).chain([100]);
    let orders: Vec<(String, u32)> = (0..).map(|number| format!("during {number}")).zip(discounts).collect();
    for (note, discount) in &orders {
        assert_eq!(shop.order(1000, &format!("{note}:{discount}")), Some(201));
    }
    orders
}

/// Orders one thing after another, whatever version serves, until the other end is gone: what was promised to be kept.
fn order_all_along(shop: &Shop, other_end: &Receiver<()>) -> Vec<(String, u32)> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if other_end.try_recv() == Err(TryRecvError::Disconnected) {
            break;
        }
        let (note, discount) = (format!("late {number}"), 5 + number % 90);
        if shop.order(1000, &format!("{note}:{discount}")) == Some(201) {
            acknowledged.push((note, discount));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    acknowledged
}

/// Waits for the end of the guard while orders go on coming in.
fn ended_meanwhile_ordering(shop: &Shop, guard: Running) -> (Ended, Vec<(String, u32)>) {
    std::thread::scope(|scope| {
        let (end, other_end) = channel();
        let orders = scope.spawn(move || order_all_along(shop, &other_end));
        let ended = guard.wait().expect_code(3);
        drop(end);
        (ended, orders.join().unwrap())
    })
}

/// Every promised order as version 1 should list it and version 4 should know it: version 3 took the discount out of the
/// note, version 1 knows no discounts and left it there. Nothing is lost, and orders were taken by both.
fn taken(listed: &Value, acknowledged: Vec<(String, u32)>) -> Vec<(String, u32)> {
    let notes: Vec<&str> = listed.as_array().unwrap().iter().filter_map(|order| order["note"].as_str()).collect();
    let place = |note: &str, discount: u32| {
        let whole = format!("{note}:{discount}");
        notes.iter().find(|it| **it == note || **it == whole).map(|it| (*it).to_owned())
    };
    let lost: Vec<_> = acknowledged.iter().filter(|(note, discount)| place(note, *discount).is_none()).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let each = acknowledged.into_iter().map(|(note, discount)| match place(&note, discount) {
        Some(whole) if whole != note => (whole, 0),
        _ => (note, discount),
    });
    let (by_first, by_third): (Vec<_>, Vec<_>) = each.partition(|(_, discount)| *discount == 0);
    assert!(
        !by_first.is_empty() && by_third.iter().any(|(note, _)| note.starts_with("late ")),
        "{by_first:?} {by_third:?}"
    );
    [by_third, by_first].concat()
}

#[test]
fn a_reversible_migration_is_undone_by_its_own_code_and_comes_again_with_everything_that_was_written() {
    let test = "a_reversible_migration_is_undone_by_its_own_code";
    let Some(shop) = Shop::open(test) else { return };
    build(&shop, test, "v3");
    build(&shop, test, "v4");
    // A container that still migrates is not ill: whatever is asked is asked seldom.
    shop.reconfigure("every: 500ms", "every: 3s");
    shop.reconfigure("soak: 20s", "soak: 20s, every: 3s");
    let before = shop.journal().last();
    let guard = deploy(&shop, "v3");
    let acknowledged = order_until_ill(&shop);
    let (ended, late) = ended_meanwhile_ordering(&shop, guard);
    let said = format!("{}{}", ended.stdout, ended.stderr);

    let records = shop.journal().since(before);
    let plan = records.iter().rev().find(|record| record.kind == "plan_made").unwrap();
    let ladder = plan.body.pointer("/plan/data/0").unwrap_or_else(|| panic!("{}", plan.body));
    assert_eq!((ladder["rung"].as_str(), &ladder["loss"]), (Some("reverse-migrations"), &Value::Null), "{ladder}");
    assert!(said.contains("reverse-migrations"), "{said}");

    // Version 1 answers, on its own schema, with every order that anybody was promised.
    let health = shop.health().unwrap();
    assert_eq!((health["version"].as_str(), health["says"].as_str()), (Some("v1"), Some("hello")));
    let listed = shop.orders().unwrap();
    assert_eq!([0, 1, 2].map(|at| listed[at]["note"].clone()), ORDERS.map(|(_, note)| note));
    let acknowledged = taken(&listed, [acknowledged, late].concat());
    assert_eq!(shop.databases(), ["shop"]);
    let columns = "SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute \
                   WHERE attrelid = 'shop_order'::regclass AND attnum > 0 AND NOT attisdropped";
    assert_eq!(shop.sql("shop", columns), ["id note total"]);
    assert_eq!(shop.sql("shop", "SELECT count(*) FROM django_migrations WHERE name = '0002_discount'"), ["0"]);
    assert!(shop.sql("shop", "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal").is_empty());

    // What version 1 has no place for is kept, of every order that version 3 took, to its last moment.
    let schemas = shop.sql("shop", "SELECT nspname FROM pg_namespace WHERE nspname LIKE '\\_backout\\_%'");
    let [kept_in] = schemas.as_slice() else { panic!("{schemas:?}") };
    let query =
        format!("SELECT note || ' ' || discount FROM {kept_in}.shop_order__discount JOIN shop_order USING (id)");
    let discounts = shop.sql("shop", &query);
    let is_kept = |(note, discount): &&(String, u32)| discounts.contains(&format!("{note} {discount}"));
    let lost: Vec<_> = acknowledged.iter().filter(|it| it.1 > 0 && !is_kept(it)).collect();
    assert!(lost.is_empty(), "{lost:?} of {} orders", acknowledged.len());

    let status = shop.backout(&["migrate", "status"]).expect_code(0).stdout;
    assert!(status.contains("django, 1 applied, the last shop.0001_initial"), "{status}");
    assert!(status.contains("nothing was applied since") && status.contains("2 objects kept"), "{status}");
    assert_eq!(shop.order(4200, "after"), Some(201));
    comes_again(&shop, &acknowledged);
}

/// The mended version is deployed by a person, who then asks for what was kept.
fn comes_again(shop: &Shop, acknowledged: &[(String, u32)]) {
    let _ = deploy(shop, "v4").wait().expect_code(0);
    let planned = shop.backout(&["migrate", "plan"]).expect_code(5);
    assert!(planned.stdout.contains("no migration was applied since"), "{}{}", planned.stdout, planned.stderr);
    let reapplied = shop.backout(&["migrate", "reapply", "--yes"]).expect_code(0);
    assert!(reapplied.stdout.contains("column `discount`"), "{}{}", reapplied.stdout, reapplied.stderr);
    let listed = shop.orders().unwrap();
    let find = |memo: &str| listed.as_array().unwrap().iter().find(|order| order["memo"] == memo);
    for (note, discount) in acknowledged {
        assert_eq!(find(note).map(|order| &order["discount"]), Some(&Value::from(*discount)), "{listed}");
    }
    assert_eq!(find("after").unwrap()["discount"], 0);
    let status = shop.backout(&["migrate", "status"]).expect_code(0).stdout;
    assert!(!status.contains("kept"), "{status}");
    let again = shop.backout(&["migrate", "reapply", "--yes"]).expect_code(0);
    assert!(again.stderr.contains("nothing was kept"), "{}", again.stderr);
}
