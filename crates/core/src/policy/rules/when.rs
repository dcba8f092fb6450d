//! When a rule is about a case.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Limit;
use crate::config::Tier;
use crate::id::ServiceName;
use crate::policy::{Case, Impact, Severity};

/// A condition: everything that it names must hold. One that names nothing always holds. What is not known does not hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct When {
    /// One of these severities; empty is any.
    pub severity: Vec<Severity>,
    /// One of these is the matter; empty is anything.
    pub impact: Vec<Impact>,
    /// One of these services is affected; empty is any.
    pub service: Vec<ServiceName>,
    /// A service of this tier is affected.
    pub tier: Option<Tier>,
    /// The share of the services that is affected.
    pub share: Option<Limit>,
    /// The share of requests that fail.
    pub error_rate: Option<Limit>,
    /// How much longer answers take than before.
    pub latency_rise: Option<Limit>,
    /// How many samples in a row were bad.
    pub failures: Option<Limit>,
    /// Somebody says that it can be fixed within this.
    pub fix_within: Option<Duration>,
    /// What the tags say.
    pub tags: BTreeMap<String, TagTest>,
}

/// What a tag must say.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TagTest {
    /// One of these; a tag that is not there says `false`.
    Is(Vec<String>),
    /// A number within a limit.
    Within(Limit),
}

impl TagTest {
    fn holds(&self, key: &str, case: &Case) -> bool {
        match self {
            TagTest::Is(values) => values.iter().any(|value| value == case.tags.get(key).unwrap_or("false")),
            TagTest::Within(limit) => limit.holds(case.tags.number(key)),
        }
    }
}

impl When {
    /// Whether it holds of a case of this severity; while the severity is still sought, no condition on it holds.
    #[must_use]
    pub fn holds(&self, case: &Case, severity: Option<Severity>) -> bool {
        let is_one = |limit: &Option<Limit>, number| limit.is_none_or(|limit| limit.holds(number));
        (self.severity.is_empty() || severity.is_some_and(|severity| self.severity.contains(&severity)))
            && (self.impact.is_empty() || self.impact.iter().any(|impact| case.impacts.contains(impact)))
            && (self.service.is_empty() || self.service.iter().any(|service| case.services.contains(service)))
            && self.tier.is_none_or(|tier| case.tiers.contains(&tier))
            && is_one(&self.share, Some(case.share))
            && is_one(&self.error_rate, case.error_rate)
            && is_one(&self.latency_rise, case.latency_rise)
            && is_one(&self.failures, case.failures.map(f64::from))
            && self.fix_within.is_none_or(|within| case.fix_within().is_some_and(|fix| fix <= within))
            && self.tags.iter().all(|(key, test)| test.holds(key, case))
    }

    /// What of a case it holds by, in words; nothing for one that always holds.
    #[must_use]
    pub fn in_words(&self, case: &Case, severity: Severity) -> String {
        let mut words = Vec::new();
        if !self.severity.is_empty() {
            words.push(severity.to_string());
        }
        words.extend(self.impact.iter().filter(|impact| case.impacts.contains(impact)).map(spoken));
        words.extend(self.service.iter().filter(|name| case.services.contains(name)).map(|name| format!("`{name}`")));
        words.extend(self.tier.map(|tier| format!("a service of the tier {}", tier.word())));
        let share = |what: &str, number: f64| format!("{what} {} %", (number * 1000.0).round() / 10.0);
        words.extend(self.share.map(|_| share("affected services", case.share)));
        words.extend(self.error_rate.and(case.error_rate).map(|rate| share("failed requests", rate)));
        words.extend(self.latency_rise.and(case.latency_rise).map(|rise| share("latency risen by", rise)));
        words.extend(self.failures.and(case.failures).map(|times| format!("{times} bad samples in a row")));
        words.extend(self.fix_within.and(case.fix_within()).map(|fix| format!("a fix within {} s", fix.as_secs())));
        let tag = |key: &String| format!("{key} {}", case.tags.get(key).unwrap_or("not set"));
        words.extend(self.tags.keys().map(tag));
        words.join(", ")
    }
}

fn spoken(impact: &Impact) -> String {
    impact.to_string().replace('_', " ")
}
