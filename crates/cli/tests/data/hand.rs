//! What people do to databases by hand: one at a time, recorded, and where somebody must agree, with their names.

use crate::shop::{DAMAGED, GOOD, LOST, Shop};

#[test]
fn what_is_done_by_hand_stands_in_the_history() {
    let shop = Shop::guarded();
    shop.damage();
    shop.backout(&["rollback", "--database", "main", "--yes", "--accept-loss", &LOST.to_string()]).expect_code(0);
    let aside = shop.aside();
    let point = shop.document(&["backup", "list"])["restore_points"][0]["id"].as_str().unwrap().to_owned();
    shop.document(&["backup", "restore", &point, "--as", "shop_look"]);
    shop.document(&["backup", "reimport", "--dry-run"]);
    shop.document(&["backup", "reimport", "--yes"]);
    shop.backout(&["backup", "drop-aside", &aside]).expect_code(1);
    shop.document(&["backup", "drop-aside", &aside, "--force", "--without-dump"]);

    let history = shop.document(&["history"]);
    let acts = history["by_hand"].as_array().unwrap();
    let told: Vec<[&str; 2]> =
        acts.iter().map(|act| [&act["command"], &act["stage"]["is"]].map(|text| text.as_str().unwrap())).collect();
    let expected = [
        ["backup drop-aside", "done"],
        ["backup drop-aside", "failed"],
        ["backup reimport", "done"],
        ["backup restore", "done"],
    ];
    assert_eq!(told, expected, "newest first, and what commits nothing is none of it");
    assert!(acts.iter().all(|act| act["by"].as_str().is_some_and(|by| !by.is_empty())), "{history}");
    let shown = shop.document(&["show"]);
    assert_eq!(shown["by_hand"][0]["command"], "backup reimport", "{shown}");
    let shown = shop.backout(&["show"]).expect_code(0);
    assert!(shown.stdout.contains("afterwards, by hand") && shown.stdout.contains("7 put in"), "{shown:?}");
    shop.backout(&["history", "--verify"]).expect_code(0);
}

#[test]
fn nobody_changes_data_by_hand_while_a_run_has_the_environment() {
    let shop = Shop::guarded();
    shop.damage();
    shop.backout(&["rollback", "--database", "main", "--yes", "--accept-loss", &LOST.to_string()]).expect_code(0);
    let aside = shop.aside();
    let point = shop.document(&["backup", "list"])["restore_points"][0]["id"].as_str().unwrap().to_owned();
    let before = shop.journal().last();
    let mut guard = shop.start(&["guard", "--", "sleep", "600"]);
    assert!(shop.journal().await_record(before + 1, || !guard.is_running()), "the guard did not start");
    for words in [
        &["backup", "reimport", "--yes"][..],
        &["backup", "drop-aside", &aside, "--force", "--without-dump"],
        &["backup", "restore", &point, "--as", "shop_look"],
    ] {
        let ended = shop.backout(words).expect_code(7);
        assert!(ended.stderr.contains("backout guard"), "it says who has it: {ended:?}");
    }
    guard.kill();
    assert_eq!(shop.databases(), ["shop".to_owned(), aside.clone()]);
    assert_eq!((shop.orders("shop").as_str(), shop.orders(&aside).as_str()), (GOOD, DAMAGED));
}

#[test]
fn data_goes_back_where_as_many_people_agreed_as_the_configuration_wants() {
    let shop = Shop::guarded();
    let configuration = std::fs::read_to_string(shop.path("backout.yaml")).unwrap();
    let wanting = configuration
        .replace("    databases:", "    policy: { approvals: { database: 2, within: 0s } }\n    databases:");
    shop.write("backout.yaml", &wanting);
    shop.damage();
    let back = ["rollback", "--database", "main", "--yes", "--accept-loss", "100"];
    let refused = shop.backout(&[&back[..], &["--approved-by", "ann"]].concat()).expect_code(5);
    assert!(refused.stderr.contains("approval-missing") && refused.stderr.contains("--approved-by"), "{refused:?}");
    assert_eq!(shop.databases(), ["shop"]);
    shop.backout(&[&back[..], &["--approved-by", "ann", "--approved-by", "bob"]].concat()).expect_code(0);
    assert_eq!(shop.orders("shop"), GOOD);
    let started = shop.journal().since(0).into_iter().rev().find(|record| record.kind == "run_started").unwrap();
    assert!(started.body.to_string().contains("bob"), "who agreed is recorded: {}", started.body);
}
