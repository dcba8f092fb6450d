//! Alerts: what was told, and which of the configured ones that is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Alert;
use crate::id::{AlertName, ServiceName};

/// How much of what somebody writes is kept.
const KEPT: usize = 200;

/// One alert as somebody told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What tells it from others of the same name.
    pub id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it fires; else it is over.
    pub is_firing: bool,
    /// What it says, for a person.
    pub what: String,
}

/// A configured alert that was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heard {
    /// The hook it came by.
    pub hook: String,
    /// Which alert.
    pub alert: AlertName,
    /// The service that it is about, where the configuration says so.
    pub service: Option<ServiceName>,
    /// What tells it from others of the same name.
    pub id: String,
    /// Whether it fires; else it is over.
    pub is_firing: bool,
    /// What it says, shortened.
    pub what: String,
}

/// How an alert stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertState {
    /// It fires.
    Firing {
        /// What was said.
        what: String,
        /// Since when, as far as it was heard.
        since: Timestamp,
    },
    /// It does not fire.
    Quiet,
    /// Nobody listens, so nobody knows.
    Unheard {
        /// Why, and what to do.
        why: String,
    },
}

/// The configured alerts that something told is: those all of whose labels it has.
#[must_use]
pub fn heard(hook: &str, told: &Told, alerts: &BTreeMap<AlertName, Alert>) -> Vec<Heard> {
    let is = |alert: &&Alert| alert.labels.iter().all(|(name, value)| told.labels.get(name) == Some(value));
    let matching = alerts.values().filter(is);
    let each = matching.map(|alert| Heard {
        hook: hook.to_owned(),
        alert: alert.name.clone(),
        service: alert.service.clone(),
        id: shortened(&told.id),
        is_firing: told.is_firing,
        what: shortened(&told.what),
    });
    each.collect()
}

/// One line of at most [`KEPT`] characters.
pub(super) fn shortened(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(KEPT).collect();
    if text.chars().nth(KEPT).is_some() { format!("{line}…") } else { line }
}
