//! The configuration as a whole, and one environment of it.
//!
//! Contract: every service, probe and signal that is named anywhere in it exists, and `depends_on` has no circle.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    BarrierKind, Cache, CountedSignal, Database, DrillPolicy, Fallback, FallbackBy, GuardPolicy, Incidents, LogSignal,
    Maintenance, Notify, Objectives, Place, Policy, Probe, ProbeKind, PromSignal, Service, Tier, Trigger, VerifyPolicy,
    WatchPolicy,
};
use crate::config::Problem;
use crate::detect::SignalPath;
use crate::id::{DatabaseName, EnvironmentName, ServiceName, SignalName};

/// A whole configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// Version of the file's format; 1.
    pub version: u32,
    /// The project's name.
    pub project: String,
    /// At least one.
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// What should be changed although it works, in the order of the text.
    pub warnings: Vec<Problem>,
}

/// A named place that is deployed to. Paths in it are as written: relative to the folder of the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// At least one.
    pub services: BTreeMap<ServiceName, Service>,
    /// Signals that stand by themselves: one number each.
    pub signals: BTreeMap<SignalName, PromSignal>,
    /// Signals that count requests. No name is one of `signals` as well.
    pub counted: BTreeMap<SignalName, CountedSignal>,
    /// Signals that count lines that are logged. No name is one of `signals` or `counted` as well.
    pub logged: BTreeMap<SignalName, LogSignal>,
    /// In the order of the text. With none configured: one implicit trigger for every probe.
    pub triggers: Vec<Trigger>,
    /// How a deploy is guarded.
    pub guard: GuardPolicy,
    /// What `backout watch` does beside looking.
    pub watch: WatchPolicy,
    /// What must hold after a rollback, and before a checkpoint is good.
    pub verify: VerifyPolicy,
    /// How going back is rehearsed, where that is configured.
    pub drill: Option<DrillPolicy>,
    /// What automatic runs may do.
    pub policy: Policy,
    /// What can be switched on in place of going back, by name: that of its service, or `environment`.
    pub fallbacks: BTreeMap<String, Fallback>,
    /// How long going back may take.
    pub objectives: Objectives,
    /// Databases.
    pub databases: BTreeMap<DatabaseName, Database>,
    /// Caches that are emptied after the environment went back, by name.
    pub caches: BTreeMap<String, Cache>,
    /// What keeps users away while nothing works.
    pub maintenance: Maintenance,
    /// Who is told.
    pub notify: Notify,
    /// How incidents are kept.
    pub incidents: Incidents,
}

impl Environment {
    /// The programs of this host that smoke checks, fallbacks and maintenance mode run: whose each is, and what it is called. Of a
    /// line that a shell runs, the first word as well, where it is a path.
    #[must_use]
    pub fn programs(&self) -> Vec<(String, String)> {
        let mut commands: Vec<(String, &[String])> = Vec::new();
        for smoke in &self.verify.smoke {
            if let ProbeKind::Exec { argv, place: Place::Host } = &smoke.probe.kind {
                commands.push((format!("smoke check {}", smoke.probe.name), argv));
            }
        }
        for (name, fallback) in &self.fallbacks {
            if let FallbackBy::Commands { on, off } = &fallback.by {
                commands.extend([on, off].map(|argv| (format!("fallback {name}"), argv.as_slice())));
            }
        }
        for barrier in &self.maintenance.barriers {
            let argvs: Vec<&Vec<String>> = match barrier {
                BarrierKind::Command { on, off } => vec![on, off],
                BarrierKind::File(file) => [&file.check, &file.reload].into_iter().flatten().collect(),
                BarrierKind::Cluster { .. } | BarrierKind::Compose { .. } => Vec::new(),
            };
            commands.extend(argvs.into_iter().map(|argv| ("maintenance mode".to_owned(), argv.as_slice())));
        }
        let named = |(of, argv): (String, &[String])| {
            let line = match argv {
                [shell, flag, line] if shell == "sh" && flag == "-c" => line.split_whitespace().next(),
                _ => None,
            };
            let path =
                line.filter(|word| word.contains('/') && !word.contains(['$', '"', '\'', '=', '*', ';', '|', '&']));
            let all = [argv.first().map(String::as_str), path];
            all.into_iter().flatten().map(|program| (of.clone(), program.to_owned())).collect::<Vec<_>>()
        };
        let all: BTreeSet<(String, String)> = commands.into_iter().flat_map(named).collect();
        all.into_iter().collect()
    }

    /// The probes of what services depend on, as their `up` signals, in a deploy that changed some services.
    ///
    /// | the probe                                                                    | is one |
    /// |------------------------------------------------------------------------------|--------|
    /// | says so itself                                                               | yes    |
    /// | of a service that the deploy changed                                         | no     |
    /// | of a service of the infrastructure tier, or that another service depends on  | yes    |
    /// | of any other                                                                 | no     |
    #[must_use]
    pub fn dependencies(&self, changed: &[ServiceName]) -> BTreeSet<SignalPath> {
        self.depended_on(changed, |probe| !matches!(probe.kind, ProbeKind::Container))
    }

    /// The same for how platforms see them: nobody samples these, facts say them.
    #[must_use]
    pub fn depended_containers(&self, changed: &[ServiceName]) -> BTreeSet<SignalPath> {
        self.depended_on(changed, |probe| matches!(probe.kind, ProbeKind::Container))
    }

    fn depended_on(&self, changed: &[ServiceName], is_meant: impl Fn(&Probe) -> bool) -> BTreeSet<SignalPath> {
        let is_needed =
            |service: &Service| self.services.values().any(|other| other.depends_on.contains(&service.name));
        let is_below = |service: &Service| {
            let is_tier = service.tier == Some(Tier::Infrastructure);
            !changed.contains(&service.name) && (is_tier || is_needed(service))
        };
        let all = self.services.values().flat_map(|service| service.probes.values().map(move |probe| (service, probe)));
        let depended = all.filter(|(service, probe)| is_meant(probe) && (probe.is_dependency || is_below(service)));
        depended.map(|(service, probe)| SignalPath::Up(service.name.clone(), probe.name.clone())).collect()
    }

    /// What services depend on, and what that depends on.
    #[must_use]
    pub fn below(&self, services: &[ServiceName]) -> BTreeSet<&ServiceName> {
        let needs = |service: &ServiceName| self.services.get(service).map(|service| service.depends_on.as_slice());
        let mut below = BTreeSet::new();
        let mut next: Vec<&ServiceName> = services.iter().filter_map(needs).flatten().collect();
        while let Some(service) = next.pop() {
            if below.insert(service) {
                next.extend(needs(service).unwrap_or_default());
            }
        }
        below
    }

    /// Those signals of what is depended on whose failing can be the reason why services fail that a deploy changed: of what
    /// these depend on, of the infrastructure tier, and of probes of their own that say so.
    pub fn reasons<'a>(&self, changed: &[ServiceName], down: &'a [SignalPath]) -> Vec<&'a SignalPath> {
        let below = self.below(changed);
        let is_infrastructure = |name: &ServiceName| {
            self.services.get(name).is_some_and(|service| service.tier == Some(Tier::Infrastructure))
        };
        let is_reason =
            |service: &ServiceName| below.contains(service) || changed.contains(service) || is_infrastructure(service);
        down.iter().filter(|signal| signal.service().is_some_and(is_reason)).collect()
    }
}
