//! Whether a name is a signal of an environment.
//!
//! Contract: a service or probe that was declared and could not be resolved counts as there, so that its own problem is
//! not reported a second time.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::signal::Kind;
use crate::config::raw::RawEnvironment;
use crate::config::read::{Field, Scalar, nearest};
use crate::config::{HostManage, ProbeKind, ProblemCode, Service, ServicePlatform, Span};
use crate::detect::{Resource, SignalPath};
use crate::id::{ProbeName, ServiceName};

/// What can be named.
pub(super) struct Known<'a> {
    /// The services that could be resolved.
    services: &'a BTreeMap<ServiceName, Service>,
    /// Declared probes by declared service; `None` for a service that could not even be read.
    declared: BTreeMap<&'a str, Option<BTreeSet<&'a str>>>,
    /// Declared signals, with the kind of those that could be read.
    signals: BTreeMap<&'a str, Option<Kind>>,
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
        let alerts = raw.watch.value().and_then(|watch| watch.alerts.value());
        let alerts = alerts.map(|map| map.0.as_slice()).unwrap_or_default();
        Self {
            services,
            declared,
            signals: signals.iter().map(|entry| (entry.key.as_str(), entry.value.as_ref().map(Kind::of))).collect(),
            alerts: alerts.iter().map(|entry| entry.key.as_str()).collect(),
        }
    }

    /// Reports a signal that does not exist; says whether it does.
    pub(super) fn check<T>(&self, path: &SignalPath, scalar: &Scalar<T>, context: &mut Context<'_>) -> bool {
        let (written, at) = (scalar.text.as_str(), scalar.span);
        let what = match path {
            SignalPath::Named(name) if self.signals.contains_key(name.as_str()) => return true,
            SignalPath::Used(service, resource) if self.declared.contains_key(service.as_str()) => {
                return self.check_used((service, *resource), at, context);
            }
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

    /// What kind a signal that stands by itself is of; none of others.
    pub(super) fn kind(&self, path: &SignalPath) -> Option<Kind> {
        let SignalPath::Named(name) = path else { return None };
        self.signals.get(name.as_str()).copied().flatten()
    }

    /// Reports the use of what a service's platform does not measure.
    ///
    /// | platform                  | `restarts` | `cpu`, `memory`  |
    /// |---------------------------|------------|------------------|
    /// | Compose, units of a host  | yes        | yes              |
    /// | Kubernetes, Helm, Argo CD | yes        | no: a query does |
    /// | a host otherwise, `exec`  | yes        | no: a query does |
    fn check_used(&self, (service, resource): (&ServiceName, Resource), at: Span, context: &mut Context<'_>) -> bool {
        let Some(known) = self.services.get(service) else { return true };
        let is_measured = match &known.platform {
            ServicePlatform::Compose(_) => true,
            ServicePlatform::Host(host) => matches!(host.manage, HostManage::Units(_)),
            _ => false,
        };
        if is_measured || resource == Resource::Restarts {
            return true;
        }
        let message = format!("what `{service}` uses cannot be measured on its platform");
        let hint = "make a signal of a query (`promql`), or of counters with `memory` and `memory_limit`".to_owned();
        context.error(ProblemCode::UnknownSignal, at, message, hint);
        false
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
        let named = self.signals.keys().map(|name| (*name).to_owned()).filter(|_| !kind.is_empty());
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
