//! One writer an environment: leases, expiry and fencing, with every holder on a connection of its own.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use backout_core::id::EnvironmentName;
use backout_core::port::{Store, StoreError};
use backout_engine::store::SqliteStore;
use jiff::{SignedDuration, Timestamp};

use crate::world::{TTL, World, armed, lease, staging};

fn is_fenced<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result.unwrap_err(), StoreError::Fenced { environment } if environment == staging())
}

/// Who has it until when, of an error that says so.
fn held<T: std::fmt::Debug>(result: Result<T, StoreError>) -> (String, Timestamp) {
    match result.unwrap_err() {
        StoreError::Held { environment, holder, until } if environment == staging() => (holder, until),
        other => panic!("{other:?}"),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[tokio::test]
async fn held_lease_is_refused_and_says_who_has_it_until_when() {
    let world = World::new();
    let (a, b) = (world.store(), world.store());
    a.acquire(&staging(), "guard, process 1", TTL).await.unwrap();
    let end = world.clock().now() + TTL;
    for holder in ["guard, process 2", "guard, process 1"] {
        assert_eq!(held(b.acquire(&staging(), holder, TTL).await), ("guard, process 1".into(), end));
    }
    let seen = b.holder(&staging()).await.unwrap().unwrap();
    assert_eq!((seen.holder.as_str(), seen.until), ("guard, process 1", end));
}

#[tokio::test]
async fn environments_do_not_share_a_lease() {
    let world = World::new();
    let store = world.store();
    lease(&store).await;
    let other = EnvironmentName::new("production").unwrap();
    store.acquire(&other, "test", TTL).await.unwrap();
}

#[test]
fn of_many_who_ask_at_once_exactly_one_gets_the_lease() {
    const ASKERS: usize = 8;
    let world = World::new();
    for round in 0..5 {
        let environment = EnvironmentName::new(&format!("env{round}")).unwrap();
        let barrier = Arc::new(Barrier::new(ASKERS));
        let ask = |n| {
            let (dir, clock, barrier) = (world.dir.clone(), world.clock(), Arc::clone(&barrier));
            let environment = environment.clone();
            std::thread::spawn(move || {
                barrier.wait();
                // The first round also races for making the file.
                let store = SqliteStore::open(&dir, clock).unwrap();
                block_on(store.acquire(&environment, &format!("asker {n}"), TTL))
            })
        };
        let threads: Vec<_> = (0..ASKERS).map(ask).collect();
        let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let refused = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Held { .. }))).count();
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert_eq!(refused, ASKERS - 1, "{answers:?}");
    }
}

#[test]
fn appends_of_many_writers_make_one_chain() {
    let world = World::new();
    let write = |n| {
        let (dir, clock) = (world.dir.clone(), world.clock());
        std::thread::spawn(move || {
            let store = SqliteStore::open(&dir, clock).unwrap();
            block_on(async {
                let environment = EnvironmentName::new(&format!("env{n}")).unwrap();
                let lease = store.acquire(&environment, "writer", TTL).await.unwrap();
                for pid in 0..25 {
                    store.append(&lease, None, &armed(pid)).await.unwrap();
                }
            });
        })
    };
    let threads: Vec<_> = (0..4).map(write).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let report = block_on(world.store().verify_chain()).unwrap();
    assert_eq!(report.records, 100);
    assert!(report.remembered.is_some());
}

#[tokio::test]
async fn expired_lease_is_taken_over_and_the_old_holder_is_fenced() {
    let world = World::new();
    let (a, b) = (world.store(), world.store());
    let old = lease(&a).await;
    a.append(&old, None, &armed(1)).await.unwrap();
    world.clock.advance(TTL - Duration::from_millis(1)).await;
    held(b.acquire(&staging(), "b", TTL).await);
    world.clock.advance(Duration::from_millis(1)).await;
    let new = b.acquire(&staging(), "b", TTL).await.unwrap();
    assert!(new.token > old.token);

    assert!(is_fenced(a.append(&old, None, &armed(2)).await));
    assert!(is_fenced(a.renew(&old, TTL).await));
    a.release(&old).await.unwrap();
    assert_eq!(b.holder(&staging()).await.unwrap().unwrap().holder, "b");
    assert_eq!(b.records(&staging(), &[]).await.unwrap().len(), 1, "the fenced record was not written");
    b.append(&new, None, &armed(3)).await.unwrap();
}

#[tokio::test]
async fn expired_lease_that_nobody_took_over_still_writes_and_renews() {
    let world = World::new();
    let store = world.store();
    let lease = lease(&store).await;
    world.clock.advance(TTL * 10).await;
    store.append(&lease, None, &armed(1)).await.unwrap();
    store.renew(&lease, TTL).await.unwrap();
    held(world.store().acquire(&staging(), "b", TTL).await);
}

#[tokio::test]
async fn lease_that_was_given_back_is_free_and_cannot_be_written_with() {
    let world = World::new();
    let store = world.store();
    let old = lease(&store).await;
    store.release(&old).await.unwrap();
    assert_eq!(store.holder(&staging()).await.unwrap(), None);
    assert!(is_fenced(store.append(&old, None, &armed(1)).await));
    assert!(is_fenced(store.renew(&old, TTL).await));
    let new = store.acquire(&staging(), "b", TTL).await.unwrap();
    assert!(new.token > old.token);
    assert!(is_fenced(store.append(&old, None, &armed(1)).await));
}

#[tokio::test]
async fn token_grows_with_every_holder_also_after_reopening() {
    let world = World::new();
    let mut tokens = Vec::new();
    for _ in 0..4 {
        let store = world.store();
        let lease = lease(&store).await;
        tokens.push(lease.token);
        store.release(&lease).await.unwrap();
    }
    assert!(tokens.windows(2).all(|pair| pair[0] < pair[1]), "{tokens:?}");
}

#[tokio::test]
async fn dead_holder_blocks_no_longer_than_its_term_when_the_clock_is_set_back() {
    let world = World::new();
    let store = world.store();
    let right = world.clock().now();
    world.clock.set(right + SignedDuration::from_hours(24 * 365));
    lease(&store).await;
    world.clock.set(right);
    assert_eq!(held(store.acquire(&staging(), "b", TTL).await).1, right + TTL);
    world.clock.advance(TTL).await;
    store.acquire(&staging(), "b", TTL).await.unwrap();
}

#[tokio::test]
async fn lease_for_longer_than_time_itself_does_not_overflow() {
    let world = World::new();
    let store = world.store();
    store.acquire(&staging(), "a", Duration::MAX).await.unwrap();
    assert_eq!(store.holder(&staging()).await.unwrap().unwrap().until, Timestamp::MAX);
}
