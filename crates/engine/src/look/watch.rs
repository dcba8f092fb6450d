//! Watching: platform events, facts, probes and signals in one loop, until the judge is certain or the soak is over.
//!
//! Events come first: a crash is looked at when the platform tells of it, not at the next poll. Whoever looks is a task of
//! its own, and the loop only weighs what comes in: a platform that hangs hides nothing that another can see.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_core::config::{Probe, PromSignal};
use backout_core::detect::{KeptWatch, News as Heard, Recorder, Rules, Sample, SignalPath};
use backout_core::id::ServiceName;
use backout_core::inventory::Fact;
use backout_core::policy::Judgement;
use backout_core::port::PlatformEvent;
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::collect::{observe_some, samples};
use super::compare::{Followed, ask_dependencies};
use super::probing::{Probed, Probing, targets};
use super::signals::{ask, rounds, until_next_round};
use super::starting::Starting;
use crate::world::{Hosted, World};

/// How often everything is looked at although no event told of it: events can get lost.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The shortest time between two looks at a platform: a thousand events a second are no reason for a thousand looks.
const LOOKS_APART: Duration = Duration::from_millis(50);

/// How often each probe is performed.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As configured for each probe.
    AtRest,
    /// At least this often.
    AtLeast(Duration),
}

impl Pace {
    /// The time between two of these probes.
    pub(crate) fn of(self, probe: &Probe) -> Duration {
        match self {
            Pace::AtRest => probe.every,
            Pace::AtLeast(often) => probe.every.min(often),
        }
    }
}

/// How often whoever looks on is told how the probing goes.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// How long is watched, and how.
#[derive(Debug, Clone, Copy)]
pub struct Watching {
    /// How often.
    pub pace: Pace,
    /// Until when.
    pub until: Timestamp,
    /// When the deploy began: what signals counted until then is how it was before.
    pub deployed_at: Timestamp,
}

/// How long the end of a watch is put off at most.
const PUT_OFF: Duration = Duration::from_secs(120);
/// How often it is looked whether a watch whose end was put off can end.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What the watchers send.
enum News {
    Probed(Probed, Vec<Sample>),
    Asked(Vec<Sample>),
    Counted(Vec<Heard>),
    Confirmed(Heard),
    Seen(Vec<Fact>),
}

/// Watches until `until`, or until the judge is certain. While a service is still excused for failing because it is just
/// starting, or what it depends on is asked because of an alarm, the end is put off, for at most two minutes: a short soak must
/// not let a version pass that never served. Answers with the verdict, and all that led to it.
pub async fn watch(world: &World, rules: Rules, watching: Watching) -> KeptWatch {
    let (sender, mut news) = mpsc::channel(256);
    let (mut watchers, mut is_asking) = (JoinSet::new(), false);
    let (until, dependencies) = (watching.until, rules.comparing.dependencies.clone());
    let mut judge = Recorder::new(rules);
    start_watchers(world, watching, &sender, &mut watchers);
    let mut starting = Starting::since(world.clock.uptime());
    // From here on by the time that never jumps: a clock that is set meanwhile makes no soak longer or shorter.
    let remaining = Duration::try_from(until.duration_since(world.clock.now())).unwrap_or_default();
    let ends_at = world.clock.uptime() + remaining;
    let over = world.clock.sleep(remaining);
    tokio::pin!(over);
    loop {
        let verdict = tokio::select! {
            // Whoever has much to tell must not keep the watch from ending.
            biased;
            () = &mut over => {
                let now = world.clock.uptime();
                if !(starting.is_undecided(now) || judge.is_waiting()) || now >= ends_at + PUT_OFF {
                    return judge.concluded(world.clock.now());
                }
                over.set(world.clock.sleep(LOOKS_AGAIN_AFTER));
                None
            }
            Some(item) = news.recv() => {
                is_asking &= !matches!(item, News::Confirmed(_));
                weigh(&mut judge, &mut starting, item, world.clock.uptime())
            }
        };
        if let Some(judgement) = verdict {
            return judge.ended(judgement);
        }
        if judge.is_waiting() && !is_asking {
            is_asking = true;
            let questions = (dependencies.clone(), judge.questions());
            watchers.spawn(ask_once_more(world.clone(), questions, sender.clone()));
        }
    }
}

fn weigh(judge: &mut Recorder, starting: &mut Starting, news: News, now: Duration) -> Option<Judgement> {
    match news {
        News::Probed(probed, samples) => {
            starting.weigh(&probed, samples, now).into_iter().find_map(|sample| judge.hear(Heard::Sample(sample)))
        }
        News::Asked(samples) => samples.into_iter().find_map(|sample| judge.hear(Heard::Sample(sample))),
        News::Counted(news) => news.into_iter().find_map(|news| judge.hear(news)),
        News::Confirmed(news) => judge.hear(news),
        News::Seen(facts) => {
            facts.iter().for_each(|fact| starting.fact(fact, now));
            facts.into_iter().find_map(|fact| judge.hear(Heard::Fact(fact)))
        }
    }
}

/// Every watcher is a task of its own that ends with the set.
fn start_watchers(world: &World, watching: Watching, sender: &mpsc::Sender<News>, watchers: &mut JoinSet<()>) {
    for hosted in &world.platforms {
        watchers.spawn(look_again_and_again(world.clone(), hosted.clone(), sender.clone()));
    }
    watchers.spawn(probe_again_and_again(world.clone(), watching.pace, sender.clone()));
    for round in rounds(world) {
        watchers.spawn(ask_again_and_again(world.clone(), round, sender.clone()));
    }
    for signal in world.environment.counted.values() {
        let followed = Followed::new(signal.clone(), watching.deployed_at);
        watchers.spawn(count_again_and_again(world.clone(), followed, sender.clone()));
    }
}

/// What events ask to be looked at, each service once: as many events as there may be, this gets no larger than the platform.
#[derive(Default)]
struct Asked {
    wanted: Mutex<Wanted>,
    told: Notify,
}

#[derive(Default)]
struct Wanted {
    services: BTreeSet<ServiceName>,
    everything: bool,
}

impl Asked {
    fn note(&self, event: PlatformEvent) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            PlatformEvent::Moved { service, .. } => _ = wanted.services.insert(service),
            PlatformEvent::Lost { .. } => wanted.everything = true,
        }
        drop(wanted);
        self.told.notify_one();
    }

    /// Everything that was asked for until now, in the order of `all`.
    fn take(&self, all: &[ServiceName]) -> Vec<ServiceName> {
        let wanted = std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        all.iter().filter(|service| wanted.everything || wanted.services.contains(*service)).cloned().collect()
    }
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
    let mut probing = Probing::new(prober, clock, targets(&world), Some(pace));
    let mut told_at = world.clock.uptime();
    loop {
        let probed = probing.next().await;
        let samples = samples(&world, &probed);
        if sender.send(News::Probed(probed, samples)).await.is_err() {
            return;
        }
        let now = world.clock.uptime();
        if now.saturating_sub(told_at) >= TOLD_EVERY {
            told_at = now;
            world.watcher.probing(probing.tally());
        }
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

async fn ask_once_more(world: World, (dependencies, times): (BTreeSet<SignalPath>, u32), sender: mpsc::Sender<News>) {
    let failures = ask_dependencies(&world, times, |signal| dependencies.contains(signal)).await;
    let news = Heard::Asked { at: world.clock.now(), failures };
    // Nobody is there any more who wants to know.
    drop(sender.send(News::Confirmed(news)).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_events_hides_no_service_and_takes_no_memory() {
        let name = |name: &str| ServiceName::new(name).unwrap();
        let moved = |service: &str| PlatformEvent::Moved {
            service: name(service),
            at: Timestamp::UNIX_EPOCH,
            what: "is healthy".to_owned(),
        };
        let (asked, all) = (Asked::default(), ["db", "web", "worker"].map(name));
        (0..10_000).for_each(|_| asked.note(moved("web")));
        asked.note(moved("db"));
        assert_eq!(asked.wanted.lock().unwrap().services.len(), 2);
        assert_eq!(asked.take(&all), [name("db"), name("web")]);
        assert_eq!(asked.take(&all), []);
        asked.note(PlatformEvent::Lost { why: "the stream broke".to_owned() });
        assert_eq!(asked.take(&all), all);
    }
}
