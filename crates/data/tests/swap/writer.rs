//! Rules 1 and 2: an application writes through every phase, and no write that was acknowledged to it is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backout_data::Address;
use tokio::task::JoinHandle;

use crate::bench::{Bench, swap};

/// Clients that write until told to stop, and what was acknowledged to them. They connect again after every error.
pub(crate) struct Writers {
    ends: Arc<AtomicBool>,
    clients: Vec<JoinHandle<BTreeSet<i64>>>,
}

impl Writers {
    pub(crate) fn start(address: &Address, seed: u64) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let clients = (0..3).map(|client| {
            let pause = Duration::from_micros(500 + (seed * 7919 + client * 104_729) % 4000);
            tokio::spawn(write(address.clone(), pause, Arc::clone(&ends)))
        });
        Self { clients: clients.collect(), ends }
    }

    pub(crate) async fn stop(self) -> BTreeSet<i64> {
        self.ends.store(true, Ordering::Relaxed);
        let mut acknowledged = BTreeSet::new();
        for client in self.clients {
            acknowledged.extend(client.await.unwrap());
        }
        acknowledged
    }
}

async fn write(address: Address, pause: Duration, ends: Arc<AtomicBool>) -> BTreeSet<i64> {
    let mut acknowledged = BTreeSet::new();
    while !ends.load(Ordering::Relaxed) {
        let Ok(session) = address.connect().await else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        while !ends.load(Ordering::Relaxed) {
            let written = session.query_one("INSERT INTO orders (what) VALUES ('written') RETURNING id", &[]).await;
            match written {
                Ok(row) => assert!(acknowledged.insert(row.get(0)), "a number was handed out twice"),
                Err(_) => break,
            }
            tokio::time::sleep(pause).await;
        }
    }
    acknowledged
}

/// The numbers of orders that were written, in one of the databases.
pub(crate) async fn found(bench: &Bench, dbname: &str) -> BTreeSet<i64> {
    let ids = bench.list(dbname, "SELECT id::text FROM orders WHERE what = 'written'").await;
    ids.iter().map(|id| id.parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_is_in_exactly_one_of_the_two_databases_over_20_seeds() {
    let bench = Bench::new(&[]).await;
    let keys = "SELECT count(*)::text FROM pg_constraint WHERE contype IN ('p', 'f', 'u') AND connamespace = 'public'::regnamespace";
    for seed in 0..20 {
        bench.copy("shop_rb").await;
        let before = found(&bench, "shop").await;
        let writers = Writers::start(&bench.application(), seed);
        tokio::time::sleep(Duration::from_millis(30 + seed * 3)).await;
        bench.perform(&swap()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let acknowledged = writers.stop().await;

        let (damaged, restored) = (found(&bench, "shop_damaged").await, found(&bench, "shop").await);
        let (old, new) = (&damaged - &before, &restored - &before);
        assert!(old.is_disjoint(&new), "seed {seed}: numbers were handed out twice");
        let either: BTreeSet<i64> = old.union(&new).copied().collect();
        let lost: Vec<_> = acknowledged.difference(&either).collect();
        assert!(lost.is_empty(), "seed {seed}: acknowledged and in neither: {lost:?}");
        assert!(acknowledged.iter().any(|id| old.contains(id)), "seed {seed}: nothing was written before");
        assert!(acknowledged.iter().any(|id| new.contains(id)), "seed {seed}: nothing was written after");
        assert_eq!(bench.one("shop", keys).await, "3", "seed {seed}");
        bench.sql("postgres", "DROP DATABASE shop_damaged WITH (FORCE)").await;
    }
}
