//! The case that a run puts to the policy: what its verdict says, in terms that rules can be about.
//!
//! | what was found                                         | what is the matter   | who is affected             |
//! |--------------------------------------------------------|----------------------|-----------------------------|
//! | the deploy command did not succeed                     | deploy failed        | what it changed             |
//! | a trigger on `SERVICE.PROBE.up`                        | service down         | that service                |
//! | a trigger on `SERVICE.PROBE.latency`                   | slow                 | that service                |
//! | a trigger on a signal that is the error rate           | errors               | what the deploy changed     |
//! | a trigger on any other signal                          |                      | what the deploy changed     |
//! | an instance of a service                               | service down         | that service                |
//! | an integrity query of a database                       | data corruption      | what the deploy changed     |
//! | anything else                                          |                      | what the deploy changed     |
//!
//! Where nobody is affected but services that the deploy did not change and that changed ones depend on, it is a dependency
//! and nothing else.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::words::exit_in_words;
use crate::config::Environment;
use crate::detect::{Resource, SignalPath, is_error_rate};
use crate::id::{DatabaseName, ServiceName};
use crate::policy::{Case, Choice, Impact, Judgement, Tags};
use crate::run::decide::findings;
use crate::run::state::State;

impl State {
    /// The case, at `now`. What is on already can be left out of [`Case::fallbacks`] by the caller, who alone knows.
    #[must_use]
    pub fn case(&self, environment: &Environment, now: Timestamp) -> Case {
        let mut case = Case::new(now);
        match &self.judgement {
            Some(judgement) => self.judged(&mut case, judgement, environment),
            None => {
                case.findings = vec![format!("{} half-way", exit_in_words(self.exit.as_ref()))];
                case.impacts = [Impact::DeployFailed].into();
                case.services = self.changed.iter().cloned().collect();
            }
        }
        if self.is_dependency(&case.services, environment) {
            case.impacts = [Impact::Dependency].into();
        }
        let circumstances = self.started.as_ref().map(|started| &started.circumstances);
        case.severity = circumstances.and_then(|circumstances| circumstances.severity);
        let said = circumstances.map_or_else(Tags::default, |circumstances| circumstances.tags.clone());
        case.measure_scope(environment);
        case.fallbacks = case.fitting_fallbacks(environment, &self.changed);
        case.fallbacks.retain(|name| !self.fallbacks.contains_key(name));
        case.with_tags(said.or(&environment.policy.rules.tags))
    }

    fn judged(&self, case: &mut Case, judgement: &Judgement, environment: &Environment) {
        case.since = judgement.first_bad_at.unwrap_or(judgement.at).min(case.at);
        case.findings = findings(judgement, false);
        case.excused = findings(judgement, true);
        if judgement.wants_person {
            case.usual = Choice::Hold;
        }
        let changed = || self.changed.iter().cloned();
        if let Some(fired) = &judgement.fired {
            case.failures = Some(fired.times);
            match &fired.signal {
                SignalPath::Up(service, _) => case.add(Impact::ServiceDown, [service.clone()]),
                SignalPath::Latency(service, _) => case.add(Impact::Slow, [service.clone()]),
                SignalPath::Used(service, Resource::Restarts) => case.add(Impact::ServiceDown, [service.clone()]),
                SignalPath::Used(service, _) => case.add(Impact::Resources, [service.clone()]),
                SignalPath::Named(name) if is_error_rate(name.as_str()) => {
                    case.error_rate = Some(fired.value);
                    case.add(Impact::Errors, changed());
                }
                SignalPath::Alert(name) => {
                    let about = environment.watch.alerts.get(name).and_then(|alert| alert.service.clone());
                    case.services.extend(about.map_or_else(|| changed().collect::<Vec<_>>(), |service| vec![service]));
                }
                SignalPath::Named(_) => case.services.extend(changed()),
            }
            return;
        }
        for finding in judgement.findings.iter().filter(|finding| !finding.was_before) {
            let service = environment.services.keys().find(|service| service.as_str() == finding.subject);
            let is_of = |name: &DatabaseName| finding.subject.starts_with(&format!("{name}:"));
            match service {
                Some(service) => case.add(Impact::ServiceDown, [service.clone()]),
                None if environment.databases.keys().any(is_of) => case.add(Impact::DataCorruption, changed()),
                None => case.services.extend(changed()),
            }
        }
    }

    /// Whether those affected are not what the deploy changed, but what that depends on.
    fn is_dependency(&self, affected: &BTreeSet<ServiceName>, environment: &Environment) -> bool {
        let mut below: BTreeSet<&ServiceName> = BTreeSet::new();
        let mut next: Vec<&ServiceName> = self.changed.iter().collect();
        while let Some(service) = next.pop() {
            let needs = environment.services.get(service).map(|service| service.depends_on.as_slice());
            next.extend(needs.unwrap_or_default().iter().filter(|need| below.insert(need)));
        }
        let is_below = |service: &ServiceName| below.contains(service) && !self.changed.contains(service);
        !affected.is_empty() && affected.iter().all(is_below)
    }
}
