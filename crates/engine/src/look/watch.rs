//! Watching: platform events, facts, probes and signals in one loop, until the judge is certain or the soak is over.
//!
//! Events come first: a crash is looked at when the platform tells of it, not at the next poll. Whoever looks is a task of
//! its own, and the loop only weighs what comes in: a platform that hangs hides nothing that another can see.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::config::{Probe, PromSignal};
use backout_core::detect::{Judge, Sample};
use backout_core::id::ServiceName;
use backout_core::inventory::Fact;
use backout_core::policy::Judgement;
use backout_core::port::{PlatformEvent, Reading};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::collect::{observe_some, probe_one, probes};
use super::signals::{ask, rounds, until_next_round};
use super::starting::{Probed, Starting};
use crate::world::{Hosted, World};

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

/// How long the end of a watch is put off at most.
const PUT_OFF: Duration = Duration::from_secs(120);
/// How often it is looked whether a watch whose end was put off can end.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What the watchers send.
enum News {
    Probed { service: ServiceName, probe: Box<Probe>, reading: Reading, samples: Vec<Sample> },
    Asked(Vec<Sample>),
    Seen(Vec<Fact>),
}

/// Watches until `until`, or until the judge is certain. While a service is still excused for failing because it is just
/// starting, the end is put off, for at most two minutes: a short soak must not let a version pass that never served.
pub async fn watch(world: &World, mut judge: Judge, pace: Pace, until: Timestamp) -> Judgement {
    let (sender, mut news) = mpsc::channel(256);
    let mut watchers = JoinSet::new();
    start_watchers(world, pace, &sender, &mut watchers);
    let mut starting = Starting::since(world.clock.now());
    let remaining = Duration::try_from(until.duration_since(world.clock.now())).unwrap_or_default();
    let over = world.clock.sleep(remaining);
    tokio::pin!(over);
    loop {
        let verdict = tokio::select! {
            // Whoever has much to tell must not keep the watch from ending.
            biased;
            () = &mut over => {
                let now = world.clock.now();
                if !starting.is_undecided(now) || now >= until + PUT_OFF {
                    return judge.conclude(now);
                }
                over.set(world.clock.sleep(LOOKS_AGAIN_AFTER));
                None
            }
            Some(item) = news.recv() => weigh(&mut judge, &mut starting, item, world.clock.now()),
        };
        if let Some(judgement) = verdict {
            return judgement;
        }
    }
}

fn weigh(judge: &mut Judge, starting: &mut Starting, news: News, now: Timestamp) -> Option<Judgement> {
    match news {
        News::Probed { service, probe, reading, samples } => {
            let probed = Probed { service: &service, probe: &probe, reading: &reading };
            starting.weigh(&probed, samples, now).iter().find_map(|sample| judge.sample(sample))
        }
        News::Asked(samples) => samples.iter().find_map(|sample| judge.sample(sample)),
        News::Seen(facts) => {
            facts.iter().for_each(|fact| starting.fact(fact));
            facts.iter().find_map(|fact| judge.fact(fact))
        }
    }
}

/// Every watcher is a task of its own that ends with the set.
fn start_watchers(world: &World, pace: Pace, sender: &mpsc::Sender<News>, watchers: &mut JoinSet<()>) {
    for hosted in &world.platforms {
        watchers.spawn(look_again_and_again(world.clone(), hosted.clone(), sender.clone()));
    }
    for (service, probe) in probes(world) {
        watchers.spawn(probe_again_and_again(world.clone(), service.clone(), probe.clone(), pace, sender.clone()));
    }
    for round in rounds(world) {
        watchers.spawn(ask_again_and_again(world.clone(), round, sender.clone()));
    }
}

/// What an event asks to be looked at: a service, or everything.
type Asked = Option<ServiceName>;

/// Looks at a platform's services: at once, when it tells of something, and now and then.
async fn look_again_and_again(world: World, hosted: Hosted, sender: mpsc::Sender<News>) {
    let (ask, mut asked) = mpsc::channel::<Asked>(256);
    let platform = hosted.platform.clone();
    let events = platform.events(Box::new(move |event| {
        let service = match event {
            PlatformEvent::Moved { service, .. } => Some(service),
            PlatformEvent::Lost { .. } => None,
        };
        // A full channel already holds enough reasons to look.
        drop(ask.try_send(service));
    }));
    let looks = async {
        let mut services = hosted.services.clone();
        loop {
            let facts = observe_some(&world, &hosted, &services).await;
            if sender.send(News::Seen(facts)).await.is_err() {
                return;
            }
            services = tokio::select! {
                Some(service) = asked.recv() => all_asked(service, &mut asked, &hosted),
                () = world.clock.sleep(LOOK_EVERY) => hosted.services.clone(),
            };
        }
    };
    tokio::select! {
        () = looks => {}
        () = async { events.await; std::future::pending().await } => {}
    }
}

/// Everything that was asked for until now, each service once.
fn all_asked(first: Asked, asked: &mut mpsc::Receiver<Asked>, hosted: &Hosted) -> Vec<ServiceName> {
    let mut services = BTreeSet::new();
    let mut next = Some(first);
    while let Some(wanted) = next {
        match wanted {
            Some(service) => _ = services.insert(service),
            None => return hosted.services.clone(),
        }
        next = asked.try_recv().ok();
    }
    hosted.services.iter().filter(|service| services.contains(*service)).cloned().collect()
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
        let (reading, samples) = probe_one(&world, &service, &probe).await;
        let news = News::Probed { service: service.clone(), probe: Box::new(probe.clone()), reading, samples };
        if sender.send(news).await.is_err() {
            return;
        }
        world.clock.sleep(to_next_tick(world.clock.now(), every)).await;
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

/// The time until the next multiple of `every` since the epoch. Probes of one interval wake the process together: a
/// hundred targets at rest cost a quarter of what a hundred separate wake-ups do.
fn to_next_tick(now: Timestamp, every: Duration) -> Duration {
    let every = every.as_nanos().max(1);
    let past = now.as_nanosecond().unsigned_abs() % every;
    Duration::from_nanos(u64::try_from(every - past).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_of_one_interval_meet_at_the_same_tick() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let second = Duration::from_secs(1);
        assert_eq!(to_next_tick(at(1_250), second), Duration::from_millis(750));
        assert_eq!(to_next_tick(at(1_900), second), Duration::from_millis(100));
        assert_eq!(to_next_tick(at(2_000), second), second);
    }
}
