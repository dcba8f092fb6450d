//! A database that is restored where it stands: killed anywhere and begun again, it ends as the restore point says.

use std::panic::AssertUnwindSafe;

use backout_core::data::{DataAct, RestorePoint};
use backout_core::port::{Ports, Progress};
use futures_util::FutureExt;

use super::ground::{Ground, from, step};
use crate::beside;

fn in_place(point: &RestorePoint) -> DataAct {
    by_run("20261121_031502_9f3a2c", point)
}

fn by_run(run: &str, point: &RestorePoint) -> DataAct {
    DataAct::RestoreInPlace { source: from(point), live: "shop".to_owned(), run: run.to_owned() }
}

/// Unwinds where a point is passed: what the act was doing ends there.
struct EndAt(&'static str);

impl Progress for EndAt {
    fn moved(&self, _what: &str, _done: u64, _of: Option<u64>) {}
    fn passed(&self, point: &str) {
        assert_ne!(point, self.0, "this is where it ends");
    }
}

const DATABASES: &str = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'shop%'";

#[tokio::test]
async fn a_restore_where_it_stands_that_ends_anywhere_is_finished_by_the_next() {
    for place in ["created", "dropped", "restored", "built", "placed", ""] {
        let ground = Ground::new().await;
        let point = ground.point(1).await;
        let before = ground.properties().await;
        ground.sql("shop", "UPDATE orders SET what = 'damaged'").await;
        assert!(!ground.reached(in_place(&point)).await);
        let (progress, step) = (EndAt(place), step(in_place(&point)));
        let ports = Ports { blobs: &ground.blobs, progress: &progress };
        let ended = AssertUnwindSafe(beside::perform(&ground.target, &step, ports)).catch_unwind().await;
        assert_eq!(ended.is_err(), !place.is_empty(), "{place}");
        assert_eq!(ground.reached(in_place(&point)).await, place.is_empty(), "{place}");
        let web = ground.as_role("web", "shop").connect().await;
        if let Ok(web) = web {
            let damaged = web.query_one("SELECT count(*) FROM orders WHERE what = 'damaged'", &[]).await.unwrap();
            assert_eq!(damaged.get::<_, i64>(0), 0, "{place}: only the finished one can be reached");
        }

        ground.perform(in_place(&point)).await.unwrap_or_else(|error| panic!("after {place}: {error:?}"));

        assert!(ground.reached(in_place(&point)).await, "{place}");
        assert_eq!(ground.one("shop", "SELECT count(*)::text FROM orders WHERE what LIKE 'order %'").await, "500");
        assert_eq!(ground.properties().await, before, "{place}");
        assert_eq!(ground.one("postgres", DATABASES).await, "shop", "{place}");
    }
}

#[tokio::test]
async fn rows_of_a_database_that_is_dropped_are_counted_while_it_is_there() {
    let ground = Ground::new().await;
    let point = ground.point(1).await;
    ground.sql("shop", "DELETE FROM items WHERE id <= 100; CREATE TABLE fresh AS SELECT 1 AS id").await;
    let done = ground.perform(in_place(&point)).await.unwrap();
    let changed: Vec<_> = done.proof.rows.iter().filter(|rows| !rows.is_as_before()).collect();
    let told: Vec<_> = changed.iter().map(|rows| (rows.table.name.as_str(), rows.before, rows.after)).collect();
    assert_eq!(told, [("fresh", Some(1), None), ("items", Some(400), Some(500))]);
    assert!(done.proof.checks.iter().any(|check| check.name == "foreign keys hold"), "{:?}", done.proof.checks);
}

#[tokio::test]
async fn a_restore_point_that_is_gone_drops_nothing_and_an_earlier_end_can_be_taken_back() {
    let ground = Ground::new().await;
    let mut point = ground.point(1).await;
    point.objects[0].name = "gone.dump".to_owned();
    let error = ground.perform(in_place(&point)).await.unwrap_err();
    assert!(error.what.contains("nothing was changed"), "{error:?}");
    assert_eq!(ground.one("postgres", DATABASES).await, "shop");
    ground.sql("shop", "INSERT INTO orders (what) VALUES ('still open')").await;
    assert!(ground.undo(in_place(&point)).await.is_ok());
}

/// What it ends at is written over in between: an earlier end of the same restore point proves nothing of this run.
#[tokio::test]
async fn a_second_run_of_the_same_restore_point_is_not_taken_for_done() {
    for place in ["dropped", "built", "placed", ""] {
        let ground = Ground::new().await;
        let point = ground.point(1).await;
        let before = ground.properties().await;
        let (progress, first) = (EndAt(place), step(by_run("first", &point)));
        let ports = Ports { blobs: &ground.blobs, progress: &progress };
        let ended = AssertUnwindSafe(beside::perform(&ground.target, &first, ports)).catch_unwind().await;
        assert_eq!(ended.is_err(), !place.is_empty(), "{place}");
        if ["placed", ""].contains(&place) {
            ground.sql("shop", "UPDATE orders SET what = 'damaged again'").await;
        }
        assert!(!ground.reached(by_run("second", &point)).await, "{place}");

        ground.perform(by_run("second", &point)).await.unwrap_or_else(|error| panic!("after {place}: {error:?}"));

        assert!(ground.reached(by_run("second", &point)).await, "{place}");
        assert!(!ground.reached(by_run("first", &point)).await, "{place}");
        assert_eq!(ground.one("shop", "SELECT count(*)::text FROM orders WHERE what LIKE 'order %'").await, "500");
        assert_eq!(ground.properties().await, before, "{place}");
        assert_eq!(ground.one("postgres", DATABASES).await, "shop", "{place}");
    }
}
