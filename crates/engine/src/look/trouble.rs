//! Looking on while a deploy command runs: a cluster tells when it cannot get to where it shall be, long before the command
//! gives up waiting for it.

use std::future::pending;
use std::time::Duration;

use backout_core::detect::{ReadyWatch, TroubleWatch};
use backout_core::inventory::Fact;
use backout_core::port::PlatformEvent;
use futures_util::future::select_all;
use tokio::sync::mpsc;

use super::collect::observe_some;
use crate::world::{Hosted, World};

/// The longest time between two looks: trouble that lasts does not tell of itself again. A look at a cluster costs no request.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Ends with the trouble that a service on a cluster is in, in the platform's words, once it has lasted, or with what a new
/// instance waits for, once it has waited longer than it may. Never ends where there is neither.
pub(crate) async fn in_trouble(world: &World, before: &[Fact]) -> String {
    let is_on_cluster = |hosted: &&Hosted| {
        let of = |service| world.environment.services.get(service);
        hosted.services.iter().filter_map(of).any(|service| service.platform.kind().is_cluster())
    };
    let looks: Vec<_> =
        world.platforms.iter().filter(is_on_cluster).map(|hosted| Box::pin(of_one(world, hosted, before))).collect();
    if looks.is_empty() {
        return pending().await;
    }
    select_all(looks).await.0
}

async fn of_one(world: &World, hosted: &Hosted, before: &[Fact]) -> String {
    let (ask, mut asked) = mpsc::channel(1);
    let events = hosted.platform.events(Box::new(move |_: PlatformEvent| {
        // A full channel already holds a reason to look.
        let _ = ask.try_send(());
    }));
    let looks = async {
        let (mut trouble, mut ready) = (TroubleWatch::new(before), ReadyWatch::new(before));
        loop {
            let facts = observe_some(world, hosted, &hosted.services).await;
            let now = world.clock.now();
            let mut found = facts.iter().filter_map(|fact| {
                let (trouble, late) = (trouble.look(fact, now), ready.look(fact, now));
                Some((&fact.service, trouble.or(late)?))
            });
            if let Some((service, what)) = found.next() {
                return format!("{service}: {what}");
            }
            tokio::select! {
                Some(()) = asked.recv() => {}
                () = world.clock.sleep(LOOK_EVERY) => {}
            }
        }
    };
    tokio::select! {
        what = looks => what,
        () = async { events.await; pending().await } => String::new(),
    }
}
