//! The loop that weighs what is seen.
//!
//! Events come first: a crash is looked at when the platform tells of it, not at the next poll. Whoever looks is a task of
//! its own, and the loop only weighs what comes in: a platform that hangs hides nothing that another can see.

use std::time::Duration;

use backout_core::config::Probe;
use backout_core::detect::{KeptWatch, News as Heard, Recorder, Rules};
use backout_core::inventory::{Fact, deployed_between};
use backout_core::policy::Judgement;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::starting::Starting;
use super::watchers::{News, ask_once_more, start_watchers};
use crate::look::compare::{Depended, ask_dependencies};
use crate::world::World;

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

/// How long is watched, and how.
#[derive(Debug, Clone, Copy)]
pub struct Watching<'a> {
    /// How often.
    pub pace: Pace,
    /// Until when.
    pub until: Timestamp,
    /// When the deploy began: what signals counted until then is how it was before.
    pub deployed_at: Timestamp,
    /// What is deployed, where the watch ends once something else is.
    pub known: Option<&'a [Fact]>,
}

/// How a watch ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Watched {
    /// With a verdict, and all that led to it.
    Judged(Box<KeptWatch>),
    /// Something else is deployed than what was known.
    Moved,
}

/// How long the end of a watch is put off at most.
const PUT_OFF: Duration = Duration::from_secs(120);
/// How often it is looked whether a watch whose end was put off can end.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Watches until then, until the judge is certain, or until something else is deployed than what is known. While a service is
/// still excused for failing because it is just starting, or what it depends on is asked because of an alarm, the end is put
/// off, for at most two minutes: a short soak must not let a version pass that never served.
pub async fn watch(world: &World, rules: Rules, watching: Watching<'_>) -> Watched {
    let (sender, mut news) = mpsc::channel(256);
    let (mut watchers, mut is_asking) = (JoinSet::new(), false);
    let (until, dependencies) = (watching.until, Depended::of(&rules.comparing));
    start_watchers(world, (watching, &rules.before), &sender, &mut watchers);
    let mut judge = Recorder::new(rules);
    let mut starting = Starting::since(world.clock.uptime(), &world.environment.services);
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
                    return Watched::Judged(Box::new(judge.concluded(world.clock.now())));
                }
                over.set(world.clock.sleep(LOOKS_AGAIN_AFTER));
                None
            }
            Some(item) = news.recv() => {
                if has_moved(&item, watching.known) {
                    return Watched::Moved;
                }
                is_asking &= !matches!(item, News::Confirmed(_));
                weigh(&mut judge, &mut starting, item, world.clock.uptime())
            }
        };
        if let Some(mut judgement) = verdict {
            if judgement.is_unexplained() {
                judgement = explained(world, &mut judge, judgement, &dependencies).await;
            }
            return Watched::Judged(Box::new(judge.ended(judgement)));
        }
        if judge.is_waiting() && !is_asking {
            is_asking = true;
            let questions = (dependencies.clone(), judge.questions());
            watchers.spawn(ask_once_more(world.clone(), questions, sender.clone()));
        }
    }
}

/// What fails at the same time may be seen later: whatever is depended on is asked before a limit, or a health check, counts.
async fn explained(world: &World, judge: &mut Recorder, judgement: Judgement, dependencies: &Depended) -> Judgement {
    if dependencies.are_none() {
        return judgement;
    }
    let asked = ask_dependencies(world, 1, dependencies).await;
    judge.explained(judgement, asked)
}

fn has_moved(news: &News, known: Option<&[Fact]>) -> bool {
    match (news, known) {
        (News::Seen(facts), Some(known)) => !deployed_between(known, facts).is_empty(),
        _ => false,
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
