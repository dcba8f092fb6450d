//! Keeping a lease: the heartbeat on a real store, with a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use backout_core::port::{Store, StoreError};
use backout_engine::lease::{Heartbeat, LeaseWatch, Lost};
use jiff::Timestamp;

use crate::world::{TTL, World, armed, staging};

/// How long real work on a real file may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn heartbeat(world: &World) -> Heartbeat {
    let store: Arc<dyn Store> = Arc::new(world.store());
    let heartbeat = Heartbeat::acquire(store, world.clock(), &staging(), "a", TTL).await.unwrap();
    asleep(world).await;
    heartbeat
}

/// Waits, in real time, until the heartbeat waits for the clock.
async fn asleep(world: &World) {
    let waiting = tokio::time::timeout(PATIENCE, async {
        while world.clock.sleepers() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    waiting.await.expect("the heartbeat never slept");
}

/// Waits, in real time, until the lease lasts until `until`.
async fn renewed(world: &World, until: Timestamp) {
    let store = world.store();
    let waiting = tokio::time::timeout(PATIENCE, async {
        while store.holder(&staging()).await.unwrap().is_none_or(|holder| holder.until < until) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    waiting.await.expect("the lease was not renewed");
}

async fn lost(watch: &mut LeaseWatch) -> Lost {
    tokio::time::timeout(PATIENCE, watch.lost()).await.expect("the loss was not told")
}

/// Lets so many renewals be done in time.
async fn beats(world: &World, count: u32) {
    for _ in 0..count {
        world.clock.advance(TTL / 3).await;
        renewed(world, world.clock().now() + TTL).await;
        // The renewal's time limit is gone as soon as the next pause has begun.
        tokio::time::sleep(Duration::from_millis(5)).await;
        asleep(world).await;
    }
}

/// Makes every renewal fail, for a reason that is not a lost lease.
fn forbid_renewals(world: &World) -> rusqlite::Connection {
    let raw = world.raw();
    raw.execute_batch("CREATE TRIGGER no BEFORE UPDATE ON lease BEGIN SELECT RAISE(ABORT, 'not now'); END").unwrap();
    raw
}

/// Lets the heartbeat try and fail for as long as `duration`.
async fn try_in_vain(world: &World, duration: Duration) {
    let end = world.clock().now() + duration;
    while world.clock().now() < end {
        world.clock.advance(Duration::from_secs(1)).await;
        // A try is over when the store has answered and the next pause has begun; no answer would leave its time
        // limit behind.
        tokio::time::sleep(Duration::from_millis(5)).await;
        asleep(world).await;
    }
}

#[tokio::test]
async fn lease_is_kept_far_beyond_its_term() {
    let world = World::new();
    let heartbeat = heartbeat(&world).await;
    beats(&world, 12).await;
    assert_eq!(heartbeat.watch().why_lost(), None);
    world.store().append(heartbeat.lease(), None, &armed(1)).await.unwrap();
}

#[tokio::test]
async fn finish_gives_the_lease_back_at_once() {
    let world = World::new();
    let heartbeat = heartbeat(&world).await;
    let mut watch = heartbeat.watch();
    heartbeat.finish().await.unwrap();
    assert_eq!(world.store().holder(&staging()).await.unwrap(), None);
    let told = tokio::time::timeout(Duration::from_millis(50), watch.lost()).await;
    assert!(told.is_err(), "a lease that was given back was not lost: {told:?}");
}

#[tokio::test]
async fn dropped_heartbeat_leaves_the_lease_to_expire() {
    let world = World::new();
    drop(heartbeat(&world).await);
    let held = world.store().acquire(&staging(), "b", TTL).await.unwrap_err();
    assert!(matches!(held, StoreError::Held { .. }), "{held}");
    world.clock.advance(TTL).await;
    world.store().acquire(&staging(), "b", TTL).await.unwrap();
}

#[tokio::test]
async fn takeover_is_told_and_finish_leaves_the_new_holder_alone() {
    let world = World::new();
    let heartbeat = heartbeat(&world).await;
    let mut watch = heartbeat.watch();
    let other = world.store();
    // As for a machine that was suspended: the other one is quicker after waking.
    world.clock.set(world.clock().now() + TTL);
    let lease = other.acquire(&staging(), "b", TTL).await.unwrap();
    world.clock.jump(TTL / 2);
    assert_eq!(lost(&mut watch).await, Lost::TakenOver { environment: staging() });
    assert_eq!(heartbeat.watch().why_lost(), watch.why_lost());
    heartbeat.finish().await.unwrap();
    other.append(&lease, None, &armed(1)).await.unwrap();
}

#[tokio::test]
async fn machine_that_slept_through_its_term_goes_on_when_nobody_took_over() {
    let world = World::new();
    let heartbeat = heartbeat(&world).await;
    world.clock.jump(TTL * 10);
    renewed(&world, world.clock().now() + TTL).await;
    assert_eq!(heartbeat.watch().why_lost(), None);
}

#[tokio::test]
async fn renewal_that_fails_for_a_moment_is_tried_again() {
    let world = World::new();
    let heartbeat = heartbeat(&world).await;
    beats(&world, 4).await;
    let raw = forbid_renewals(&world);
    try_in_vain(&world, TTL / 2).await;
    assert_eq!(heartbeat.watch().why_lost(), None);
    raw.execute_batch("DROP TRIGGER no").unwrap();
    // Sooner than the next regular beat.
    world.clock.advance(TTL / 10).await;
    renewed(&world, world.clock().now() + TTL - TTL / 10).await;
    assert_eq!(heartbeat.watch().why_lost(), None);
}

#[tokio::test]
async fn renewal_that_fails_until_expiry_loses_the_lease() {
    let world = World::new();
    let heartbeat = heartbeat(&world).await;
    let mut watch = heartbeat.watch();
    forbid_renewals(&world);
    try_in_vain(&world, TTL - Duration::from_secs(3)).await;
    assert_eq!(watch.why_lost(), None, "it has not expired yet");
    world.clock.jump(Duration::from_secs(4));
    match lost(&mut watch).await {
        Lost::Expired { environment, why } => {
            assert_eq!(environment, staging());
            assert!(why.contains("renew a lease") && why.contains("not now"), "{why}");
        }
        other @ Lost::TakenOver { .. } => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn store_that_does_not_answer_loses_the_lease_at_its_expiry() {
    let world = World::new();
    let heartbeat = heartbeat(&world).await;
    let mut watch = heartbeat.watch();
    let raw = world.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.clock.advance(TTL / 3).await;
    asleep(&world).await;
    world.clock.jump(TTL);
    // Well before SQLite itself gives up waiting.
    match tokio::time::timeout(Duration::from_secs(3), watch.lost()).await.unwrap() {
        Lost::Expired { why, .. } => assert!(why.contains("did not answer"), "{why}"),
        other @ Lost::TakenOver { .. } => panic!("{other:?}"),
    }
}
