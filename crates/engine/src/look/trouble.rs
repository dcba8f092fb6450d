//! Looking on while a deploy command runs: a cluster tells when it cannot get to where it shall be, long before the command
//! gives up waiting for it. An instance that does not get ready ends the command only where nothing that it depends on is down.

use std::collections::BTreeSet;
use std::future::pending;
use std::time::Duration;

use backout_core::detect::{ReadyWatch, SignalPath, TroubleWatch};
use backout_core::inventory::Fact;
use backout_core::port::PlatformEvent;
use futures_util::future::select_all;
use tokio::sync::mpsc;

use super::collect::observe_some;
use super::compare::reasons;
use crate::world::{Hosted, World};

/// The longest time between two looks: trouble that lasts does not tell of itself again. A look at a cluster costs no request.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Ends with the trouble that a service on a cluster is in, in the platform's words, once it has lasted, or with what a new
/// instance waits for, once it has waited longer than it may and nothing explains that. Never ends where there is neither.
/// `before` is what ran, and what was red, before the deploy.
pub(crate) async fn in_trouble(world: &World, before: (&[Fact], &BTreeSet<SignalPath>)) -> String {
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

async fn of_one(world: &World, hosted: &Hosted, before: (&[Fact], &BTreeSet<SignalPath>)) -> String {
    let (ask, mut asked) = mpsc::channel(1);
    let events = hosted.platform.events(Box::new(move |_: PlatformEvent| {
        // A full channel already holds a reason to look.
        let _ = ask.try_send(());
    }));
    let looks = async {
        let (mut trouble, mut ready) = (TroubleWatch::new(before.0), ReadyWatch::new(before.0));
        loop {
            let facts = observe_some(world, hosted, &hosted.services).await;
            let now = world.clock.now();
            for fact in &facts {
                let (service, late) = (&fact.service, ready.look(fact, now));
                if let Some(what) = trouble.look(fact, now) {
                    return format!("{service}: {what}");
                }
                match late {
                    Some(what) if reasons(world, service, before).await.is_empty() => {
                        return format!("{service}: {what}");
                    }
                    // Once what it needs is there, it may take as long as any that starts.
                    Some(_) => ready.begin_anew(service, world.clock.now()),
                    None => {}
                }
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
