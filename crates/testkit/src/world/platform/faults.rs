//! Faults that a test plants in the platform.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use backout_core::id::ServiceName;

/// How a switch goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchFault {
    /// Refused with nothing changed.
    FailsBefore,
    /// Carried out, and an error all the same.
    FailsAfter,
    /// What ran is stopped, and the new instance cannot start: its port is taken.
    PortTaken,
    /// Never comes back, with nothing changed.
    HangsBefore,
    /// Carried out, and never comes back.
    HangsAfter,
    /// Answers that all is well, and has changed nothing.
    Lies,
}

/// Everything that is wrong with a platform.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// What the next switches of a service do, one after the other.
    pub switches: BTreeMap<ServiceName, VecDeque<SwitchFault>>,
    /// Services that cannot be seen, and why.
    pub unknown: BTreeMap<ServiceName, String>,
    /// Looking never comes back.
    pub observe_hangs: bool,
    /// Capturing fails for these services.
    pub capture: BTreeSet<ServiceName>,
    /// How long capturing one service takes.
    pub capture_takes: Duration,
    /// Looking for an image never comes back.
    pub preflight_hangs: bool,
    /// Stopping a service never comes back.
    pub stop_hangs: BTreeSet<ServiceName>,
    /// Collecting evidence never comes back.
    pub evidence_hangs: bool,
    /// The event stream tells nothing.
    pub no_events: bool,
    /// Letting go of pins fails.
    pub release: bool,
}

impl Faults {
    /// The next `times` switches of a service go wrong in this way.
    pub fn switch(&mut self, service: &ServiceName, fault: SwitchFault, times: usize) {
        self.switches.entry(service.clone()).or_default().extend(std::iter::repeat_n(fault, times));
    }

    pub(super) fn next_switch(&mut self, service: &ServiceName) -> Option<SwitchFault> {
        self.switches.get_mut(service)?.pop_front()
    }
}
