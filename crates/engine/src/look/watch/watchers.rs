//! The watchers: whoever looks, probes, asks, counts or hears, each as a task of its own that sends what it found.

use std::sync::Arc;
use std::time::Duration;

use backout_core::config::PromSignal;
use backout_core::detect::{News as Heard, Sample};
use backout_core::inventory::Fact;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::asked::Asked;
use super::watching::{Pace, Watching};
use crate::look::alerts::{LOOK_EVERY as HEAR_EVERY, alerts, look_at_alerts};
use crate::look::collect::{observe_some, samples};
use crate::look::compare::{Depended, Followed, ask_dependencies};
use crate::look::logs::{FollowedLog, followed};
use crate::look::probing::{Probed, Probing, targets};
use crate::look::signals::{ask, rounds, until_next_round};
use crate::look::usage::{FollowedUse, LOOK_EVERY as USE_EVERY, used};
use crate::world::{Hosted, World};

/// How often everything is looked at although no event told of it: events can get lost.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The shortest time between two looks at a platform: a thousand events a second are no reason for a thousand looks.
const LOOKS_APART: Duration = Duration::from_millis(50);

/// How often whoever looks on is told how the probing goes.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// What the watchers send.
pub(super) enum News {
    Probed(Probed, Vec<Sample>),
    Asked(Vec<Sample>),
    Counted(Vec<Heard>),
    Confirmed(Heard),
    Seen(Vec<Fact>),
}

/// Every watcher is a task of its own that ends with the set.
pub(super) fn start_watchers(
    world: &World,
    (watching, before): (Watching<'_>, &[Fact]),
    sender: &mpsc::Sender<News>,
    watchers: &mut JoinSet<()>,
) {
    for hosted in &world.platforms {
        watchers.spawn(look_again_and_again(world.clone(), hosted.clone(), sender.clone()));
    }
    watchers.spawn(probe_again_and_again(world.clone(), watching.pace, sender.clone()));
    if !alerts(world).is_empty() {
        watchers.spawn(hear_again_and_again(world.clone(), sender.clone()));
    }
    for round in rounds(world) {
        watchers.spawn(ask_again_and_again(world.clone(), round, sender.clone()));
    }
    for signal in world.environment.counted.values() {
        let followed = Followed::new(signal.clone(), watching.deployed_at);
        watchers.spawn(count_again_and_again(world.clone(), followed, sender.clone()));
    }
    for log in followed(world) {
        watchers.spawn(read_again_and_again(world.clone(), log, sender.clone()));
    }
    for service in used(world, before) {
        watchers.spawn(use_again_and_again(world.clone(), service, sender.clone()));
    }
}

/// Asks what a service depends on, because of an alarm.
pub(super) async fn ask_once_more(world: World, (depended, times): (Depended, u32), sender: mpsc::Sender<News>) {
    let news = ask_dependencies(&world, times, &depended).await;
    // Nobody is there any more who wants to know.
    drop(sender.send(News::Confirmed(news)).await);
}

/// Looks at a platform's services: at once, when it tells of something, and now and then.
async fn look_again_and_again(world: World, hosted: Hosted, sender: mpsc::Sender<News>) {
    let asked = Arc::new(Asked::default());
    let platform = hosted.platform.clone();
    let noting = Arc::clone(&asked);
    let events = platform.events(Box::new(move |event| noting.note(event)));
    let looks = async {
        let mut services = hosted.services.clone();
        loop {
            // What asked for the last look may have been told of again while it was waited for.
            if !services.is_empty() {
                let facts = observe_some(&world, &hosted, &services).await;
                if sender.send(News::Seen(facts)).await.is_err() {
                    return;
                }
            }
            let looked_at = world.clock.uptime();
            services = tokio::select! {
                () = asked.told.notified() => {
                    let since = world.clock.uptime().saturating_sub(looked_at);
                    world.clock.sleep(LOOKS_APART.saturating_sub(since)).await;
                    asked.take(&hosted.services)
                }
                () = world.clock.sleep(LOOK_EVERY) => hosted.services.clone(),
            };
        }
    };
    tokio::select! {
        () = looks => {}
        () = async { events.await; std::future::pending().await } => {}
    }
}

async fn probe_again_and_again(world: World, pace: Pace, sender: mpsc::Sender<News>) {
    let (prober, clock) = (Arc::clone(&world.prober), Arc::clone(&world.clock));
    let probing = Probing::new(prober, clock, targets(&world), Some(pace));
    let (mut told, mut told_at) = (ToldOf { world: &world, probing }, world.clock.uptime());
    loop {
        let probed = told.probing.next().await;
        let samples = samples(&world, &probed);
        if sender.send(News::Probed(probed, samples)).await.is_err() {
            return;
        }
        let now = world.clock.uptime();
        if now.saturating_sub(told_at) >= TOLD_EVERY {
            told_at = now;
            world.watcher.probing(told.probing.tally());
        }
    }
}

/// Whoever looks on is told how it went also when the watch ends, however that comes.
struct ToldOf<'a> {
    world: &'a World,
    probing: Probing,
}

impl Drop for ToldOf<'_> {
    fn drop(&mut self) {
        self.world.watcher.probing(self.probing.tally());
    }
}

async fn ask_again_and_again(world: World, round: Vec<PromSignal>, sender: mpsc::Sender<News>) {
    loop {
        let samples = ask(&world, &round).await;
        if sender.send(News::Asked(samples)).await.is_err() {
            return;
        }
        world.clock.sleep(until_next_round(&world, &round)).await;
    }
}

async fn count_again_and_again(world: World, mut followed: Followed, sender: mpsc::Sender<News>) {
    loop {
        let news = followed.look(&world).await;
        if sender.send(News::Counted(news)).await.is_err() {
            return;
        }
        world.clock.sleep(followed.until_next(&world)).await;
    }
}

async fn read_again_and_again(world: World, mut log: FollowedLog, sender: mpsc::Sender<News>) {
    loop {
        let sample = log.look(&world).await;
        world.watcher.sampled(&sample);
        if sender.send(News::Asked(vec![sample])).await.is_err() {
            return;
        }
        world.clock.sleep(log.until_next(&world)).await;
    }
}

async fn use_again_and_again(world: World, mut service: FollowedUse, sender: mpsc::Sender<News>) {
    while sender.send(News::Asked(service.look(&world).await)).await.is_ok() {
        world.clock.sleep(USE_EVERY).await;
    }
}

async fn hear_again_and_again(world: World, sender: mpsc::Sender<News>) {
    while sender.send(News::Asked(look_at_alerts(&world).await)).await.is_ok() {
        world.clock.sleep(HEAR_EVERY).await;
    }
}
