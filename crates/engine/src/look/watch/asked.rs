//! What platform events ask to be looked at.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use backout_core::id::ServiceName;
use backout_core::port::PlatformEvent;
use tokio::sync::Notify;

/// What events ask to be looked at, each service once: as many events as there may be, this gets no larger than the platform.
#[derive(Default)]
pub(super) struct Asked {
    wanted: Mutex<Wanted>,
    pub(super) told: Notify,
}

#[derive(Default)]
struct Wanted {
    services: BTreeSet<ServiceName>,
    everything: bool,
}

impl Asked {
    pub(super) fn note(&self, event: PlatformEvent) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            PlatformEvent::Moved { service, .. } => _ = wanted.services.insert(service),
            PlatformEvent::Lost { .. } => wanted.everything = true,
        }
        drop(wanted);
        self.told.notify_one();
    }

    /// Everything that was asked for until now, in the order of `all`.
    pub(super) fn take(&self, all: &[ServiceName]) -> Vec<ServiceName> {
        let wanted = std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        all.iter().filter(|service| wanted.everything || wanted.services.contains(*service)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

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
