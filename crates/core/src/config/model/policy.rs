//! How a deploy is guarded, and what automatic runs may do.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::id::EnvironmentName;
use crate::policy::{Rules, WAITED_FOR};

/// How a deploy is guarded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GuardPolicy {
    /// How long the environment is watched after the deploy command has ended; 5 minutes.
    pub soak: Duration,
    /// How long the guarding process may be silent before the switch takes over; 30 seconds.
    pub dead_man: Duration,
    /// How long the deploy command may take; 30 minutes.
    pub deploy_limit: Duration,
    /// Longest time between two measurements of one probe during the soak; 250 milliseconds. A probe whose own interval is
    /// shorter keeps it.
    pub every: Duration,
    /// The chance that a healthy deploy is ever called unhealthy by comparison with before, over all triggers together: 0 to 1;
    /// one in a thousand.
    pub false_alarms: f64,
    /// Whether the smoke checks are made before a deploy, and once more at the end of its soak; not unless configured.
    pub smoke: bool,
    /// Where what is deployed must have been kept first; nowhere unless configured.
    pub kept_first: Option<KeptFirst>,
    /// The tag that git is asked for before each deploy, with `{time}` or `{checkpoint}` in it; `None` for no tag.
    pub tag: Option<String>,
    /// What must be confirmed before a deploy, by name: what is asked. Nothing unless configured.
    pub asks: BTreeMap<String, String>,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self {
            soak: Duration::from_secs(300),
            dead_man: Duration::from_secs(30),
            deploy_limit: Duration::from_secs(1800),
            every: Duration::from_millis(250),
            false_alarms: 0.001,
            smoke: false,
            kept_first: None,
            tag: None,
            asks: BTreeMap::new(),
        }
    }
}

/// Where what is deployed must have been kept first, by the same commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFirst {
    /// Another environment of the file.
    pub environment: EnvironmentName,
    /// For how long.
    pub lasting: Duration,
}

/// What is done about a deploy that goes bad, and what automatic runs may do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    /// The rules that decide; those of the preset `default` unless configured.
    pub rules: Rules,
    /// How often a failed step, and an automatic rollback that is not verified, is tried in all; 2.
    pub attempts: u32,
    /// Whether an automatic run may go to the next older good checkpoint then; not unless configured.
    pub plan_b: bool,
    /// How many automatic rollbacks an hour may have; `None` without a limit.
    pub max_automatic_per_hour: Option<u32>,
    /// How many environments of one state directory may go back by themselves at once; `None` without a limit.
    pub max_at_once: Option<u32>,
    /// How long after a rollback no automatic one begins; zero unless configured.
    pub cool_down: Duration,
    /// How many good checkpoints keep their images and releases; 5.
    pub keep_checkpoints: u32,
    /// How many people must agree.
    pub approvals: Approvals,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            attempts: 2,
            plan_b: false,
            max_automatic_per_hour: None,
            max_at_once: None,
            cool_down: Duration::ZERO,
            keep_checkpoints: 5,
            approvals: Approvals::default(),
        }
    }
}

/// How many people must agree before something goes back; 0 unless configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Approvals {
    /// A single service.
    pub service: u32,
    /// The whole environment.
    pub stack: u32,
    /// Configuration files only.
    pub config: u32,
    /// A database.
    pub database: u32,
    /// Whatever has a step that cannot be undone.
    pub irreversible: u32,
    /// How long people are waited for; 30 minutes. Zero refuses what too few agreed to when it was asked for.
    pub within: Duration,
}

impl Default for Approvals {
    fn default() -> Self {
        Self { service: 0, stack: 0, config: 0, database: 0, irreversible: 0, within: WAITED_FOR }
    }
}

/// How long going back may take, from the decision to verified, and how well it must go on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Objectives {
    /// A single service.
    pub service: Option<Duration>,
    /// The whole environment.
    pub stack: Option<Duration>,
    /// A database.
    pub database: Option<Duration>,
    /// A database that is restored as a whole; as `database` unless configured.
    pub restore: Option<Duration>,
    /// An emergency, however much goes back.
    pub emergency: Option<Duration>,
    /// From the decision until something is switched on in place of going back.
    pub fallback: Option<Duration>,
    /// The share of a report's rollbacks that must be verified, 0 to 1.
    pub verified: Option<f64>,
    /// How long going back may take on average, over a report.
    pub average: Option<Duration>,
    /// How long it may take on average from the first bad sample to verified, over a report.
    pub recovered: Option<Duration>,
}
