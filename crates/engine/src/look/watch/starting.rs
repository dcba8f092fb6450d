//! Services that are still starting: which failing samples say nothing yet.
//!
//! A deploy command often ends before what it started serves. What fails until then is not the deploy's fault, unless it
//! goes on for longer than the service is given. Nor is what fails because something that it depends on is still starting.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use backout_core::config::{ProbeKind, Service};
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
    configured: BTreeMap<ServiceName, Configured>,
    facts: BTreeMap<ServiceName, Fact>,
    ages: BTreeMap<ServiceName, Age>,
    held: BTreeSet<(ServiceName, ProbeName)>,
    excused_at: Option<Duration>,
}

/// What is configured of a service.
#[derive(Debug)]
struct Configured {
    depends_on: Vec<ServiceName>,
    /// What it is asked by, each with how long after a start that may fail.
    probes: BTreeMap<ProbeName, Duration>,
}

impl Configured {
    /// What its platform says is asked of the platform, and what it depends on says nothing of the service itself.
    fn of(service: &Service) -> Self {
        let own = |kind: &ProbeKind| !matches!(kind, ProbeKind::Container);
        let probes = service.probes.values().filter(|probe| own(&probe.kind) && !probe.is_dependency);
        let probes = probes.map(|probe| (probe.name.clone(), probe.start_period.unwrap_or(SERVES_WITHIN)));
        Self { depends_on: service.depends_on.clone(), probes: probes.collect() }
    }
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
    /// A watch of services that begins now. Times are those of a clock that never jumps.
    pub(crate) fn since(now: Duration, services: &BTreeMap<ServiceName, Service>) -> Self {
        let (facts, ages, held) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let configured = services.iter().map(|(name, service)| (name.clone(), Configured::of(service))).collect();
        Self { watched_since: now, configured, facts, ages, held, excused_at: None }
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
    ///
    /// Where by this it counts, it still does not while something that the service depends on, directly or not, has yet to serve.
    pub(crate) fn weigh(&mut self, of: &Probed, samples: Vec<Sample>, now: Duration) -> Vec<Sample> {
        let key = (of.target.service.clone(), of.target.probe.name.clone());
        if of.reading.outcome.holds() == Some(true) {
            self.held.insert(key);
            return samples;
        }
        let why = match () {
            () if self.held.contains(&key) => return samples,
            () if self.is_starting(of, now) => "still starting",
            () if self.needs_what_starts(&of.target.service, now) => "what it depends on is still starting",
            () => return samples,
        };
        self.excused_at = Some(now);
        let excused = |sample: Sample| Sample {
            measured: Measured::Unmeasurable { why: format!("{why}: {}", sample.what) },
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

    /// Whether something that a service depends on, directly or not, has yet to serve.
    fn needs_what_starts(&self, service: &ServiceName, now: Duration) -> bool {
        let needed_by =
            |name: &ServiceName| self.configured.get(name).map(|configured| configured.depends_on.as_slice());
        let mut left: Vec<&ServiceName> = needed_by(service).unwrap_or_default().iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(needed) = left.pop() {
            if !seen.insert(needed) {
                continue;
            }
            if self.has_yet_to_serve(needed, now) {
                return true;
            }
            left.extend(needed_by(needed).unwrap_or_default());
        }
        false
    }

    /// Whether what needs a service may fail because of it:
    ///
    /// | its platform says        | each of its probes has held since the watch began | it is younger than the probe may fail | has yet to serve |
    /// |--------------------------|---------------------------------------------------|---------------------------------------|------------------|
    /// | starting                 |                                                   |                                       | yes              |
    /// | anything else            | yes, or it has none                               |                                       | no               |
    /// | anything else            | no                                                | yes                                   | yes              |
    /// | anything else            | no                                                | no, or that is not known              | no               |
    /// | nothing yet              | no                                                | the watch is                          | yes              |
    fn has_yet_to_serve(&self, service: &ServiceName, now: Duration) -> bool {
        let is_known = !self.facts.contains_key(service) || self.ages.contains_key(service);
        let probes = self.configured.get(service).map(|configured| &configured.probes);
        let age = self.age(service, now);
        let may_fail = |(probe, within): (&ProbeName, &Duration)| {
            age < *within && !self.held.contains(&(service.clone(), probe.clone()))
        };
        self.is_starting_by_its_platform(service) || (is_known && probes.into_iter().flatten().any(may_fail))
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
