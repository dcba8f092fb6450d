//! Copies are what their restore point says, or they are not there.

use backout_core::data::{DataAct, ObjectName};
use backout_core::policy::Verdict;
use backout_testkit::skip::skip;
use backout_testkit::small_disk::SmallDisk;

use super::ground::{Ground, copy_of, from, swap_it};

#[tokio::test]
async fn a_copy_has_the_rows_and_after_the_swap_the_properties_that_the_database_had() {
    let ground = Ground::new().await;
    let point = ground.point(1).await;
    let before = ground.properties().await;
    ground.sql("shop", "DELETE FROM items; ALTER TABLE items DROP CONSTRAINT items_pkey").await;

    assert!(!ground.reached(copy_of(&point)).await);
    let done = ground.perform(copy_of(&point)).await.unwrap();

    assert!(done.seen.contains("verified"), "{}", done.seen);
    assert!(ground.reached(copy_of(&point)).await);
    assert!(ground.as_role("web", "shop_rb").connect().await.is_err(), "nobody strays into a copy");
    assert_eq!(ground.one("shop_rb", "SELECT (reltuples)::text FROM pg_class WHERE relname = 'orders'").await, "500");
    ground.perform(swap_it()).await.unwrap();
    // Rules 3 and 4.
    let after = ground.properties().await;
    assert_eq!(after, before);
    let web = ground.as_role("web", "shop").connect().await.unwrap();
    assert_eq!(web.query_one("SHOW work_mem", &[]).await.unwrap().get::<_, String>(0), "7MB");
    // Rule 2.
    assert_eq!(
        ground
            .one("shop", "SELECT count(*)::text FROM pg_constraint WHERE contype = 'p' AND connamespace = 2200")
            .await,
        "2"
    );
    assert_eq!(ground.one("shop", "SELECT count(*)::text FROM items").await, "500");
    assert!(ground.reached(copy_of(&point)).await, "the copy is in use now");
}

#[tokio::test]
async fn a_copy_with_rows_that_refer_to_nothing_is_what_it_was_and_is_told_as_such() {
    let ground = Ground::new().await;
    ground.sql("shop", "CREATE TABLE notes (order_id int); INSERT INTO notes VALUES (7000)").await;
    ground
        .sql("shop", "ALTER TABLE notes ADD CONSTRAINT noted FOREIGN KEY (order_id) REFERENCES orders NOT VALID")
        .await;
    let point = ground.point(1).await;
    let done = ground.perform(copy_of(&point)).await.unwrap();
    let check = |name: &str| done.proof.checks.iter().find(|check| check.name == name).unwrap();
    assert_eq!(check("rows").verdict, Verdict::Healthy);
    let keys = check("foreign keys hold");
    assert_eq!(keys.verdict, Verdict::Unhealthy);
    assert_eq!(keys.what, "1 row of `notes` has no row in `orders` (`noted`, which was never validated)");
    assert_eq!(check("sequences are ahead of their columns").verdict, Verdict::Healthy);
    // A new cluster keeps none before PostgreSQL 18.
    assert_eq!(check("no checksum failed").verdict, Verdict::Unmeasurable);
    assert!(ground.reached(copy_of(&point)).await);
}

#[tokio::test]
async fn an_owner_who_is_no_superuser_can_restore_beside_and_swap() {
    let mut ground = Ground::new().await;
    ground.sql("postgres", "ALTER ROLE web IN DATABASE shop RESET ALL").await;
    let point = ground.point(1).await;
    let before = ground.properties().await;
    ground.reached_as("owner");
    ground.perform(copy_of(&point)).await.unwrap();
    ground.perform(swap_it()).await.unwrap();
    assert_eq!(ground.properties().await, before);
}

#[tokio::test]
async fn a_copy_that_differs_from_its_manifest_is_not_left_behind() {
    let ground = Ground::new().await;
    let mut point = ground.point(1).await;
    ground.describe(&mut point, |manifest| manifest.tables[0].rows += 1).await;
    let error = ground.perform(copy_of(&point)).await.unwrap_err();
    assert!(error.what.contains("in place of"), "{error:?}");
    assert_eq!(ground.one("postgres", "SELECT count(*)::text FROM pg_database WHERE datname = 'shop_rb'").await, "0");
    assert!(!ground.reached(copy_of(&point)).await);
}

#[tokio::test]
async fn what_an_interrupted_run_has_left_is_built_anew_and_what_is_not_ours_is_left_alone() {
    let ground = Ground::new().await;
    let point = ground.point(1).await;
    // As a run leaves it that is killed right after the database was made.
    ground
        .sql(
            "postgres",
            "CREATE DATABASE shop_rb TEMPLATE template0 ALLOW_CONNECTIONS false CONNECTION LIMIT 1943260157",
        )
        .await;
    ground.perform(copy_of(&point)).await.unwrap();
    // As one that is killed before the copy was verified.
    let mark = "SELECT regexp_replace(shobj_description(oid, 'pg_database'), ',\"verified\":\"[^\"]*\"', '') FROM pg_database WHERE datname = 'shop_rb'";
    let mark = ground.one("postgres", mark).await;
    ground.sql("postgres", &format!("COMMENT ON DATABASE shop_rb IS '{}'", mark.replace('\'', "''"))).await;
    assert!(!ground.reached(copy_of(&point)).await);
    let half = ground.one("postgres", "SELECT oid::text FROM pg_database WHERE datname = 'shop_rb'").await;
    ground.perform(copy_of(&point)).await.unwrap();
    assert_ne!(ground.one("postgres", "SELECT oid::text FROM pg_database WHERE datname = 'shop_rb'").await, half);
    // A copy of another restore point is none of this one.
    let other = ground.point(2).await;
    assert!(!ground.reached(copy_of(&other)).await);
    ground.undo(copy_of(&point)).await.unwrap();

    ground.sql("postgres", "CREATE DATABASE shop_rb").await;
    ground.sql("shop_rb", "CREATE TABLE precious (id int)").await;
    let error = ground.perform(copy_of(&point)).await.unwrap_err();
    assert!(error.what.contains("none of ours"), "{error:?}");
    assert!(ground.undo(copy_of(&point)).await.is_err());
    assert!(ground.perform(DataAct::DropCopy { copy: "shop_rb".to_owned() }).await.is_err());
    assert_eq!(ground.one("shop_rb", "SELECT count(*)::text FROM precious").await, "0");
}

#[tokio::test]
async fn only_some_tables_can_be_restored_into_a_copy_which_is_dropped_in_the_end() {
    let ground = Ground::new().await;
    let point = ground.point(1).await;
    let tables = vec![ObjectName::new("public", "orders"), ObjectName::new("public", "Weird \"Name\"")];
    let act = DataAct::RestoreBeside { source: from(&point), copy: "shop_rb".to_owned(), tables };
    ground.perform(act.clone()).await.unwrap();
    assert!(ground.reached(act).await && !ground.reached(copy_of(&point)).await);
    let drop = DataAct::DropCopy { copy: "shop_rb".to_owned() };
    assert!(!ground.reached(drop.clone()).await);
    ground.perform(drop.clone()).await.unwrap();
    assert!(ground.reached(drop).await);
}

/// What is dumped and restored is what was looked at, whatever else somebody works with in the same shell.
#[tokio::test]
async fn programs_reach_the_same_server_whichever_the_environment_names() {
    let mut ground = Ground::new().await;
    for (name, value) in [("PGPORT", "1"), ("PGSERVICE", "elsewhere"), ("PGHOSTADDR", "127.0.0.9")] {
        ground.target.environment.insert(name.into(), value.into());
    }
    let point = ground.point(1).await;
    ground.perform(copy_of(&point)).await.unwrap();
}

/// Rule 15.
#[tokio::test]
async fn a_disk_that_fills_up_during_the_restore_leaves_the_database_untouched_and_nothing_of_the_copy() {
    let disk = match SmallDisk::mount(40 * 1024) {
        Ok(disk) => disk,
        Err(why) => return skip("a_disk_that_fills_up_during_the_restore", &why),
    };
    let place = disk.path().join("space");
    std::fs::create_dir(&place).unwrap();
    for path in [disk.path(), &place] {
        std::os::unix::fs::chown(path, Some(postgres()), Some(postgres())).unwrap();
    }
    let ground = Ground::with_tablespace(Some(&place)).await;
    ground.sql("shop", "INSERT INTO orders (what) SELECT repeat('x', 1000) FROM generate_series(1, 20000)").await;
    let mut point = ground.point(1).await;
    let error = ground
        .perform(copy_of(&{
            point.database_bytes = 35 << 20;
            point.clone()
        }))
        .await
        .unwrap_err();
    assert!(error.what.contains("there is no room"), "{error:?}");

    // It is said to be smaller than it is, so that it begins.
    point.database_bytes = 1;
    let error = ground.perform(copy_of(&point)).await.unwrap_err();

    assert!(error.what.contains("No space left") && error.what.contains("nothing of the copy is left"), "{error:?}");
    assert_eq!(ground.one("postgres", "SELECT count(*)::text FROM pg_database WHERE datname = 'shop_rb'").await, "0");
    assert_eq!(ground.one("shop", "SELECT count(*)::text FROM orders").await, "20500");
    ground.sql("shop", "INSERT INTO orders (what) VALUES ('still open')").await;
}

fn postgres() -> u32 {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:")).unwrap();
    line.split(':').nth(2).unwrap().parse().unwrap()
}
