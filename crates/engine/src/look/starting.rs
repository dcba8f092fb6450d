//! Services that are still starting: which failing samples say nothing yet.
//!
//! A deploy command often ends before what it started serves. What fails until then is not the deploy's fault, unless it
//! goes on for longer than the service is given.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use backout_core::config::Probe;
use backout_core::detect::{Measured, Sample};
use backout_core::id::{ProbeName, ServiceName};
use backout_core::inventory::{Fact, Health, InstanceState};
use backout_core::port::{ProbeOutcome, Reading};
use jiff::Timestamp;

/// How long nothing needs to serve after an instance has started, where neither the probe nor the platform says.
const SERVES_WITHIN: Duration = Duration::from_secs(10);

/// How long after its last excuse a service is still undecided: time for a trigger to count.
const UNDECIDED_FOR: Duration = Duration::from_secs(3);

/// What is known of how the services start.
#[derive(Debug)]
pub(crate) struct Starting {
    watched_since: Timestamp,
    facts: BTreeMap<ServiceName, Fact>,
    held: BTreeSet<(ServiceName, ProbeName)>,
    excused_at: Option<Timestamp>,
}

impl Starting {
    pub(crate) fn since(now: Timestamp) -> Self {
        Self { watched_since: now, facts: BTreeMap::new(), held: BTreeSet::new(), excused_at: None }
    }

    /// Remembers what a platform says.
    pub(crate) fn fact(&mut self, fact: &Fact) {
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
    pub(crate) fn weigh(&mut self, of: &Probed<'_>, samples: Vec<Sample>, now: Timestamp) -> Vec<Sample> {
        let key = (of.service.clone(), of.probe.name.clone());
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
    pub(crate) fn is_undecided(&self, now: Timestamp) -> bool {
        self.excused_at.is_some_and(|at| now < at + UNDECIDED_FOR)
    }

    fn is_starting(&self, of: &Probed<'_>, now: Timestamp) -> bool {
        let is_nobody_there =
            matches!(of.reading.outcome, ProbeOutcome::Refused { .. } | ProbeOutcome::TimedOut { .. });
        let started_at = self.started_at(of.service);
        match of.probe.start_period {
            Some(period) => now < started_at + period,
            None => {
                self.is_starting_by_its_platform(of.service) || (is_nobody_there && now < started_at + SERVES_WITHIN)
            }
        }
    }

    fn is_starting_by_its_platform(&self, service: &ServiceName) -> bool {
        let running = self.facts.get(service).and_then(Fact::running);
        let is_starting = |health: Health, state: InstanceState| {
            health == Health::Starting && matches!(state, InstanceState::Running | InstanceState::Created)
        };
        running.is_some_and(|running| running.instances.iter().any(|i| is_starting(i.health, i.state)))
    }

    /// When the newest instance started; where that is not known, when the watch began.
    fn started_at(&self, service: &ServiceName) -> Timestamp {
        let running = self.facts.get(service).and_then(Fact::running);
        let newest = running.and_then(|running| running.instances.iter().filter_map(|i| i.since).max());
        newest.unwrap_or(self.watched_since)
    }
}

/// A probe, and what it came back with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probed<'a> {
    pub(crate) service: &'a ServiceName,
    pub(crate) probe: &'a Probe,
    pub(crate) reading: &'a Reading,
}
