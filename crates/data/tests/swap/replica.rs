//! Rule 5: a session on a physical replica does not go on reading the damaged database.

use std::time::Duration;

use backout_data::server::{OwnServer, ServerOptions, Tools};

use crate::bench::{Bench, as_role, environment, folder, swap, url};

async fn replica_of(bench: &Bench) -> OwnServer {
    let tools = Tools::find(None).unwrap();
    let mut replica = OwnServer::empty(&tools, &environment(), ServerOptions::default()).unwrap();
    let (from, to) = (folder(&bench.server).display().to_string(), replica.data().display().to_string());
    let words = ["-h", &from, "-U", "postgres", "-D", &to, "-R", "-X", "stream", "-c", "fast", "--no-sync"];
    replica.command("pg_basebackup", words).unwrap().run().await.unwrap();
    replica.start().await.unwrap();
    replica
}

#[tokio::test]
async fn a_session_on_a_replica_is_ended_and_the_next_reads_the_restored_database() {
    let mut bench = Bench::new(&[("wal_level", "replica")]).await;
    bench.copy("shop_rb").await;
    bench.sql("shop", "UPDATE orders SET what = 'damaged'").await;
    let replica = replica_of(&bench).await;
    let reader = as_role(&replica, "web", "shop").connect().await.unwrap();
    let damaged = "SELECT count(*) FROM orders WHERE what = 'damaged'";
    assert_eq!(reader.query_one(damaged, &[]).await.unwrap().get::<_, i64>(0), 500);
    bench.place.replicas = vec![url(&replica.address("shop"))];

    let done = bench.perform(&swap()).await.unwrap();

    assert!(!done.seen.contains("replica"), "{}", done.seen);
    assert!(reader.query_one(damaged, &[]).await.is_err(), "it read the damaged database on");
    let next = as_role(&replica, "web", "shop").connect().await.unwrap();
    assert_eq!(next.query_one(damaged, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_replica_that_cannot_be_reached_is_said_and_stops_nothing() {
    let mut bench = Bench::new(&[]).await;
    bench.copy("shop_rb").await;
    bench.place.replicas = vec!["host=/nowhere user=postgres dbname=shop sslmode=disable".to_owned()];
    let done = tokio::time::timeout(Duration::from_secs(60), bench.perform(&swap())).await.unwrap().unwrap();
    assert!(done.seen.contains("replica 1 may still serve"), "{}", done.seen);
    assert!(bench.reached(&swap()).await.0);
}
