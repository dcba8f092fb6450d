//! The case that a run puts to the policy: what its verdict says, in terms that rules can be about.
//!
//! | what was found                                         | what is the matter   | who is affected             |
//! |--------------------------------------------------------|----------------------|-----------------------------|
//! | the deploy command did not succeed                     | deploy failed        | what it changed             |
//! | a trigger that says what is the matter                 | that                 | as below                    |
//! | a limit of a signal of a service                       | as the signal says   | that service                |
//! | a limit of an alert that is about a service            |                      | that service                |
//! | a limit of any other signal                            | as the signal says   | what the deploy changed     |
//! | `than: baseline`                                       | as the evidence says | as for limits               |
//! | an instance of a service, also by its own health check | service down         | that service                |
//! | an integrity query of a database                       | data corruption      | what the deploy changed     |
//! | anything else                                          |                      | what the deploy changed     |
//!
//! | it is a dependency and nothing else                                                     | who is affected     |
//! |-----------------------------------------------------------------------------------------|---------------------|
//! | where nobody is affected but services that changed ones depend on, and that were not changed | those          |
//! | where a limit was passed, or an instance's own health check did not hold, while such a service, or a probe that says `dependency: true`, failed | that service |
//!
//! Damaged data, a breach, an instance that ended and a failed deploy command are explained by no dependency.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::words::exit_in_words;
use crate::config::Environment;
use crate::detect::{SignalPath, is_error_rate};
use crate::id::{DatabaseName, ServiceName};
use crate::policy::{Case, Choice, Fired, Impact, Judgement, Tags};
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
        match &judgement.fired {
            Some(fired) => self.fired(case, fired, environment),
            None => self.found(case, judgement, environment),
        }
        self.explain(case, judgement, environment);
    }

    /// What was found without a trigger.
    fn found(&self, case: &mut Case, judgement: &Judgement, environment: &Environment) {
        let changed = || self.changed.iter().cloned();
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

    /// What a trigger says: of a limit its last sample, of a comparison with before how much worse it is.
    fn fired(&self, case: &mut Case, fired: &Fired, environment: &Environment) {
        let about = match &fired.signal {
            SignalPath::Alert(name) => environment.watch.alerts.get(name).and_then(|alert| alert.service.clone()),
            signal => signal.service().cloned(),
        };
        case.services.extend(about.map_or_else(|| self.changed.clone(), |service| vec![service]));
        let measured = match &fired.worse {
            Some(worse) => {
                (case.error_rate, case.latency_rise) = (worse.error_rate, worse.latency_rise);
                Some(Impact::of_evidence(worse.what))
            }
            None => {
                case.failures = Some(fired.times);
                let is_rate = matches!(&fired.signal, SignalPath::Named(name) if is_error_rate(name.as_str()));
                case.error_rate = is_rate.then_some(fired.value);
                Impact::of_signal(&fired.signal)
            }
        };
        case.impacts.extend(fired.impact.or(measured));
    }

    /// What a dependency explains is no fault of what was deployed, however bad it looks.
    fn explain(&self, case: &mut Case, judgement: &Judgement, environment: &Environment) {
        let down = environment.reasons(&self.changed, judgement.down_beside());
        if down.is_empty() {
            return;
        }
        case.impacts = [Impact::Dependency].into();
        case.services = down.iter().filter_map(|signal| signal.service()).cloned().collect();
        (case.error_rate, case.latency_rise, case.failures) = (None, None, None);
        if self.has_fallen_back() {
            // Going back would not bring it up again, and what there was to fall back to did not help.
            case.usual = Choice::Hold;
        }
        case.findings.extend(down.iter().map(|signal| format!("{signal}: it failed as well, and is depended on")));
    }

    /// Whether those affected are not what the deploy changed, but what that depends on.
    fn is_dependency(&self, affected: &BTreeSet<ServiceName>, environment: &Environment) -> bool {
        let below = environment.below(&self.changed);
        let is_below = |service: &ServiceName| below.contains(service) && !self.changed.contains(service);
        !affected.is_empty() && affected.iter().all(is_below)
    }
}
