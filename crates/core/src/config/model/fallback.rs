//! What is switched on in place of going back.

use std::time::Duration;

use serde::Serialize;

use crate::config::SecretOrText;
use crate::id::ServiceName;

/// Something that users can do without what is bad: a feature flag, a circuit breaker. Switching it twice comes to the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fallback {
    /// The service that it is for; `None` is the whole environment.
    pub service: Option<ServiceName>,
    /// How it is switched.
    pub by: FallbackBy,
    /// How long switching may take; 30 seconds.
    pub timeout: Duration,
}

/// How a fallback is switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FallbackBy {
    /// By commands: programs with their arguments.
    Commands {
        /// Switches it on.
        on: Vec<String>,
        /// Switches it off.
        off: Vec<String>,
    },
    /// By a POST to an address.
    Webhook(SecretOrText),
}
