//! Guarded deploys whose migration goes wrong, or that must not start.

use std::time::Duration;

use backout_testkit::guarded::wait_until;

use crate::shop::{GOOD, Shop};

/// Deploys version 2, then waits until what its migration does was done.
const MIGRATING: &str = "echo v2 > live; : > migrate; while [ -e migrate ]; do sleep 0.1; done";

#[test]
fn bad_release_with_a_bad_migration_goes_back_with_its_data() {
    let shop = Shop::new();
    shop.goes_back_by_itself_when_it_runs("v2");
    let mut guard = shop.start(&["guard", "--", "sh", "-c", MIGRATING]);
    // The deploy command asks for its migration with a file, so that this test needs no `psql`.
    wait_until("the deploy command to migrate", Duration::from_secs(60), || {
        shop.path("migrate").exists() || !guard.is_running()
    });
    shop.sql("shop", "ALTER TABLE orders RENAME COLUMN cents TO what_it_costs; DELETE FROM orders WHERE id > 30");
    drop(std::fs::remove_file(shop.path("migrate")));
    let guarded = guard.wait().expect_code(3);
    assert!(guarded.stderr.contains("backup"), "{guarded:?}");
    assert_eq!((shop.live().as_str(), shop.orders("shop").as_str()), ("v1", GOOD));
    let shown = shop.backout(&["show"]).expect_code(0);
    assert!(shown.stdout.contains("loss") && shown.stdout.contains("listed row by row"), "{shown:?}");
}

#[test]
fn no_deploy_command_runs_where_its_restore_point_cannot_be_taken() {
    let shop = Shop::new();
    shop.write("backups", "a file where the folder should be");
    let refused = shop.backout(&["guard", "--", "sh", "-c", "echo v2 > live"]).expect_code(5);
    assert!(refused.stderr.contains("`main` could not be backed up"), "{refused:?}");
    assert_eq!(shop.live(), "v1");
}
