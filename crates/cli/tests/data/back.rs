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

    shop.backout(&["rollback", "--undo", "--yes"]).expect_code(0);
    assert_eq!((shop.orders("shop").as_str(), shop.orders(&shop.aside()).as_str()), (DAMAGED, GOOD));
    shop.assert_open();
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
