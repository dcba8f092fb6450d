//! Moments in the server's log: base backups by hand, and going back to one that nobody took a restore point at.

use crate::shop::{DAMAGED, GOOD, LOST, Shop};

#[test]
fn a_database_goes_back_to_a_bare_moment_and_its_lost_rows_are_listed() {
    let shop = Shop::archiving();
    let made = shop.document(&["backup", "create", "--physical"]);
    let path = made["base_backups"][0]["path"].as_str().unwrap();
    assert!(std::path::Path::new(path).join("backup_manifest").is_file(), "{made}");
    let listed = shop.document(&["backup", "list"]);
    assert!(path.ends_with(listed["base_backups"][0]["name"].as_str().unwrap()), "{listed}");
    shop.backout(&["guard", "--", "true"]).expect_code(0);
    let moment = shop.list("shop", "SELECT pg_current_wal_insert_lsn()::text").remove(0);
    shop.damage();

    let back = ["rollback", "--database", "main", "--to-lsn", &moment, "--yes", "--force", "loss-not-accepted"];
    let went = shop.backout(&back).expect_code(0);
    assert_eq!((shop.orders("shop").as_str(), shop.orders(&shop.aside()).as_str()), (GOOD, DAMAGED), "{went:?}");
    shop.assert_open();
    let records = shop.journal().since(0);
    let lost = records.iter().rev().find(|record| record.kind == "loss_reported").unwrap();
    let table = &lost.body["report"]["tables"][0];
    let counted = ["inserted", "updated", "deleted"].map(|of| table[of].as_u64().unwrap());
    assert_eq!(counted, [7, 20, 5], "{}", lost.body);
    assert_eq!(counted.iter().sum::<u64>(), LOST);
    let notes = lost.body["report"]["notes"].to_string();
    assert!(!notes.contains("may have been deleted"), "nothing is in doubt: {notes}");

    let done = shop.document(&["backup", "reimport", "--yes", "--with-deletes"]);
    assert_eq!(done["reimport"]["tables"][0]["conflicts"], 0, "{done}");
    assert_eq!(shop.orders("shop"), DAMAGED);
}

#[test]
fn a_base_backup_that_a_restore_point_needs_is_never_let_go() {
    let shop = Shop::archiving();
    let name = |made: &serde_json::Value| {
        let path = made["base_backups"][0]["path"].as_str().unwrap();
        path.rsplit('/').next().unwrap().to_owned()
    };
    let make = || {
        // Their names are of seconds.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        name(&shop.document(&["backup", "create", "--physical"]))
    };
    let (first, needed) = (make(), make());
    shop.document(&["backup", "create"]);
    let (third, newest) = (make(), make());
    let pruned = shop.document(&["backup", "prune", "--keep", "1"]);
    let of = |document: &serde_json::Value| -> Vec<String> {
        let bases = document["base_backups"].as_array().unwrap();
        bases.iter().map(|base| base["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of(&pruned), [first, third]);
    assert_eq!(of(&shop.document(&["backup", "list"])), [newest, needed]);
    let history = shop.document(&["history"]);
    assert_eq!(history["by_hand"].as_array().unwrap().len(), 6, "{history}");
}
