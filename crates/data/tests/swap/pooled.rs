//! Swaps behind a real PgBouncer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::bench::{Bench, swap};

/// Rule 8.
#[tokio::test]
async fn a_transaction_that_stays_open_stops_the_swap_and_traffic_goes_on() {
    let bench = Bench::with_pooler(&[]).await;
    bench.copy("shop_rb").await;
    let idle = bench.application().connect().await.unwrap();
    idle.batch_execute("BEGIN; INSERT INTO log (said) VALUES ('not yet')").await.unwrap();

    let error = bench.perform(&swap()).await.unwrap_err();

    assert!(
        error.what.contains("a transaction stayed open") && error.what.contains("nothing was changed"),
        "{error:?}"
    );
    idle.batch_execute("COMMIT").await.unwrap();
    let other = bench.application().connect().await.unwrap();
    other.batch_execute("INSERT INTO log (said) VALUES ('goes on')").await.unwrap();
    assert_eq!(bench.one("shop", "SELECT count(*)::text FROM log").await, "2");
    bench.perform(&swap()).await.unwrap();
    assert_eq!(bench.one("shop_damaged", "SELECT count(*)::text FROM log").await, "2");
}

#[tokio::test]
async fn no_query_fails_while_the_pooler_holds_them_back() {
    let bench = Bench::with_pooler(&[]).await;
    bench.copy("shop_rb").await;
    let ends = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (address, ends) = (bench.application(), Arc::clone(&ends));
            tokio::spawn(async move {
                let session = address.connect().await.unwrap();
                let mut acknowledged = 0_u32;
                while !ends.load(Ordering::Relaxed) {
                    session.batch_execute("INSERT INTO log (said) VALUES ('held')").await.unwrap();
                    acknowledged += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                acknowledged
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.perform(&swap()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    ends.store(true, Ordering::Relaxed);
    let mut acknowledged = 0;
    for client in clients {
        acknowledged += client.await.unwrap();
    }
    let count = |dbname| bench.one(dbname, "SELECT count(*)::text FROM log");
    let (before, after) = (count("shop_damaged").await, count("shop").await);
    let (before, after): (u32, u32) = (before.parse().unwrap(), after.parse().unwrap());
    assert!(before > 0 && after > 0, "{before} before, {after} after");
    assert_eq!(before + after, acknowledged);
}

#[tokio::test]
async fn a_pooler_that_a_dead_run_has_paused_is_resumed() {
    let bench = Bench::with_pooler(&[]).await;
    bench.copy("shop_rb").await;
    bench.perform(&swap()).await.unwrap();
    let console = bench.place.pooler.clone().unwrap();
    let console = backout_data::Address::parse(&console).unwrap().connect().await.unwrap();
    console.simple_query("PAUSE shop").await.unwrap();
    assert!(!bench.reached(&swap()).await.0);
    bench.perform(&swap()).await.unwrap();
    assert!(bench.reached(&swap()).await.0);
    bench.application().connect().await.unwrap().batch_execute("INSERT INTO log (said) VALUES ('on')").await.unwrap();
}
