//! What `backout watch` does beside looking, and what others may tell it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::PromLogin;
use crate::config::SecretOrText;
use crate::id::{AlertName, ServiceName};

/// What `backout watch` does beside looking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WatchPolicy {
    /// Whether deploys that nobody told of are recorded and watched through a soak; yes unless configured.
    pub notice: bool,
    /// Whether such a deploy may be taken back without asking; no unless configured.
    pub automatic: bool,
    /// Where webhooks are listened for, `HOST:PORT`; nowhere unless configured.
    pub listen: Option<String>,
    /// Webhooks, by name.
    pub hooks: BTreeMap<String, Hook>,
    /// Alerts that are told by them.
    pub alerts: BTreeMap<AlertName, Alert>,
}

impl Default for WatchPolicy {
    fn default() -> Self {
        Self { notice: true, automatic: false, listen: None, hooks: BTreeMap::new(), alerts: BTreeMap::new() }
    }
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// What it takes.
    pub takes: HookTakes,
    /// How it is known who asks.
    pub proof: HookProof,
}

/// What a webhook takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HookTakes {
    /// What Alertmanager posts.
    Alertmanager,
    /// What is said about a deploy.
    Deploy,
    /// One alert.
    Alert,
}

/// How it is known who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HookProof {
    /// By a token that is sent.
    Token(SecretOrText),
    /// By a name and a password that are sent.
    Login(PromLogin),
    /// By a signature.
    Signature {
        /// What is signed with.
        secret: SecretOrText,
        /// The header with the signature, in lower case.
        signature_header: String,
        /// The header with the time of signing, in lower case.
        timestamp_header: String,
        /// How old a signature may be; 5 minutes.
        window: Duration,
    },
}

/// An alert that is told by a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Its name.
    pub name: AlertName,
    /// The labels that what is told must have.
    pub labels: BTreeMap<String, String>,
    /// The service that it is about.
    pub service: Option<ServiceName>,
}
