//! The exact report after a swap.

use backout_core::data::{DataAct, Method};

use super::ground::{DAMAGED, Ground, short};
use crate::loss::{perform, reached};

const SHOP: &str = "CREATE TABLE orders (id int PRIMARY KEY, note text); \
    INSERT INTO orders SELECT n, 'old' FROM generate_series(1, 100) n; \
    CREATE TABLE still (id int PRIMARY KEY); INSERT INTO still SELECT generate_series(1, 10)";

#[tokio::test]
async fn inserts_updates_and_deletes_are_listed_and_nothing_else() {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    ground
        .run(
            "shop",
            "INSERT INTO orders VALUES (101, 'new'); UPDATE orders SET note = 'changed' WHERE id = 5; \
             UPDATE orders SET note = note WHERE id = 6; DELETE FROM orders WHERE id = 7",
        )
        .await;
    ground.go_back().await;
    let (report, rows) = ground.report(&point).await;
    assert_eq!(short(&rows), ["+orders 101", "-orders 7", "~orders 5"]);
    assert_eq!(report.tables.len(), 1, "{report:?}");
    let orders = &report.tables[0];
    assert_eq!((orders.inserted, orders.updated, orders.deleted, orders.method), (1, 1, 1, Method::RowVersions));
    assert!(report.notes.is_empty() && report.not_compared.is_empty(), "{report:?}");
    let updated = rows.iter().find(|row| row.was.is_some() && row.row.is_some()).unwrap();
    assert_eq!(updated.was.as_ref().unwrap()["note"].as_deref(), Some("old"));
    assert!(updated.xid.is_some());
}

#[tokio::test]
async fn rows_before_and_after_are_those_of_the_swap_whatever_was_written_since() {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    ground.run("shop", "DELETE FROM orders WHERE id <= 30; CREATE TABLE fresh AS SELECT 1 AS id").await;
    ground.go_back().await;
    ground.run("shop", "INSERT INTO orders VALUES (500, 'after')").await;
    let act = DataAct::ReportLoss { damaged: DAMAGED.to_owned(), point: Some(Box::new(point.clone())) };
    let proof = perform(&ground.target, &ground.step(act), ground.ports()).await.unwrap().proof;
    let rows: Vec<_> = proof.rows.iter().map(|rows| (rows.table.name.as_str(), rows.before, rows.after)).collect();
    assert_eq!(rows, [("fresh", Some(1), None), ("orders", Some(70), Some(100)), ("still", Some(10), Some(10))]);

    // Where there is no restore point, what is in use is counted as it is.
    let act = DataAct::ReportLoss { damaged: DAMAGED.to_owned(), point: None };
    let proof = perform(&ground.target, &ground.step(act), ground.ports()).await.unwrap().proof;
    let rows: Vec<_> = proof.rows.iter().map(|rows| (rows.table.name.as_str(), rows.before, rows.after)).collect();
    assert_eq!(rows, [("fresh", Some(1), None), ("orders", Some(70), Some(101)), ("still", Some(10), Some(10))]);

    // Where they cannot be counted that is said, and the rows are listed all the same.
    let mut unknown = point;
    unknown.manifest.digest = backout_core::id::Digest::of(b"gone");
    let act = DataAct::ReportLoss { damaged: DAMAGED.to_owned(), point: Some(Box::new(unknown)) };
    let done = perform(&ground.target, &ground.step(act), ground.ports()).await.unwrap();
    assert!(done.loss.is_some() && done.proof.rows.is_empty());
    assert_eq!(done.proof.checks[0].name, "row counts");
}

#[tokio::test]
async fn rows_written_after_the_swap_are_not_taken_for_lost_ones() {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    ground
        .run("shop", "UPDATE orders SET note = 'lost' WHERE id IN (1, 2); DELETE FROM orders WHERE id IN (3, 4)")
        .await;
    ground.go_back().await;
    ground
        .run(
            "shop",
            "INSERT INTO orders VALUES (500, 'after'); UPDATE orders SET note = 'after' WHERE id IN (1, 3, 50); \
             DELETE FROM orders WHERE id = 60",
        )
        .await;
    let (report, rows) = ground.report(&point).await;
    // 3 was deleted before and written after, 500 is new: nobody can tell which of the two was a row of the restore point.
    assert_eq!(short(&rows), ["-orders 3?", "-orders 4", "-orders 500?", "~orders 1?", "~orders 2"]);
    assert!(
        rows.iter().find(|row| row.op == backout_core::data::Operation::Updated && !row.certain).unwrap().was.is_none()
    );
    assert_eq!(report.tables[0].deleted, 1);
    assert!(report.notes.iter().any(|note| note.contains("may have been deleted")), "{report:?}");
}

#[tokio::test]
async fn new_rows_in_use_alone_leave_no_doubt() {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    ground.run("shop", "DELETE FROM orders WHERE id = 9; INSERT INTO orders VALUES (101, 'new')").await;
    ground.go_back().await;
    ground.run("shop", "INSERT INTO orders VALUES (500, 'after')").await;
    let (_, rows) = ground.report(&point).await;
    assert_eq!(short(&rows), ["+orders 101", "-orders 9"]);
}

#[tokio::test]
async fn a_rewritten_table_is_compared_row_by_row() {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    ground
        .run(
            "shop",
            "ALTER TABLE orders ALTER id TYPE bigint; ALTER TABLE orders ADD extra text DEFAULT 'x'; \
             UPDATE orders SET note = 'changed' WHERE id = 5; DELETE FROM orders WHERE id = 7; TRUNCATE still",
        )
        .await;
    ground.go_back().await;
    let (report, rows) = ground.report(&point).await;
    let mut expected: Vec<String> = (1..=10).map(|id| format!("-still {id}")).collect();
    expected.extend(["-orders 7".to_owned(), "~orders 5".to_owned()]);
    expected.sort();
    assert_eq!(short(&rows), expected);
    assert_eq!(report.methods, [Method::Comparison]);
}

#[tokio::test]
async fn a_table_without_a_key_is_compared_as_a_bag() {
    let ground =
        Ground::new("CREATE TABLE log (line text); INSERT INTO log VALUES ('a'), ('a'), ('b'), ('c'), (NULL)").await;
    let (_, point) = ground.back_up().await;
    ground
        .run(
            "shop",
            "INSERT INTO log VALUES ('a'), ('d'); DELETE FROM log WHERE line = 'c'; DELETE FROM log WHERE line IS NULL",
        )
        .await;
    ground.go_back().await;
    let (report, rows) = ground.report(&point).await;
    let log = &report.tables[0];
    assert_eq!((log.inserted, log.updated, log.deleted, log.method), (2, 0, 2, Method::Comparison));
    let lines: Vec<_> = rows.iter().filter_map(|row| row.row.as_ref()?["line"].clone()).collect();
    assert!(lines.contains(&"a".to_owned()) && lines.contains(&"d".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn a_log_that_only_grew_needs_no_comparison() {
    let ground = Ground::new("CREATE TABLE log (line text); INSERT INTO log VALUES ('a'), ('a')").await;
    let (_, point) = ground.back_up().await;
    ground.run("shop", "INSERT INTO log VALUES ('a'), ('d')").await;
    ground.go_back().await;
    ground.run("shop", "UPDATE log SET line = 'z'").await;
    let (report, rows) = ground.report(&point).await;
    assert_eq!((report.tables[0].inserted, report.tables[0].method), (2, Method::RowVersions));
    assert!(rows.iter().all(|row| row.certain));
}

#[tokio::test]
async fn tables_of_one_side_only_are_reported() {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    ground
        .run("shop", "DROP TABLE still; CREATE TABLE fresh (id int PRIMARY KEY); INSERT INTO fresh VALUES (1), (2)")
        .await;
    ground.go_back().await;
    let (report, rows) = ground.report(&point).await;
    assert_eq!(short(&rows), ["+fresh 1", "+fresh 2"]);
    assert!(report.notes.iter().any(|note| note.contains("`still`")), "{report:?}");
}

#[tokio::test]
async fn a_transaction_in_flight_at_the_backup_is_seen() {
    let ground = Ground::new(SHOP).await;
    let open = ground.session("shop").await;
    open.batch_execute(
        "BEGIN; INSERT INTO orders VALUES (101, 'in flight'); SAVEPOINT a; UPDATE orders SET note = 'sub' WHERE id = 1",
    )
    .await
    .unwrap();
    // Seen by the snapshot, with a number above its lower bound: a young row that is not lost.
    ground.run("shop", "INSERT INTO orders VALUES (102, 'before')").await;
    let (_, point) = ground.back_up().await;
    open.batch_execute("COMMIT").await.unwrap();
    ground.go_back().await;
    let (_, rows) = ground.report(&point).await;
    assert_eq!(short(&rows), ["+orders 101", "~orders 1"]);
}

#[tokio::test]
async fn without_a_manifest_everything_is_compared() {
    let ground = Ground::new(SHOP).await;
    let (_, mut point) = ground.back_up().await;
    point.manifest.digest = backout_core::id::Digest::of(b"gone");
    ground.run("shop", "UPDATE orders SET note = 'changed' WHERE id = 5; DELETE FROM orders WHERE id = 7").await;
    ground.go_back().await;
    let (report, rows) = ground.report(&point).await;
    assert_eq!(short(&rows), ["-orders 7", "~orders 5"]);
    assert!(report.notes.iter().any(|note| note.contains("manifest")), "{report:?}");
}

#[tokio::test]
async fn a_report_is_made_again_as_it_was() {
    let ground = Ground::new(SHOP).await;
    let (_, point) = ground.back_up().await;
    ground.run("shop", "DELETE FROM orders WHERE id < 4").await;
    ground.go_back().await;
    let step = ground.step(DataAct::ReportLoss { damaged: DAMAGED.to_owned(), point: Some(Box::new(point.clone())) });
    assert!(!reached(&ground.target, &step, &ground.blobs).await.unwrap().0);
    let first = ground.report(&point).await.1;
    assert!(reached(&ground.target, &step, &ground.blobs).await.unwrap().0);
    assert_eq!(short(&first), short(&ground.report(&point).await.1));
}
