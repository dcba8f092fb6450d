//! A person is asked where the configuration says so: the guard holds, and the person goes back with a command.

use std::time::Duration;

use backout_testkit::guarded::wait_until;

use crate::shop::Shop;
use crate::story::listed;

#[test]
fn data_goes_back_only_where_a_person_says_so_unless_it_is_configured() {
    let Some(shop) = Shop::open("data_goes_back_only_where_a_person_says_so_unless_it_is_configured") else { return };
    shop.reconfigure("automatic: true", "automatic: false");
    let deploy = shop.deploy();
    let words: Vec<&str> = ["guard", "--"].into_iter().chain(deploy.iter().map(String::as_str)).collect();
    let held = shop.backout(&words).expect_code(4);
    assert!(held.stderr.contains("backout rollback"), "{}", held.stderr);
    assert_eq!(shop.databases(), ["shop"]);
    // What its migration did is seen before it serves. Where it does not, the guard has said what it saw instead.
    let serves = format!("version 2 to list orders, after the guard had said: {}", held.stderr);
    wait_until(&serves, Duration::from_secs(60), || shop.lists_v2());
    assert_eq!(shop.order(777, ""), Some(201));

    // The loss has to be agreed to by its number.
    let refused = shop.backout(&["rollback", "--yes"]).expect_code(5);
    assert!(refused.stderr.contains("--accept-loss"), "{}", refused.stderr);
    assert_eq!(shop.databases(), ["shop"]);
    let _ = shop.backout(&["rollback", "--yes", "--accept-loss", "100"]).expect_code(0);
    wait_until("version 1 to serve", Duration::from_secs(30), || shop.health().is_some());
    assert_eq!(shop.orders(), Some(listed()));

    // And the other way, with nothing lost: the rows are as damaged as they were, and it says so.
    let undone = shop.backout(&["rollback", "--undo", "--yes"]).expect_code(4);
    assert!(undone.stderr.contains("no-order-is-free"), "{}", undone.stderr);
    assert_eq!(shop.sql("shop", "SELECT total FROM shop_order ORDER BY id"), ["15", "29", "1", "777"]);
}
