//! The watch through the soak: by what is probed and asked, and by what the data says.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::detect::{Comparing, Counting, KeptWatch, Rules, broken_integrity};
use backout_core::inventory::Fact;
use backout_core::journal::{Body, RunResult};
use backout_core::policy::{Check, Judgement, Verdict};
use backout_core::run::State;
use jiff::Timestamp;

use crate::look::{Pace, Watched, Watching, acted_upon, led_now, pack, required, smoke_checks, watch};
use crate::run::drive::Driver;
use crate::world::World;

/// How long what failed by its own health check may take to hold once something was switched on for it: platforms ask seldom.
const RECOVERS_WITHIN: Duration = Duration::from_secs(60);

/// One soak of what a run is about. It needs no lease: nothing is changed and nothing recorded.
pub(in crate::run) struct Soak<'a> {
    pub(in crate::run) world: &'a World,
    pub(in crate::run) state: &'a State,
}

/// What a soak came to.
pub(crate) struct Soaked {
    /// The verdict, or the end of the run where something else came first.
    pub(in crate::run) event: Body,
    /// What led to it, to be kept under the lease.
    pub(in crate::run) watched: Option<Box<KeptWatch>>,
}

impl Soaked {
    /// The end of a soak that came to no verdict, because something else came first.
    pub(in crate::run) fn overtaken(by: &str, is_trouble: bool) -> Self {
        let (result, what) = match is_trouble {
            true => (RunResult::NothingChanged, "it was known whether it lasts"),
            false => (RunResult::KeptUnproven, "what was noticed could be proven"),
        };
        Self { event: Body::RunEnded { result, summary: format!("{by} came before {what}") }, watched: None }
    }
}

impl Soak<'_> {
    /// Watches through the soak. It lasts for as long as somebody watches, so whoever takes over begins it anew.
    /// What the probes find is not all: rows that a deploy has broken are looked for beside them, and once more at the end.
    pub(in crate::run) async fn through(&self) -> Soaked {
        let within = self.state.drill().map(|drill| Duration::from_millis(drill.within_ms));
        let until = self.world.clock.now() + within.unwrap_or(self.world.environment.guard.soak);
        // What a guard has begun is its own; what was noticed may be overtaken by another deploy.
        let known = self.state.is_noticed().then_some(self.state.after.as_slice());
        match self.judged(until, known).await {
            Some((judgement, watched)) => Soaked { event: Body::Judged { judgement }, watched },
            None => Soaked::overtaken("another deploy", self.state.is_about_trouble()),
        }
    }

    /// The verdict, and what led to it; nothing where something else is deployed than what was known.
    pub(in crate::run) async fn judged(
        &self,
        until: Timestamp,
        known: Option<&[Fact]>,
    ) -> Option<(Judgement, Option<Box<KeptWatch>>)> {
        let watched = tokio::select! {
            watched = self.watch_until(until, known) => watched,
            judgement = self.watch_integrity() => return Some((judgement, None)),
        };
        let Watched::Judged(watched) = watched else { return None };
        let judgement = watched.judgement.clone();
        let broken = match judgement.verdict {
            Verdict::Unhealthy => None,
            _ => match self.judge_data().await {
                None => match self.judge_smoke().await {
                    None => self.judge_led().await,
                    broken => broken,
                },
                broken => broken,
            },
        };
        Some((broken.unwrap_or(judgement), Some(watched)))
    }

    /// The verdict where a smoke check that held before the deploy fails at the end of its soak.
    async fn judge_smoke(&self) -> Option<Judgement> {
        if !is_smoked(self.world, self.state) {
            return None;
        }
        let now = smoke_checks(self.world).await;
        broken_integrity(&self.state.checks_before, &now, self.world.clock.now())
    }

    /// The verdict where a Service that led to a service before the deploy leads to none of it at the end of its soak.
    async fn judge_led(&self) -> Option<Judgement> {
        let now = led_now(self.world).await;
        broken_integrity(&self.state.checks_before, &now, self.world.clock.now())
    }

    pub(in crate::run) async fn watch_until(&self, until: Timestamp, known: Option<&[Fact]>) -> Watched {
        let (state, now) = (self.state, self.world.clock.now());
        let red_before = state.red_before.iter().cloned().collect();
        let rules = Rules { red_before, before: state.before.clone(), ..rules(self.world, state, (now, until)) };
        let deployed_at = state.before_until().unwrap_or(now);
        let pace = Pace::AtLeast(self.world.environment.guard.every);
        watch(self.world, rules, Watching { pace, until, deployed_at, known }).await
    }
}

/// Whether smoke checks are made around the deploy of a run: what nobody had told of was not smoked before.
fn is_smoked(world: &World, state: &State) -> bool {
    world.environment.guard.smoke && state.is_guard() && state.drill().is_none()
}

/// What every watch of a run goes by, from one moment to another, without what was before it.
pub(super) fn rules(world: &World, state: &State, (since, until): (Timestamp, Timestamp)) -> Rules {
    let environment = &world.environment;
    Rules {
        triggers: environment.triggers.clone(),
        required: required(world).into_iter().chain(acted_upon(world)).collect(),
        red_before: BTreeSet::new(),
        before: Vec::new(),
        excused: state.fallen_back_for(),
        own_checks_from: state.has_fallen_back_for_own_check().then(|| since + RECOVERS_WITHIN),
        comparing: Comparing {
            since,
            horizon: until.duration_since(since).as_secs_f64(),
            false_alarms: environment.guard.false_alarms,
            counted: environment.counted.values().map(Counting::of).collect(),
            dependencies: environment.dependencies(&state.changed),
            containers: environment.depended_containers(&state.changed),
        },
        bars: Vec::new(),
    }
}

impl Driver<'_> {
    pub(in crate::run) fn soak(&self) -> Soak<'_> {
        Soak { world: self.world, state: self.machine.state() }
    }

    /// The smoke checks as they are before a deploy, where they are made around it. What is only advice is no grade of what runs.
    pub(in crate::run) async fn smoke_before(&self) -> Vec<Check> {
        if !is_smoked(self.world, self.machine.state()) {
            return Vec::new();
        }
        smoke_checks(self.world).await.into_iter().filter(|check| !check.is_advisory).collect()
    }

    /// Watches through the soak.
    pub(in crate::run) async fn watch(&self) -> Body {
        let soaked = self.soak().through().await;
        self.keep(soaked.watched.as_deref()).await;
        soaked.event
    }

    /// Watches beside something else until there is a verdict of which nothing is kept.
    pub(in crate::run) async fn watch_beside_until(&self, until: Timestamp) -> Option<Judgement> {
        match self.soak().watch_until(until, None).await {
            Watched::Judged(watched) => Some(watched.judgement),
            Watched::Moved => None,
        }
    }

    /// Keeps what led to a verdict, so that it can be had again. A verdict that could not be kept is one nevertheless.
    pub(in crate::run) async fn keep(&self, watched: Option<&KeptWatch>) {
        if let Some(Ok(packed)) = watched.map(pack)
            && let Ok(recording) = self.world.blobs.put(&packed).await
        {
            drop(self.append(&Body::WatchKept { recording }).await);
        }
    }
}
