//! What comparing with before goes by.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::{CountedSignal, Tolerated, Trigger};
use crate::detect::{Settings, SignalPath};
use crate::id::SignalName;

/// What comparing with before goes by, in one watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparing {
    /// When the watch began.
    pub since: Timestamp,
    /// How long it lasts, in seconds.
    pub horizon: f64,
    /// The chance that a healthy deploy is ever called unhealthy, over all triggers together: 0 to 1.
    pub false_alarms: f64,
    /// The signals that count requests.
    pub counted: Vec<Counting>,
    /// What the service depends on: probes, as their `up` signals.
    pub dependencies: BTreeSet<SignalPath>,
    /// The same as their platforms see it, as `up` signals that nobody samples: facts say them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub containers: BTreeSet<SignalPath>,
}

/// A signal that counts requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counting {
    /// Its name.
    pub name: SignalName,
    /// With fewer requests than this, before or after, nothing is called healthy.
    pub min_samples: u32,
    /// Whether the old version runs beside the new one.
    pub is_beside: bool,
    /// The limit of its memory in bytes, where that is measured.
    pub memory_limit: Option<f64>,
}

impl Counting {
    /// Of a signal as it is configured.
    #[must_use]
    pub fn of(signal: &CountedSignal) -> Self {
        let CountedSignal { name, counters, min_samples, .. } = signal;
        let memory_limit = counters.memory.as_ref().map(|memory| memory.limit);
        Self { name: name.clone(), min_samples: *min_samples, is_beside: counters.beside.is_some(), memory_limit }
    }
}

impl Comparing {
    /// A watch from now on that compares nothing.
    #[must_use]
    pub fn nothing(since: Timestamp) -> Self {
        let usual = Settings::default();
        let (horizon, false_alarms) = (usual.horizon, usual.false_alarms);
        let (dependencies, containers) = (BTreeSet::new(), BTreeSet::new());
        Self { since, horizon, false_alarms, counted: Vec::new(), dependencies, containers }
    }

    /// What is promised of one of so many triggers: each gets an equal share of the budget.
    pub(super) fn settings(&self, triggers: usize, tolerated: Tolerated, min_samples: u32) -> Settings {
        #[expect(clippy::cast_precision_loss, reason = "a handful of triggers")]
        let false_alarms = self.false_alarms / triggers.max(1) as f64;
        Settings {
            false_alarms,
            horizon: self.horizon,
            tolerance: tolerated.errors,
            slower: tolerated.slower,
            min_requests: u64::from(min_samples),
            ..Settings::default()
        }
    }

    pub(super) fn counting(&self, trigger: &Trigger) -> Option<&Counting> {
        let SignalPath::Named(name) = &trigger.signal else { return None };
        self.counted.iter().find(|counting| counting.name == *name)
    }
}
