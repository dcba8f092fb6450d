//! Services that are still starting: which failing samples say nothing yet.
//!
//! A deploy command often ends before what it started serves. What fails until then is not the deploy's fault, unless it
//! goes on for longer than the service is given.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use backout_core::detect::{Measured, Sample};
use backout_core::id::{ProbeName, ServiceName};
use backout_core::inventory::{Fact, Health, InstanceState};
use backout_core::port::ProbeOutcome;
use jiff::Timestamp;

use crate::look::probing::Probed;

/// How long nothing needs to serve after an instance has started, where neither the probe nor the platform says.
const SERVES_WITHIN: Duration = Duration::from_secs(10);

/// How long after its last excuse a service is still undecided: time for a trigger to count.
const UNDECIDED_FOR: Duration = Duration::from_secs(3);

/// What is known of how the services start.
#[derive(Debug)]
pub(crate) struct Starting {
    watched_since: Duration,
    facts: BTreeMap<ServiceName, Fact>,
    ages: BTreeMap<ServiceName, Age>,
    held: BTreeSet<(ServiceName, ProbeName)>,
    excused_at: Option<Duration>,
}

/// How old the newest instance was when it was first seen. Platforms give the time on the wall at which it started; that is
/// compared with the wall once, because the clock there may be set anew while the instance gets older.
#[derive(Debug)]
struct Age {
    started: Timestamp,
    seen_at: Duration,
    then: Duration,
}

impl Starting {
    /// A watch that begins now. Times are those of a clock that never jumps.
    pub(crate) fn since(now: Duration) -> Self {
        let (facts, ages, held) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { watched_since: now, facts, ages, held, excused_at: None }
    }

    /// Remembers what a platform says.
    pub(crate) fn fact(&mut self, fact: &Fact, now: Duration) {
        let instances = fact.running().map(|running| running.instances.as_slice()).unwrap_or_default();
        let newest = instances.iter().filter_map(|instance| instance.since).max();
        let known = self.ages.remove(&fact.service).filter(|age| Some(age.started) == newest);
        let age = |started: Timestamp| {
            let then = Duration::try_from(fact.observed_at.duration_since(started)).unwrap_or_default();
            Age { started, seen_at: now, then }
        };
        if let Some(age) = known.or_else(|| newest.map(age)) {
            self.ages.insert(fact.service.clone(), age);
        }
        self.facts.insert(fact.service.clone(), fact.clone());
    }

    /// The samples as they count. Of a service that is still starting, a failing probe has measured nothing:
    ///
    /// | the probe has held since the watch began | start period of the probe | the platform says | the probe found | counts          |
    /// |------------------------------------------|---------------------------|-------------------|-----------------|-----------------|
    /// | yes                                      |                           |                   |                 | yes             |
    /// | no                                       | configured                |                   |                 | once it is over |
    /// | no                                       | not configured            | starting          |                 | no              |
    /// | no                                       | not configured            | anything else     | nobody there    | after 10 s      |
    /// | no                                       | not configured            | anything else     | a wrong answer  | yes             |
    pub(crate) fn weigh(&mut self, of: &Probed, samples: Vec<Sample>, now: Duration) -> Vec<Sample> {
        let key = (of.target.service.clone(), of.target.probe.name.clone());
        if of.reading.outcome.holds() == Some(true) {
            self.held.insert(key);
            return samples;
        }
        if self.held.contains(&key) || !self.is_starting(of, now) {
            return samples;
        }
        self.excused_at = Some(now);
        let excused = |sample: Sample| Sample {
            measured: Measured::Unmeasurable { why: format!("still starting: {}", sample.what) },
            ..sample
        };
        samples.into_iter().map(excused).collect()
    }

    /// Whether a failing probe was excused within the last moments, so that nothing can be said of its service yet.
    pub(crate) fn is_undecided(&self, now: Duration) -> bool {
        self.excused_at.is_some_and(|at| now < at + UNDECIDED_FOR)
    }

    fn is_starting(&self, of: &Probed, now: Duration) -> bool {
        let is_nobody_there =
            matches!(of.reading.outcome, ProbeOutcome::Refused { .. } | ProbeOutcome::TimedOut { .. });
        let service = &of.target.service;
        let age = self.age(service, now);
        match of.target.probe.start_period {
            Some(period) => age < period,
            None => self.is_starting_by_its_platform(service) || (is_nobody_there && age < SERVES_WITHIN),
        }
    }

    fn is_starting_by_its_platform(&self, service: &ServiceName) -> bool {
        let running = self.facts.get(service).and_then(Fact::running);
        let is_starting = |health: Health, state: InstanceState| {
            health == Health::Starting && matches!(state, InstanceState::Running | InstanceState::Created)
        };
        running.is_some_and(|running| running.instances.iter().any(|i| is_starting(i.health, i.state)))
    }

    /// How old the newest instance is; where that is not known, the watch.
    fn age(&self, service: &ServiceName, now: Duration) -> Duration {
        match self.ages.get(service) {
            Some(age) => age.then + now.saturating_sub(age.seen_at),
            None => now.saturating_sub(self.watched_since),
        }
    }
}
