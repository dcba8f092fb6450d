//! What a person reads before, during and after a database goes back, and when something is not there.

use crate::shop::{DAMAGED, GOOD, Shop};

#[test]
fn what_is_lost_is_told_before_and_after_it_is() {
    let shop = Shop::guarded();
    shop.damage();
    let refused = shop.backout(&["rollback", "--database", "main", "--yes"]).expect_code(5);
    assert!(refused.stderr.contains("--accept-loss 32"), "{refused:?}");
    let plan = shop.backout(&["plan", "--database", "main"]).expect_code(5);
    for said in ["side-by-side", "not code-only", "orders: 27 written, 5 deleted", "--accept-loss 32"] {
        assert!(plan.stdout.contains(said), "{said} is missing: {plan:?}");
    }
    assert_eq!(shop.databases(), ["shop"], "nothing was made");

    let back = shop.backout(&["rollback", "--database", "main", "--yes", "--accept-loss", "32"]).expect_code(0);
    let told = "7 inserted are gone, 20 changed are as before, 5 deleted are back";
    assert!(back.stderr.contains(told), "{back:?}");
    let aside = shop.aside();
    let status = shop.document(&["status"]);
    assert_eq!(status["databases"][0]["put_aside"][0]["dbname"], aside.as_str(), "{status}");

    // What changes rows, and what lets go of what was put aside, is asked for in so many words.
    shop.backout(&["backup", "reimport"]).expect_code(2);
    let early = shop.backout(&["backup", "drop-aside", &aside]);
    assert_ne!(early.code, 0, "{early:?}");
    assert_eq!((shop.orders("shop").as_str(), shop.orders(&aside).as_str()), (GOOD, DAMAGED));
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let shop = Shop::new();
    for words in [&["backup", "show", "bk-1"][..], &["backup", "verify"], &["backup", "reimport", "--dry-run"]] {
        let ended = shop.backout(words).expect_code(2);
        assert!(ended.stderr.contains("hint:"), "{ended:?}");
    }
    let other = shop.backout(&["rollback", "--database", "other", "--yes"]).expect_code(2);
    assert!(other.stderr.contains("the databases are: main"), "{other:?}");
}

#[test]
fn a_verification_says_how_far_it_went() {
    let shop = Shop::guarded();
    let verified = shop.backout(&["backup", "verify", "--level", "V3"]).expect_code(0);
    assert!(verified.stdout.contains("holds to V3"), "{verified:?}");
    let listed = shop.document(&["backup", "list"]);
    let shown = shop.backout(&["backup", "show", listed["restore_points"][0]["id"].as_str().unwrap()]).expect_code(0);
    assert!(shown.stdout.contains("verified to V3") && shown.stdout.contains("orders"), "{shown:?}");

    let [dump] = shop.stored("dump.pgc.zst").try_into().unwrap();
    let mut bytes = std::fs::read(&dump).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    backout_engine::durable::replace(&dump, &bytes, 0o600).unwrap();
    let verified = shop.backout(&["backup", "verify", "--level", "V0"]).expect_code(6);
    assert!(verified.stdout.contains("does not hold"), "{verified:?}");
    let status = shop.backout(&["status"]).expect_code(0);
    assert!(status.stdout.contains("not verified"), "{status:?}");
}
