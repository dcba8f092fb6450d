//! Nobody is there: the guard takes code, configuration and data back, and says which rows that cost.

use std::time::Duration;

use backout_testkit::guarded::wait_until;

use crate::shop::{ORDERS, Shop};

/// What `/orders` of version 1 lists after it went back.
pub(crate) fn listed() -> serde_json::Value {
    let each =
        ORDERS.iter().zip(1..).map(|((total, note), id)| serde_json::json!({"id": id, "total": total, "note": note}));
    each.collect()
}

#[test]
fn a_bad_migration_goes_back_with_code_configuration_and_data() {
    let Some(shop) = Shop::open("a_bad_migration_goes_back_with_code_configuration_and_data") else { return };
    let before = shop.journal().last();
    let deploy = shop.deploy();
    let words: Vec<&str> = ["guard", "--"].into_iter().chain(deploy.iter().map(String::as_str)).collect();
    let guard = shop.start(&words);
    // Version 2 takes an order before it is found to be bad: a write that the way back will cost.
    wait_until("version 2 to list orders", Duration::from_secs(60), || shop.lists_v2());
    assert_eq!(shop.order(777, ""), Some(201));
    let ended = guard.wait().expect_code(3);

    assert_eq!(shop.orders(), Some(listed()), "{}", ended.stderr);
    let health = shop.health().unwrap();
    assert_eq!((health["version"].as_str(), health["says"].as_str()), (Some("v1"), Some("hello")));
    // What was put aside is whole, and only to be read.
    let databases = shop.databases();
    let [shop_name, aside] = databases.as_slice() else { panic!("{databases:?}\n{}", ended.stderr) };
    assert!(shop_name == "shop" && aside.starts_with("shop_damaged_"), "{databases:?}");
    assert_eq!(shop.sql(aside, "SELECT total FROM shop_order ORDER BY id"), ["15", "29", "1", "777"]);
    assert_eq!(shop.sql(aside, "SHOW default_transaction_read_only"), ["on"]);
    // The next order gets a number that the lost one never had.
    assert_eq!(shop.order(4200, "after"), Some(201));
    assert!(shop.sql("shop", "SELECT id FROM shop_order WHERE note = 'after' AND id > 4").len() == 1);

    let records = shop.journal().since(before);
    let kinds: Vec<&str> = records.iter().map(|record| record.kind.as_str()).collect();
    let place =
        |kind: &str| kinds.iter().position(|found| *found == kind).unwrap_or_else(|| panic!("no {kind}: {kinds:?}"));
    assert!(place("backup_taken") < place("deploy_intended"), "{kinds:?}");
    let report = &records[place("loss_reported")].body["report"];
    let file = std::fs::read_to_string(report["file"].as_str().unwrap()).unwrap();
    assert!(file.lines().any(|line| line.contains("777") && line.contains("inserted")), "{file}");
    // Everything that it told is on the screen as well.
    for said in ["main", "side-by-side", "shop_order"] {
        assert!(ended.stderr.contains(said) || ended.stdout.contains(said), "{said}: {}{}", ended.stdout, ended.stderr);
    }
}
