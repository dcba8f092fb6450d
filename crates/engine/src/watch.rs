//! Watching: platform events, facts and probes in one loop, until the judge is certain or the soak is over.
//!
//! Events come first: a crash is looked at when the platform tells of it, not at the next poll.

use std::time::Duration;

use backout_core::config::Probe;
use backout_core::detect::{Judge, Sample};
use backout_core::id::ServiceName;
use backout_core::policy::Judgement;
use backout_core::port::PlatformEvent;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::collect::{observe, observe_one, probe_one, probes};
use crate::world::World;

/// How often everything is looked at although no event told of it: events can get lost.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often each probe is performed.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As configured for each probe.
    AtRest,
    /// At least this often.
    AtLeast(Duration),
}

/// What the watchers send.
enum News {
    Samples(Vec<Sample>),
    Moved(ServiceName),
    LookAgain,
}

/// Watches until `until`, or until the judge is certain.
pub async fn watch(world: &World, mut judge: Judge, pace: Pace, until: Timestamp) -> Judgement {
    let (sender, mut news) = mpsc::channel(256);
    let mut watchers = JoinSet::new();
    start_watchers(world, pace, &sender, &mut watchers);
    let remaining = Duration::try_from(until.duration_since(world.clock.now())).unwrap_or_default();
    let over = world.clock.sleep(remaining);
    tokio::pin!(over);
    loop {
        let verdict = tokio::select! {
            biased;
            Some(item) = news.recv() => weigh(world, &mut judge, item).await,
            () = &mut over => return judge.conclude(world.clock.now()),
        };
        if let Some(judgement) = verdict {
            return judgement;
        }
    }
}

async fn weigh(world: &World, judge: &mut Judge, news: News) -> Option<Judgement> {
    match news {
        News::Samples(samples) => samples.iter().find_map(|sample| judge.sample(sample)),
        News::Moved(service) => judge.fact(&observe_one(world, &service).await),
        News::LookAgain => observe(world).await.iter().find_map(|fact| judge.fact(fact)),
    }
}

/// Every watcher is a task of its own that ends with the set.
fn start_watchers(world: &World, pace: Pace, sender: &mpsc::Sender<News>, watchers: &mut JoinSet<()>) {
    for hosted in &world.platforms {
        let (platform, sender) = (hosted.platform.clone(), sender.clone());
        watchers.spawn(async move {
            let sink = Box::new(move |event| {
                let news = match event {
                    PlatformEvent::Moved { service, .. } => News::Moved(service),
                    PlatformEvent::Lost { .. } => News::LookAgain,
                };
                // A full channel already holds enough reasons to look.
                let _ = sender.try_send(news);
            });
            platform.events(sink).await;
        });
    }
    for (service, probe) in probes(world) {
        watchers.spawn(probe_again_and_again(world.clone(), service.clone(), probe.clone(), pace, sender.clone()));
    }
    let (world, sender) = (world.clone(), sender.clone());
    watchers.spawn(async move {
        while sender.send(News::LookAgain).await.is_ok() {
            world.clock.sleep(LOOK_EVERY).await;
        }
    });
}

async fn probe_again_and_again(
    world: World,
    service: ServiceName,
    probe: Probe,
    pace: Pace,
    sender: mpsc::Sender<News>,
) {
    let every = match pace {
        Pace::AtRest => probe.every,
        Pace::AtLeast(often) => probe.every.min(often),
    };
    loop {
        let samples = probe_one(&world, &service, &probe).await;
        if sender.send(News::Samples(samples)).await.is_err() {
            return;
        }
        world.clock.sleep(every).await;
    }
}
