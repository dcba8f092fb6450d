//! Whether a name is a signal of an environment.
//!
//! Contract: a service or probe that was declared and could not be resolved counts as there, so that its own problem is
//! not reported a second time.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::signal::is_counted;
use crate::config::raw::{RawEnvironment, RawSignal};
use crate::config::read::{Field, MapEntry, Scalar, nearest};
use crate::config::{ProbeKind, ProblemCode, Service, Span};
use crate::detect::SignalPath;
use crate::id::{ProbeName, ServiceName};

/// What can be named.
pub(super) struct Known<'a> {
    /// The services that could be resolved.
    services: &'a BTreeMap<ServiceName, Service>,
    /// Declared probes by declared service; `None` for a service that could not even be read.
    declared: BTreeMap<&'a str, Option<BTreeSet<&'a str>>>,
    /// Declared signals.
    signals: BTreeSet<&'a str>,
    /// Those of them that count.
    counted: BTreeSet<&'a str>,
    /// Declared alerts.
    alerts: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    /// Collects what an environment declares.
    pub(super) fn new(raw: &'a RawEnvironment, services: &'a BTreeMap<ServiceName, Service>) -> Self {
        let mut declared = BTreeMap::new();
        for entry in raw.services.value().map(|map| map.0.as_slice()).unwrap_or_default() {
            let probes = entry.value.as_ref().and_then(|service| match &service.probes {
                Field::Invalid(_) => None,
                Field::Absent => Some(BTreeSet::new()),
                Field::Given(_, map) => Some(map.0.iter().map(|probe| probe.key.as_str()).collect()),
            });
            declared.insert(entry.key.as_str(), probes);
        }
        let signals = raw.signals.value().map(|map| map.0.as_slice()).unwrap_or_default();
        let counts = |entry: &&MapEntry<RawSignal>| entry.value.as_ref().is_some_and(is_counted);
        let counted = signals.iter().filter(counts).map(|entry| entry.key.as_str()).collect();
        let alerts = raw.watch.value().and_then(|watch| watch.alerts.value());
        let alerts = alerts.map(|map| map.0.as_slice()).unwrap_or_default();
        Self {
            services,
            declared,
            signals: signals.iter().map(|entry| entry.key.as_str()).collect(),
            counted,
            alerts: alerts.iter().map(|entry| entry.key.as_str()).collect(),
        }
    }

    /// Reports a signal that does not exist; says whether it does.
    pub(super) fn check<T>(&self, path: &SignalPath, scalar: &Scalar<T>, context: &mut Context<'_>) -> bool {
        let (written, at) = (scalar.text.as_str(), scalar.span);
        let what = match path {
            SignalPath::Named(name) if self.signals.contains(name.as_str()) => return true,
            SignalPath::Alert(name) if self.alerts.contains(name.as_str()) => return true,
            SignalPath::Up(service, probe) | SignalPath::Latency(service, probe) if self.has_probe(service, probe) => {
                return self.check_latency(path, at, context);
            }
            SignalPath::Up(service, probe) | SignalPath::Latency(service, probe)
                if self.declared.contains_key(service.as_str()) && !written.contains("${") =>
            {
                format!("service `{service}` has no probe `{probe}`")
            }
            SignalPath::Alert(name) => {
                let message = format!("there is no alert `{name}` under `watch.alerts`");
                context.error(ProblemCode::UnknownSignal, at, message, format!("add it: `alerts: {{ {name}: {{}} }}`"));
                return false;
            }
            SignalPath::Named(_) => format!("there is no signal `{written}`"),
            _ => format!("`{written}` is about a service that does not exist"),
        };
        context.error(ProblemCode::UnknownSignal, at, what, self.hint(path, written));
        false
    }

    /// Whether a signal counts requests.
    pub(super) fn is_counted(&self, path: &SignalPath) -> bool {
        matches!(path, SignalPath::Named(name) if self.counted.contains(name.as_str()))
    }

    /// Reports the latency of a probe that has none.
    fn check_latency(&self, path: &SignalPath, at: Span, context: &mut Context<'_>) -> bool {
        let SignalPath::Latency(service, probe) = path else { return true };
        let found = self.services.get(service).and_then(|service| service.probes.get(probe));
        let is_container = found.is_some_and(|probe| matches!(probe.kind, ProbeKind::Container));
        if is_container {
            let message = "a container's state has no latency".to_owned();
            context.error(ProblemCode::UnknownSignal, at, message, format!("use `{service}.{probe}.up`"));
        }
        !is_container
    }

    fn has_probe(&self, service: &ServiceName, probe: &ProbeName) -> bool {
        if self.services.get(service).is_some_and(|service| service.probes.contains_key(probe)) {
            return true;
        }
        match self.declared.get(service.as_str()) {
            None => false,
            Some(None) => true,
            Some(Some(probes)) => {
                let is_unresolved = !self.services.contains_key(service);
                probes.contains(probe.as_str()) || is_unresolved && probe.as_str() == "container"
            }
        }
    }

    /// The nearest signal of the same kind, written as this one is.
    fn hint(&self, path: &SignalPath, written: &str) -> String {
        let kind = match path {
            SignalPath::Latency(..) => ".latency",
            SignalPath::Up(..) if !written.ends_with(".up") => "",
            _ => ".up",
        };
        let resolved = self
            .services
            .values()
            .flat_map(|service| service.probes.keys().map(move |probe| (service.name.as_str(), probe.as_str())));
        let declared = self
            .declared
            .iter()
            .flat_map(|(service, probes)| probes.iter().flatten().map(move |probe| (*service, *probe)));
        let probes: BTreeSet<(&str, &str)> = resolved.chain(declared).take(500).collect();
        let probes = probes.into_iter().map(|(service, probe)| format!("{service}.{probe}{kind}"));
        let named = self.signals.iter().map(|name| (*name).to_owned()).filter(|_| !kind.is_empty());
        let all: Vec<String> = named.chain(probes).collect();
        match nearest(written, all.iter().map(String::as_str)) {
            Some(signal) => format!("did you mean `{signal}`?"),
            None if all.is_empty() => "add a probe to a service, or a signal under `signals`".to_owned(),
            None => {
                let some: Vec<String> = all.iter().take(8).map(|signal| format!("`{signal}`")).collect();
                format!("there are {}", some.join(", "))
            }
        }
    }
}
