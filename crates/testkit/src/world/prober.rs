//! Probing what runs in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_core::config::{Probe, VersionQuestion};
use backout_core::detect::Said;
use backout_core::id::{ProbeName, ServiceName};
use backout_core::inventory::Fact;
use backout_core::port::{Clock, Pending, Platform, ProbeOutcome, Prober, Reading};

use super::MemoryPlatform;

/// What a probe comes back with in place of what the service would have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `200 OK`, whatever runs.
    Well,
    /// `500 Internal Server Error`, whatever runs.
    Wrong,
    /// Nobody is there.
    Refused,
    /// The name is not resolved.
    NoSuchHost,
    /// No answer in time.
    Silence,
    /// What the service answers, after so many milliseconds.
    Slow(u64),
}

/// Asks the platform's services how they are. Clones share what was scripted.
#[derive(Clone)]
pub struct ScriptedProber {
    platform: MemoryPlatform,
    clock: Arc<dyn Clock>,
    scripted: Arc<Mutex<BTreeMap<(ServiceName, ProbeName), Answer>>>,
    said: Arc<Mutex<BTreeMap<ServiceName, Said>>>,
}

impl ScriptedProber {
    /// Probes the services of a platform.
    #[must_use]
    pub fn new(platform: MemoryPlatform, clock: Arc<dyn Clock>) -> Self {
        Self { platform, clock, scripted: Arc::default(), said: Arc::default() }
    }

    /// From now on a probe comes back with this; `None` lets the service answer again.
    pub fn answer(&self, service: &ServiceName, probe: &ProbeName, answer: Option<Answer>) {
        let mut scripted = self.scripted.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (service.clone(), probe.clone());
        match answer {
            Some(answer) => scripted.insert(key, answer),
            None => scripted.remove(&key),
        };
    }

    /// From now on a service says this of its version, whatever it runs; `None` lets it say what it runs again.
    pub fn say(&self, service: &ServiceName, said: Option<Said>) {
        let mut scripted = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        match said {
            Some(said) => scripted.insert(service.clone(), said),
            None => scripted.remove(service),
        };
    }

    fn scripted(&self, service: &ServiceName, probe: &Probe) -> Option<Answer> {
        let scripted = self.scripted.lock().unwrap_or_else(PoisonError::into_inner);
        scripted.get(&(service.clone(), probe.name.clone())).copied()
    }

    fn natural(&self, service: &ServiceName) -> ProbeOutcome {
        let instances = self.platform.serving(service);
        let serving: Vec<_> = instances.iter().filter(|(_, age, behaviour)| behaviour.serves_at(*age)).collect();
        if serving.is_empty() {
            return refused();
        }
        if serving.iter().any(|(_, age, behaviour)| behaviour.answers_wrongly_at(*age)) {
            return wrong();
        }
        ProbeOutcome::AsExpected { what: "200 OK".to_owned() }
    }
}

fn refused() -> ProbeOutcome {
    ProbeOutcome::Refused { what: "connection refused".to_owned() }
}

fn wrong() -> ProbeOutcome {
    ProbeOutcome::NotAsExpected { what: "500 Internal Server Error, expected 200".to_owned() }
}

impl Prober for ScriptedProber {
    fn probe<'a>(&'a self, service: &'a ServiceName, probe: &'a Probe) -> Pending<'a, Reading> {
        Box::pin(async move {
            let scripted = self.scripted(service, probe);
            let took = match scripted {
                Some(Answer::Slow(ms)) => Duration::from_millis(ms),
                Some(Answer::Silence) => probe.timeout,
                _ => Duration::from_millis(1),
            };
            self.clock.sleep(took).await;
            let outcome = match scripted {
                Some(Answer::Well) => ProbeOutcome::AsExpected { what: "200 OK".to_owned() },
                Some(Answer::Wrong) => wrong(),
                Some(Answer::Refused) => refused(),
                Some(Answer::NoSuchHost) => ProbeOutcome::NotPerformed { why: "name not resolved".to_owned() },
                Some(Answer::Silence) => ProbeOutcome::TimedOut { after: probe.timeout },
                Some(Answer::Slow(_)) | None => self.natural(service),
            };
            let answered = matches!(outcome, ProbeOutcome::AsExpected { .. } | ProbeOutcome::NotAsExpected { .. });
            Reading { outcome, latency: answered.then_some(took) }
        })
    }

    fn version<'a>(&'a self, service: &'a ServiceName, _question: &'a VersionQuestion) -> Pending<'a, Said> {
        Box::pin(async move {
            let scripted = self.said.lock().unwrap_or_else(PoisonError::into_inner).get(service).cloned();
            let runs = self.platform.observe(std::slice::from_ref(service)).await;
            let natural = || runs.first().and_then(Fact::version).map(|version| version.code.clone());
            scripted.unwrap_or_else(|| natural().ok_or_else(|| refused().what()))
        })
    }
}
