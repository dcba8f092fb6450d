//! What a service depends on, through one watch.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::detect::{Sample, SignalPath};

/// What failed explains what comes so soon after.
const EXPLAINS_FOR: SignedDuration = SignedDuration::from_secs(30);

/// The probes of what a service depends on.
#[derive(Debug, Clone)]
pub(super) struct Dependencies {
    signals: BTreeSet<SignalPath>,
    /// Those that failed before the deploy, and have not held since: what is new has another reason.
    red: BTreeSet<SignalPath>,
    /// What failed when it was last looked at, with what was seen.
    failing: BTreeMap<SignalPath, String>,
    failed_at: BTreeMap<SignalPath, Timestamp>,
}

impl Dependencies {
    pub(super) fn new(signals: &BTreeSet<SignalPath>, red_before: &BTreeSet<SignalPath>) -> Self {
        let red = signals & red_before;
        Self { signals: signals.clone(), red, failing: BTreeMap::new(), failed_at: BTreeMap::new() }
    }

    /// Takes in a sample, which may be of one of them.
    pub(super) fn look(&mut self, sample: &Sample, is_up: bool) {
        if !self.signals.contains(&sample.signal) {
            return;
        }
        if is_up {
            self.failing.remove(&sample.signal);
            self.red.remove(&sample.signal);
        } else {
            self.failing.insert(sample.signal.clone(), sample.what.clone());
            self.failed_at.insert(sample.signal.clone(), sample.at);
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
        let all: BTreeSet<&SignalPath> = self.failing.keys().chain(recent).collect();
        all.into_iter().filter(|signal| self.can_explain(signal)).cloned().collect()
    }

    /// Whether the failing of this one can be the reason for anything new.
    pub(super) fn can_explain(&self, signal: &SignalPath) -> bool {
        self.signals.contains(signal) && !self.red.contains(signal)
    }
}
