//! A database that a person takes back, and forward again.

use crate::shop::Shop;

#[test]
fn database_goes_back_through_a_swap_and_its_lost_rows_can_be_put_back() {
    let shop = Shop::new();
    shop.run(&["guard", "--", "true"]).well();
    shop.sql("INSERT INTO orders (item) SELECT 'late' FROM generate_series(1, 5)");
    shop.sql("UPDATE orders SET item = 'changed' WHERE id = 3; DELETE FROM orders WHERE id = 7");

    let refused = shop.run(&["rollback", "--database", "main", "--yes"]).ends(5);
    assert!(refused.stderr.contains("--accept-loss 7"), "{}", refused.shown());
    assert_eq!(shop.databases(), 1, "nothing was made");
    let plan = shop.run(&["plan", "--database", "main"]).ends(5);
    for said in ["side-by-side", "not code-only", "orders: 6 written, 1 deleted", "--accept-loss 7"] {
        assert!(plan.stdout.contains(said), "{said} is missing: {}", plan.shown());
    }

    let back = shop.run(&["rollback", "--database", "main", "--yes", "--accept-loss", "7"]).well();
    assert!(
        back.stderr.contains("5 inserted are gone, 1 changed are as before, 1 deleted are back"),
        "{}",
        back.shown()
    );
    assert_eq!(shop.number("SELECT count(*) FROM orders WHERE item LIKE 'item%'"), 100);
    let status = shop.run(&["status", "--json"]).well().document();
    let aside = status["databases"][0]["put_aside"][0]["dbname"].as_str().unwrap().to_owned();
    assert_eq!(shop.number_in(&aside, "SELECT count(*) FROM orders WHERE item = 'late'"), 5);

    shop.run(&["backup", "reimport", "--dry-run"]).well();
    assert_eq!(shop.number("SELECT count(*) FROM orders"), 100, "a dry run changes nothing");
    shop.run(&["backup", "reimport"]).ends(2);
    shop.run(&["backup", "reimport", "--yes"]).well();
    assert_eq!(shop.number("SELECT count(*) FROM orders WHERE item IN ('late', 'changed')"), 6);

    let early = shop.run(&["backup", "drop-aside", &aside]);
    assert_ne!(early.code, Some(0), "{}", early.shown());
    shop.run(&["backup", "drop-aside", &aside, "--force"]).well();
    assert_eq!(shop.databases(), 1);
}

#[test]
fn swap_can_be_swapped_back() {
    let shop = Shop::new();
    shop.run(&["guard", "--", "true"]).well();
    shop.sql("DELETE FROM orders WHERE id > 60");
    shop.run(&["rollback", "--database", "main", "--yes", "--accept-loss", "40"]).well();
    assert_eq!(shop.number("SELECT count(*) FROM orders"), 100);
    shop.run(&["rollback", "--undo", "--yes"]).well();
    assert_eq!(shop.number("SELECT count(*) FROM orders"), 60);
    assert_eq!(shop.version(), "v1");
}

#[test]
fn database_that_is_not_configured_is_told_apart() {
    let shop = Shop::new();
    let left = shop.run(&["rollback", "--database", "other", "--yes"]).ends(2);
    assert!(left.stderr.contains("the databases are: main"), "{}", left.shown());
}
