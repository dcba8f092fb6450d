//! The estimate before a rollback.

use backout_core::data::{Method, ObjectName};
use jiff::{SignedDuration, Timestamp};

use super::ground::Ground;
use crate::look::{Hashes, contents::contents};
use crate::loss::estimate;

const SHOP: &str = "CREATE TABLE orders (id int PRIMARY KEY, note text); \
    INSERT INTO orders SELECT n, 'old' FROM generate_series(1, 100) n; CREATE TABLE still (id int PRIMARY KEY)";

const WRITES: &str = "INSERT INTO orders VALUES (101, 'new'); UPDATE orders SET note = 'x' WHERE id < 4; \
    DELETE FROM orders WHERE id IN (50, 51); SELECT pg_stat_force_next_flush()";

#[tokio::test]
async fn rows_written_and_deleted_are_estimated_by_table() {
    let ground = Ground::new(SHOP).await;
    let (manifest, _) = ground.back_up().await;
    ground.run("shop", WRITES).await;
    let estimate = estimate(&ground.target, &manifest).await.unwrap();
    assert_eq!(estimate.tables.len(), 1, "{estimate:?}");
    let orders = &estimate.tables[0];
    assert_eq!((orders.written, orders.deleted, orders.method), (4, 2, Method::RowVersions));
    assert_eq!(estimate.limits, Vec::<String>::new());
    assert!(estimate.log_bytes.unwrap() > 0);
    assert_eq!(estimate.since, manifest.taken_at);
}

#[tokio::test]
async fn new_gone_and_rewritten_tables_are_said() {
    let ground = Ground::new(SHOP).await;
    let (manifest, _) = ground.back_up().await;
    ground
        .run(
            "shop",
            "ALTER TABLE orders ALTER id TYPE bigint; DROP TABLE still; CREATE TABLE fresh (id int); \
             INSERT INTO fresh VALUES (1), (2); SELECT pg_stat_force_next_flush()",
        )
        .await;
    let estimate = estimate(&ground.target, &manifest).await.unwrap();
    let fresh = estimate.tables.iter().find(|table| table.table == ObjectName::new("public", "fresh")).unwrap();
    assert_eq!(fresh.written, 2);
    for word in ["`orders` was rewritten", "`fresh` is new", "`still` is gone"] {
        assert!(estimate.limits.iter().any(|limit| limit.contains(word)), "{word}: {:?}", estimate.limits);
    }
}

#[tokio::test]
async fn a_clock_that_jumped_is_said_and_rows_are_counted_all_the_same() {
    let ground = Ground::new(SHOP).await;
    let (mut manifest, _) = ground.back_up().await;
    ground.run("shop", WRITES).await;
    let taken_at = manifest.taken_at;
    for jump in [SignedDuration::from_hours(24), SignedDuration::from_hours(-24 * 365 * 30)] {
        manifest.taken_at = taken_at.checked_add(jump).unwrap_or(Timestamp::UNIX_EPOCH);
        let estimate = estimate(&ground.target, &manifest).await.unwrap();
        assert_eq!((estimate.window_ms, estimate.rows()), (0, 6));
        assert!(estimate.limits[0].contains("clock"), "{:?}", estimate.limits);
    }
}

#[tokio::test]
async fn what_another_tool_dumped_is_compared_by_whole_tables_and_not_counted_as_lost() {
    let ground = Ground::new(SHOP).await;
    let (mut manifest, _) = ground.back_up().await;
    let session = ground.session("shop").await;
    manifest.tables = contents(&session, Hashes::All).await.unwrap();
    manifest.snapshot = None;
    let unwritten = estimate(&ground.target, &manifest).await.unwrap();
    assert_eq!((unwritten.rows(), unwritten.unknown.clone()), (0, None), "{unwritten:?}");
    ground.run("shop", WRITES).await;
    let written = estimate(&ground.target, &manifest).await.unwrap();
    assert_eq!(written.rows(), 1, "101 rows less 2 are one fewer than 100: {written:?}");
    let why = written.unknown.unwrap();
    assert!(why.contains("another tool took it") && why.contains("`orders` is not as it was"), "{why}");
}

#[tokio::test]
async fn another_server_is_said_and_its_counters_are_not_trusted_for_rows() {
    let ground = Ground::new(SHOP).await;
    let (mut manifest, _) = ground.back_up().await;
    manifest.system_identifier = Some("1".to_owned());
    ground.run("shop", WRITES).await;
    let estimate = estimate(&ground.target, &manifest).await.unwrap();
    assert!(estimate.unknown.as_ref().is_some_and(|why| why.contains("another server")), "{estimate:?}");
}
