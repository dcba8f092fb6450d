//! Rule 7: a swap that is killed at any point is carried on by the next run, and the name always stands for one database.

use std::path::Path;
use std::time::Duration;

use backout_adapters::command::{Background, Command};
use backout_core::port::{Database as _, Ports, Progress};
use backout_testkit::world::MemoryBlobs;
use rustix::process::{Signal, getpid, kill_process};

use crate::bench::{Bench, Place, environment, swap};
use crate::writer::{Writers, found};

/// What tells the other process what to do.
const URL: &str = "BACKOUT_SWAP_URL";
const POOLER: &str = "BACKOUT_SWAP_POOLER";
const POINT: &str = "BACKOUT_SWAP_POINT";
const ACT: &str = "BACKOUT_SWAP_ACT";

/// Kills this very process, without a chance to clean up, when a point is passed.
struct KillAt(String);

impl Progress for KillAt {
    fn moved(&self, _what: &str, _done: u64, _of: Option<u64>) {}
    fn passed(&self, point: &str) {
        if self.0 == point {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
    }
}

/// The process that is killed: this test does nothing unless another one has started it for that.
#[tokio::test]
async fn a_process_that_is_told_to_swap_does() {
    let environment = environment();
    let of = |name: &str| environment.get(std::ffi::OsStr::new(name)).map(|value| value.to_str().unwrap().to_owned());
    let Some(url) = of(URL) else { return };
    let place = Place { url, pooler: of(POOLER), ..Place::default() };
    let (blobs, progress) = (MemoryBlobs::default(), KillAt(of(POINT).unwrap_or_default()));
    let (postgres, ports) = (place.postgres(Path::new("/")), Ports { blobs: &blobs, progress: &progress });
    match of(ACT).as_deref() {
        Some("undo") => drop(postgres.undo(&swap(), ports).await.unwrap()),
        _ => drop(postgres.perform(&swap(), ports).await.unwrap()),
    }
}

fn other_process(bench: &Bench, act: &str, point: &str) -> Command {
    let name = "killed::a_process_that_is_told_to_swap_does";
    let command = Command::new(std::env::current_exe().unwrap(), &environment()).args(["--exact", name]);
    let command = command.env(URL, &bench.place.url).env(ACT, act).env(POINT, point);
    match &bench.place.pooler {
        Some(pooler) => command.env(POOLER, pooler),
        None => command,
    }
}

/// Exactly one database has the name that applications use.
async fn resolves(bench: &Bench) {
    assert_eq!(bench.list("postgres", "SELECT datname::text FROM pg_database WHERE datname = 'shop'").await.len(), 1);
}

async fn swapped(bench: &Bench) {
    assert!(bench.reached(&swap()).await.0, "{:?}", bench.reached(&swap()).await);
    assert_eq!(bench.one("shop", "SELECT count(*)::text FROM items").await, "500");
    assert_eq!(bench.one("shop_damaged", "SELECT count(*)::text FROM items").await, "0");
    bench.application().connect().await.unwrap().batch_execute("INSERT INTO log (said) VALUES ('on')").await.unwrap();
    assert!(bench.session("web", "shop_damaged").await.is_err());
}

async fn damaged(bench: &Bench) {
    bench.copy("shop_rb").await;
    bench.sql("shop", "DELETE FROM items").await;
}

const POINTS: [&str; 8] = ["prepared", "paused", "frozen", "settled", "swapped", "resumed", "replicas", "locked"];

#[tokio::test]
async fn a_swap_that_is_killed_at_any_point_is_finished_by_the_next_run() {
    let bench = Bench::with_pooler(&[]).await;
    for point in POINTS {
        damaged(&bench).await;
        other_process(&bench, "swap", point).run().await.unwrap_err();
        resolves(&bench).await;
        bench.perform(&swap()).await.unwrap_or_else(|error| panic!("after {point}: {error:?}"));
        swapped(&bench).await;
        bench.sql("postgres", "DROP DATABASE shop_damaged WITH (FORCE)").await;
    }
}

#[tokio::test]
async fn a_swap_that_is_killed_at_any_point_can_be_taken_back() {
    let bench = Bench::with_pooler(&[]).await;
    for point in POINTS {
        damaged(&bench).await;
        other_process(&bench, "swap", point).run().await.unwrap_err();
        bench.undo(&swap()).await.unwrap_or_else(|error| panic!("after {point}: {error:?}"));
        resolves(&bench).await;
        assert_eq!(bench.one("shop", "SELECT count(*)::text FROM items").await, "0", "after {point}");
        bench
            .application()
            .connect()
            .await
            .unwrap()
            .batch_execute("INSERT INTO log (said) VALUES ('on')")
            .await
            .unwrap();
        bench.sql("postgres", "DROP DATABASE shop_rb WITH (FORCE)").await;
        bench.sql("shop", "INSERT INTO items (order_id, n) SELECT id, 1 FROM orders").await;
    }
}

#[tokio::test]
async fn taking_back_that_is_killed_at_any_point_is_finished_by_the_next() {
    let bench = Bench::new(&[]).await;
    for point in POINTS.into_iter().filter(|point| !["paused", "resumed"].contains(point)) {
        damaged(&bench).await;
        bench.perform(&swap()).await.unwrap();
        other_process(&bench, "undo", point).run().await.unwrap_err();
        resolves(&bench).await;
        bench.undo(&swap()).await.unwrap_or_else(|error| panic!("after {point}: {error:?}"));
        assert_eq!(bench.one("shop", "SELECT count(*)::text FROM items").await, "0", "after {point}");
        bench.sql_as("web", "shop", "INSERT INTO items (order_id, n) SELECT id, 1 FROM orders").await;
        assert!(bench.session("web", "shop_rb").await.is_err(), "after {point}");
        bench.sql("postgres", "DROP DATABASE shop_rb WITH (FORCE)").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_that_is_killed_at_any_moment_loses_no_acknowledged_write() {
    let bench = Bench::new(&[]).await;
    for seed in 0..12_u64 {
        bench.copy("shop_rb").await;
        let before = found(&bench, "shop").await;
        let writers = Writers::start(&bench.application(), seed);
        let process = Background::start(&other_process(&bench, "swap", ""), &bench.folder.path().join("log")).unwrap();
        tokio::time::sleep(Duration::from_millis(20 + seed * 11)).await;
        drop(process);
        resolves(&bench).await;
        bench.perform(&swap()).await.unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        tokio::time::sleep(Duration::from_millis(20)).await;
        let acknowledged = writers.stop().await;
        let (damaged, restored) = (found(&bench, "shop_damaged").await, found(&bench, "shop").await);
        let (old, new) = (&damaged - &before, &restored - &before);
        assert!(old.is_disjoint(&new), "seed {seed}");
        assert!(acknowledged.iter().all(|id| old.contains(id) || new.contains(id)), "seed {seed}");
        bench.sql("postgres", "DROP DATABASE shop_damaged WITH (FORCE)").await;
    }
}
