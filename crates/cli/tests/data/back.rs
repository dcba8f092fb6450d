//! Going back with a database, refusing to, and taking that back.

use crate::shop::{DAMAGED, GOOD, LOST, Shop};

#[test]
fn nothing_is_lost_that_nobody_agreed_to() {
    let shop = Shop::guarded();
    shop.damage();
    let before = shop.state_of_server();
    let less = (LOST - 1).to_string();
    for agreed in [&[][..], &["--accept-loss", "0"], &["--accept-loss", &less]] {
        let words = [&["rollback", "--database", "main", "--yes"], agreed].concat();
        let ended = shop.backout(&words).expect_code(5);
        assert!(ended.stderr.contains("loss-not-accepted"), "{ended:?}");
        assert_eq!(shop.state_of_server(), before, "{agreed:?}");
        assert_eq!(shop.orders("shop"), DAMAGED);
        shop.assert_open();
    }
    let plan = shop.backout(&["plan", "--database", "main", "--json"]).expect_code(5);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["version"], 1);
    assert!(plan.to_string().contains("loss-not-accepted"), "{plan}");
    assert_eq!(shop.state_of_server(), before);
}

#[test]
fn a_cut_off_dump_is_refused_before_anything_is_touched() {
    let shop = Shop::guarded();
    shop.damage();
    let before = shop.state_of_server();
    let [dump] = shop.stored("dump.pgc.zst").try_into().unwrap();
    let whole = std::fs::metadata(&dump).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&dump).unwrap().set_len(whole / 2).unwrap();
    let ended = shop.backout(&["rollback", "--database", "main", "--yes", "--accept-loss", "1000"]).expect_code(5);
    assert!(ended.stderr.contains("backup-gone"), "{ended:?}");
    assert_eq!(shop.state_of_server(), before);
    assert_eq!(shop.orders("shop"), DAMAGED);
    shop.backout(&["backup", "verify", "--level", "V0"]).expect_code(6);
}

/// The rows that the newest list of lost rows counts.
fn lost(shop: &Shop) -> u64 {
    let records = shop.journal().since(0);
    let newest = records.iter().rev().find(|record| record.kind == "loss_reported").unwrap();
    let tables = newest.body["report"]["tables"].as_array().unwrap();
    let counts =
        tables.iter().flat_map(|table| ["inserted", "updated", "deleted"].map(|of| table[of].as_u64().unwrap()));
    counts.sum()
}

/// The rows of a copy that was swapped in are all young, and nobody has written them.
#[test]
fn after_a_swap_the_next_plan_counts_what_was_written_since_and_nothing_twice() {
    let shop = Shop::guarded();
    shop.damage();
    shop.backout(&["rollback", "--database", "main", "--yes", "--accept-loss", &LOST.to_string()]).expect_code(0);
    shop.sql("shop", "INSERT INTO orders (what, cents) SELECT 'since', n FROM generate_series(1, 3) n");
    shop.sql("shop", "SELECT pg_stat_force_next_flush()");
    let refused = shop.backout(&["rollback", "--database", "main", "--rung", "side-by-side", "--yes"]).expect_code(5);
    assert!(refused.stderr.contains("would lose about 3 rows"), "{refused:?}");
    let plan =
        shop.backout(&["plan", "--database", "main", "--rung", "side-by-side", "--accept-loss", "3"]).expect_code(0);
    assert!(plan.stdout.contains("orders: 3 written, 0 deleted"), "{plan:?}");
}

/// What was written between the swap and its undoing is treated as any loss: asked about, listed, and can be put back.
#[test]
fn what_was_written_since_the_swap_is_not_lost_by_undoing_it() {
    let shop = Shop::guarded();
    shop.damage();
    shop.backout(&["rollback", "--database", "main", "--yes", "--accept-loss", &LOST.to_string()]).expect_code(0);
    // Of the rows that the damage changed as well, 1 is written here; 300 and 400 are as both databases had them.
    shop.sql(
        "shop",
        "INSERT INTO orders (what, cents) SELECT 'since', n FROM generate_series(1, 3) n; \
         UPDATE orders SET cents = 7 WHERE id IN (1, 400); DELETE FROM orders WHERE id = 300",
    );
    let (since, before) = (shop.orders("shop"), shop.state_of_server());
    for agreed in [&[][..], &["--accept-loss", "5"]] {
        let ended = shop.backout(&[&["rollback", "--undo", "--yes"], agreed].concat()).expect_code(5);
        assert!(ended.stderr.contains("loss-not-accepted") && ended.stderr.contains("about 6 rows"), "{ended:?}");
        assert_eq!(shop.state_of_server(), before);
    }
    shop.backout(&["rollback", "--undo", "--yes", "--accept-loss", "6"]).expect_code(0);
    let aside = shop.aside();
    assert_eq!((shop.orders("shop").as_str(), shop.orders(&aside)), (DAMAGED, since));
    shop.assert_open();
    assert_eq!(lost(&shop), 6);
    assert!(aside.starts_with("shop_rb_"), "{aside}");

    let listed = shop.document(&["backup", "list"]);
    assert_eq!(listed["kept"][0]["dbname"], aside.as_str(), "{listed}");
    let checked = shop.backout(&["check"]);
    assert!(checked.stdout.contains(&aside) || checked.stderr.contains(&aside), "{checked:?}");

    let done = shop.document(&["backup", "reimport", "--yes", "--with-deletes"]);
    let table = &done["reimport"]["tables"][0];
    let counted = ["inserted", "updated", "deleted", "conflicts"].map(|key| table[key].as_u64().unwrap());
    assert_eq!(counted, [3, 1, 1, 1], "{done}");
    let row = |id: u32| shop.list("shop", &format!("SELECT cents::text FROM orders WHERE id = {id}"));
    assert_eq!((row(1), row(400), row(300)), (vec!["-5".to_owned()], vec!["7".to_owned()], vec![]));
    shop.backout(&["backup", "drop-aside", &aside]).expect_code(1);
    shop.dump("in-use.dump");
    shop.backout(&["backup", "drop-aside", &aside, "--force", "--dump", "in-use.dump"]).expect_code(1);
    shop.dump_of(&aside, "aside.dump");
    shop.backout(&["backup", "drop-aside", &aside, "--force", "--dump", "aside.dump"]).expect_code(0);
    assert_eq!(shop.databases(), ["shop"]);
}

/// Where there is no room beside it: what is dropped is the last place where its rows are, but for the restore point.
#[test]
fn what_is_dropped_is_dumped_as_it_is_before_and_can_be_looked_at_afterwards() {
    let shop = Shop::guarded();
    shop.damage();
    let wanted = ["--database", "main", "--rung", "in-place", "--accept-loss", &LOST.to_string()];
    let plan = shop.backout(&[&["plan"], &wanted[..]].concat()).expect_code(0);
    assert!(plan.stdout.contains("take a restore point of `main` as it is"), "{plan:?}");
    shop.backout(&[&["rollback", "--yes"], &wanted[..]].concat()).expect_code(0);
    assert_eq!((shop.orders("shop").as_str(), shop.databases()), (GOOD, vec!["shop".to_owned()]));
    shop.assert_open();
    let listed = shop.document(&["backup", "list"]);
    let kept = listed["restore_points"][0]["id"].as_str().unwrap();
    shop.backout(&["backup", "restore", kept, "--as", "shop_look"]).expect_code(0);
    assert_eq!(shop.orders("shop_look"), DAMAGED);
}

#[test]
fn nothing_is_dropped_that_is_kept_nowhere_unless_that_is_said() {
    let shop = Shop::guarded();
    shop.damage();
    let before = shop.state_of_server();
    // What is stored is read from where it is; nothing can be stored any more.
    shop.stores_in("/dev/null/backups/");
    let wanted = ["rollback", "--yes", "--database", "main", "--rung", "in-place", "--accept-loss", &LOST.to_string()];
    let ended = shop.backout(&wanted).expect_code(4);
    assert!(ended.stderr.contains("--force damaged-not-kept"), "{ended:?}");
    assert_eq!(shop.state_of_server(), before);
    assert_eq!(shop.orders("shop"), DAMAGED);
    let forced = ["--force", "damaged-not-kept", "--force", "destination-unhealthy"];
    shop.backout(&[&wanted[..], &forced].concat()).expect_code(0);
    assert_eq!(shop.orders("shop"), GOOD);
}

/// Of the right size, so that only reading it tells.
#[test]
fn a_dump_that_was_written_over_leaves_the_database_as_it_was() {
    let shop = Shop::guarded();
    shop.damage();
    let before = shop.state_of_server();
    let [dump] = shop.stored("dump.pgc.zst").try_into().unwrap();
    let mut bytes = std::fs::read(&dump).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40].iter_mut().for_each(|byte| *byte ^= 0x55);
    #[expect(clippy::disallowed_methods, reason = "damage need not survive a power cut")]
    std::fs::write(&dump, bytes).unwrap();
    let ended = shop.backout(&["rollback", "--database", "main", "--yes", "--accept-loss", "1000"]);
    assert_ne!(ended.code, 0, "{ended:?}");
    assert_eq!(shop.state_of_server(), before, "{ended:?}");
    assert_eq!(shop.orders("shop"), DAMAGED);
    shop.assert_open();
}

#[test]
fn going_back_can_be_undone_and_lost_rows_can_be_put_back() {
    let shop = Shop::guarded();
    shop.damage();
    let back = ["rollback", "--database", "main", "--yes", "--accept-loss", &LOST.to_string()];
    shop.backout(&back).expect_code(0);
    assert_eq!((shop.orders("shop").as_str(), shop.orders(&shop.aside()).as_str()), (GOOD, DAMAGED));
    let shown = shop.backout(&["show"]).expect_code(0).stdout;
    assert!(shown.contains("rows before") && shown.contains("orders: rows before"), "{shown}");
    let shown = shop.document(&["show"]).to_string();
    assert!(shown.contains("\"kind\":\"data_proven\"") && shown.contains("\"before\":"), "{shown}");

    shop.backout(&["rollback", "--undo", "--yes"]).expect_code(0);
    assert_eq!((shop.orders("shop").as_str(), shop.orders(&shop.aside()).as_str()), (DAMAGED, GOOD));
    shop.assert_open();
    assert_eq!(lost(&shop), 0, "nothing was written in between");
    shop.backout(&["rollback", "--undo", "--yes"]).expect_code(0);
    assert_eq!((shop.orders("shop").as_str(), shop.orders(&shop.aside()).as_str()), (GOOD, DAMAGED));
    shop.assert_open();

    let counted = |document: &serde_json::Value| {
        let table = &document["reimport"]["tables"][0];
        ["inserted", "updated", "deleted", "conflicts"].map(|key| table[key].as_u64().unwrap())
    };
    let dry = shop.document(&["backup", "reimport", "--dry-run", "--with-deletes"]);
    assert_eq!(counted(&dry), [7, 20, 5, 0], "{dry}");
    assert_eq!(shop.orders("shop"), GOOD);
    // Written since: it is a conflict, and stays.
    shop.sql("shop", "UPDATE orders SET cents = 1001 WHERE id = 1");
    let done = shop.document(&["backup", "reimport", "--yes", "--with-deletes"]);
    assert_eq!(counted(&done), [7, 19, 5, 1], "{done}");
    assert_eq!(shop.list("shop", "SELECT cents::text FROM orders WHERE id = 1"), ["1001"]);
    shop.sql("shop", "UPDATE orders SET cents = -5 WHERE id = 1");
    assert_eq!(shop.orders("shop"), DAMAGED);
}
