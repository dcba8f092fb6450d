//! A guarded deploy whose migration goes wrong.

use crate::shop::Shop;

/// Deploys version 2: it drops a column that version 1 needs, and half of the rows.
const DEPLOY: &str = "echo v2 > version";

#[test]
fn bad_release_with_a_bad_migration_goes_back_with_its_data() {
    let shop = Shop::new();
    let migration = "ALTER TABLE orders RENAME COLUMN item TO what; DELETE FROM orders WHERE id > 30";
    let guarded = std::thread::scope(|scope| {
        let deploy = format!("{DEPLOY}; : > migrate; while [ -e migrate ]; do sleep 0.1; done");
        let guard = scope.spawn({
            let shop = &shop;
            move || shop.run(&["guard", "--", "sh", "-c", &deploy])
        });
        // The deploy command asks for its migration with a file, so that this test needs no `psql`.
        while !shop.folder().join("migrate").exists() && !guard.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        shop.sql(migration);
        drop(std::fs::remove_file(shop.folder().join("migrate")));
        guard.join().unwrap()
    });
    let guarded = guarded.ends(3);
    assert!(guarded.stderr.contains("backup"), "{}", guarded.shown());
    assert_eq!(shop.version(), "v1");
    assert_eq!(shop.number("SELECT count(item) FROM orders"), 100);
    let shown = shop.run(&["show"]).well();
    assert!(shown.stdout.contains("loss") && shown.stdout.contains("listed row by row"), "{}", shown.shown());
}

#[test]
fn no_deploy_command_runs_where_its_restore_point_cannot_be_taken() {
    let shop = Shop::new();
    shop.write("backups", "a file where the folder should be");
    let refused = shop.run(&["guard", "--", "sh", "-c", DEPLOY]).ends(5);
    assert!(refused.stderr.contains("`main` could not be backed up"), "{}", refused.shown());
    assert_eq!(shop.version(), "v1");
}
