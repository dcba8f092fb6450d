//! `backout backup` from outside.

use std::fs;

use serde_json::Value;

use crate::shop::Shop;

fn ids(document: &Value) -> Vec<String> {
    let points = document["restore_points"].as_array().unwrap();
    points.iter().map(|point| point["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn restore_points_are_taken_listed_verified_and_let_go_of() {
    let shop = Shop::new();
    let taken: Vec<String> =
        (0..4).flat_map(|_| ids(&shop.run(&["backup", "create", "--json"]).well().document())).collect();
    let listed = ids(&shop.run(&["backup", "list", "--json"]).well().document());
    assert_eq!(listed, [taken[3].clone(), taken[2].clone(), taken[1].clone()], "three are kept, the newest first");

    let verified = shop.run(&["backup", "verify", "--level", "V3"]).well();
    assert!(verified.stdout.starts_with(&format!("{} holds to V3", taken[3])), "{}", verified.shown());
    let shown = shop.run(&["backup", "show", &taken[3]]).well();
    assert!(shown.stdout.contains("verified to V3") && shown.stdout.contains("orders"), "{}", shown.shown());

    shop.run(&["backup", "prune", "--keep", "1"]).well();
    assert_eq!(ids(&shop.run(&["backup", "list", "--json"]).well().document()), [taken[3].clone()]);
    let folders = fs::read_dir(shop.folder().join("backups/main")).unwrap().count();
    assert_eq!(folders, 1, "what is not listed is not stored");
}

#[test]
fn restore_point_that_was_tampered_with_does_not_hold() {
    let shop = Shop::new();
    let taken = shop.run(&["backup", "create", "--json"]).well().document();
    let name = taken["restore_points"][0]["objects"][0]["name"].as_str().unwrap();
    let file = shop.folder().join("backups").join(name);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    backout_engine::durable::replace(&file, &bytes, 0o600).unwrap();
    let verified = shop.run(&["backup", "verify", "--level", "V0"]).ends(6);
    assert!(verified.stdout.contains("does not hold"), "{}", verified.shown());
    let status = shop.run(&["status"]).well();
    assert!(status.stdout.contains("not verified"), "{}", status.shown());
}

#[test]
fn dump_of_another_tool_is_imported_and_restored_under_another_name() {
    let shop = Shop::new();
    shop.dump("nightly.dump");
    let imported = ids(&shop.run(&["backup", "import", "nightly.dump", "--json"]).well().document());
    shop.run(&["backup", "restore", &imported[0], "--as", "looked_at"]).well();
    assert_eq!(shop.number_in("looked_at", "SELECT count(*) FROM orders"), 100);
    shop.write("nonsense.dump", "this is no dump");
    shop.run(&["backup", "import", "nonsense.dump"]).ends(1);
    assert_eq!(ids(&shop.run(&["backup", "list", "--json"]).well().document()), imported);
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let shop = Shop::new();
    for arguments in [&["backup", "show", "bk-1"][..], &["backup", "verify"], &["backup", "reimport", "--dry-run"]] {
        let left = shop.run(arguments).ends(2);
        assert!(left.stderr.contains("hint:"), "{}", left.shown());
    }
    let check = shop.run(&["check"]).well();
    assert!(check.stdout.contains("database main") && check.stdout.contains("PostgreSQL"), "{}", check.shown());
}
