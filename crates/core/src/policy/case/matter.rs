//! Everything that a decision is made from. It is recorded with the decision, which can so be made again.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Impact, Tags};
use crate::config::{Environment, Tier};
use crate::id::ServiceName;
use crate::policy::{Choice, Severity};

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// When it is decided.
    pub at: Timestamp,
    /// Since when it is bad.
    pub since: Timestamp,
    /// What is done where no rule says otherwise: to go back, or what a trigger asks for.
    pub usual: Choice,
    /// What was found, one sentence each.
    pub findings: Vec<String>,
    /// What was bad before the deploy already, and is not blamed on it.
    #[serde(default)]
    pub excused: Vec<String>,
    /// What is the matter, measured and said.
    pub impacts: BTreeSet<Impact>,
    /// The services that are affected.
    pub services: BTreeSet<ServiceName>,
    /// Their tiers.
    pub tiers: BTreeSet<Tier>,
    /// The share of the environment's services that is affected, from 0 to 1.
    pub share: f64,
    /// The share of requests that fail, from 0 to 1.
    pub error_rate: Option<f64>,
    /// How much longer answers take than before: 0.5 is half as long again.
    pub latency_rise: Option<f64>,
    /// How many samples in a row were bad.
    pub failures: Option<u32>,
    /// What people say.
    pub tags: Tags,
    /// How bad it is, where a person said so.
    pub severity: Option<Severity>,
    /// What speaks against going back by itself, whatever the rules say: limits that are reached, one sentence each.
    #[serde(default)]
    pub objections: Vec<String>,
    /// What can be switched on in place of going back, and is not on yet.
    #[serde(default)]
    pub fallbacks: Vec<String>,
}

impl Case {
    /// A case of which nothing is known yet but the time.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self {
            at,
            since: at,
            usual: Choice::RollBack,
            findings: Vec::new(),
            excused: Vec::new(),
            impacts: BTreeSet::new(),
            services: BTreeSet::new(),
            tiers: BTreeSet::new(),
            share: 0.0,
            error_rate: None,
            latency_rise: None,
            failures: None,
            tags: Tags::default(),
            severity: None,
            objections: Vec::new(),
            fallbacks: Vec::new(),
        }
    }

    /// The same case with what people say: tags name impacts, and numbers where nobody measures them.
    #[must_use]
    pub fn with_tags(mut self, tags: Tags) -> Self {
        self.impacts.extend(tags.impacts());
        self.error_rate = self.error_rate.or_else(|| tags.number("error_rate"));
        self.latency_rise = self.latency_rise.or_else(|| tags.number("latency_rise"));
        self.tags = tags;
        self
    }

    /// Adds what is the matter with some services.
    pub fn add(&mut self, impact: Impact, services: impl IntoIterator<Item = ServiceName>) {
        self.impacts.insert(impact);
        self.services.extend(services);
    }

    /// Fills in how much of the environment is affected, from the services that are.
    pub fn measure_scope(&mut self, environment: &Environment) {
        let known = self.services.iter().filter_map(|name| environment.services.get(name));
        let (mut count, mut tiers) = (0_u32, BTreeSet::new());
        for service in known {
            count += 1;
            tiers.extend(service.tier);
        }
        let all = u32::try_from(environment.services.len()).unwrap_or(u32::MAX).max(1);
        self.share = f64::from(count) / f64::from(all);
        self.tiers = tiers;
    }

    /// The fallbacks of the services that are affected, and of others that are concerned; where none has one, that of the
    /// environment.
    #[must_use]
    pub fn fitting_fallbacks(&self, environment: &Environment, others: &[ServiceName]) -> Vec<String> {
        let is_concerned = |name: &ServiceName| self.services.contains(name) || others.contains(name);
        let named = |is_wanted: &dyn Fn(Option<&ServiceName>) -> bool| {
            let wanted = environment.fallbacks.iter().filter(|(_, fallback)| is_wanted(fallback.service.as_ref()));
            wanted.map(|(name, _)| name.clone()).collect::<Vec<String>>()
        };
        let own = named(&|service| service.is_some_and(is_concerned));
        if own.is_empty() { named(&|service| service.is_none()) } else { own }
    }

    /// How soon somebody can fix it.
    #[must_use]
    pub fn fix_within(&self) -> Option<Duration> {
        self.tags.fix_within()
    }

    /// Whether what happened until now stays, however soon it is fixed.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        Impact::LASTING.iter().any(|impact| self.impacts.contains(impact))
    }
}
