//! All four go back, in one plan.

use backout_kube_double::Behaviour;

use super::site::{ORDER, Site, world};
use crate::switched;

#[test]
fn four_platforms_go_back_in_one_plan_in_the_order_of_their_dependencies() {
    let Some(site) = Site::new("four_platforms_go_back_in_one_plan_in_the_order_of_their_dependencies") else { return };
    assert_eq!(site.runs(), world(["v2"; 4]));
    let ended = site.backout(&["--json", "rollback", "--yes"]).expect_code(0);
    assert_eq!(site.runs(), world(["v1"; 4]), "{}", ended.stderr);
    assert_eq!(switched(&site.journal().since(0)), ORDER);
    let since = site.since();
    // The API server tells whole seconds.
    assert!(since[0] < since[2] && since[1] <= since[2] && since[2] < since[3], "{since:?}");
    let document = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(site.said(&document), site.runs(), "{}", ended.stdout);
}

#[test]
fn a_deploy_to_four_platforms_that_goes_bad_in_the_third_takes_all_of_them_back() {
    let test = "a_deploy_to_four_platforms_that_goes_bad_in_the_third_takes_all_of_them_back";
    let Some(site) = Site::new(test) else { return };
    site.backout(&["checkpoint", "create"]).expect_code(0);
    site.double.image("shop/gate:v3", Behaviour::Crash);
    let ended = site.backout(&["--json", "guard", "--", "sh", "-c", &site.script("v3")]).expect_code(3);
    // The fourth was never reached: the deploy ended with the third.
    assert_eq!(site.runs(), world(["v2"; 4]), "{}", ended.stderr);
    assert_eq!(switched(&site.journal().since(0)), ["store", "queue", "gate"]);
    let document = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(site.said(&document)["agent"], "v1", "it runs what the target has: {}", ended.stdout);
}
