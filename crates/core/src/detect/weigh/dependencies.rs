//! What a service depends on, through one watch.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::detect::SignalPath;
use crate::id::ServiceName;

use super::comparing::Comparing;

/// What failed explains what comes so soon after.
const EXPLAINS_FOR: SignedDuration = SignedDuration::from_secs(30);

/// What a service depends on: probes, and how platforms see it.
#[derive(Debug, Clone)]
pub(super) struct Dependencies {
    signals: BTreeSet<SignalPath>,
    containers: BTreeMap<ServiceName, SignalPath>,
    /// Those that failed before the deploy, and have not held since: what is new has another reason.
    red: BTreeSet<SignalPath>,
    /// What failed when it was last looked at.
    failing: BTreeSet<SignalPath>,
    failed_at: BTreeMap<SignalPath, Timestamp>,
}

impl Dependencies {
    /// `ill` are the services that were not well before the deploy.
    pub(super) fn new(comparing: &Comparing, red_before: &BTreeSet<SignalPath>, ill: &BTreeSet<ServiceName>) -> Self {
        let of = |signal: &SignalPath| Some((signal.service()?.clone(), signal.clone()));
        let containers: BTreeMap<ServiceName, SignalPath> = comparing.containers.iter().filter_map(of).collect();
        let signals = &comparing.dependencies | &comparing.containers;
        let were_ill =
            containers.iter().filter(|(service, _)| ill.contains(*service)).map(|(_, signal)| signal.clone());
        let red = (&signals & red_before).into_iter().chain(were_ill).collect();
        Self { signals, containers, red, failing: BTreeSet::new(), failed_at: BTreeMap::new() }
    }

    /// Takes in how a signal was at a moment, which may be one of them.
    pub(super) fn look(&mut self, signal: &SignalPath, at: Timestamp, is_up: bool) {
        if !self.signals.contains(signal) {
            return;
        }
        if is_up {
            self.failing.remove(signal);
            self.red.remove(signal);
        } else {
            self.failing.insert(signal.clone());
            self.failed_at.insert(signal.clone(), at);
        }
    }

    /// Takes in how a platform saw a service at a moment, which may be one of them.
    pub(super) fn seen(&mut self, service: &ServiceName, at: Timestamp, is_up: bool) {
        if let Some(signal) = self.containers.get(service).cloned() {
            self.look(&signal, at, is_up);
        }
    }

    /// Whether there are none.
    pub(super) fn are_none(&self) -> bool {
        self.signals.is_empty()
    }

    /// Whether one of them fails.
    pub(super) fn is_failing(&self) -> bool {
        !self.failing.is_empty()
    }

    /// When one of them failed last.
    pub(super) fn failed_at(&self) -> Option<Timestamp> {
        self.failed_at.values().max().copied()
    }

    /// Those whose failing explains what is seen at a moment: they fail, or did a moment ago, and did not before the deploy.
    pub(super) fn down(&self, at: Timestamp) -> Vec<SignalPath> {
        let is_recent = |(_, failed): &(&SignalPath, &Timestamp)| at.duration_since(**failed) <= EXPLAINS_FOR;
        let recent = self.failed_at.iter().filter(is_recent).map(|(signal, _)| signal);
        let all: BTreeSet<&SignalPath> = self.failing.iter().chain(recent).collect();
        all.into_iter().filter(|signal| self.can_explain(signal)).cloned().collect()
    }

    /// Whether the failing of this one can be the reason for anything new.
    pub(super) fn can_explain(&self, signal: &SignalPath) -> bool {
        self.signals.contains(signal) && !self.red.contains(signal)
    }
}
