//! How going back is rehearsed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::id::ServiceName;
use crate::journal::Break;

/// How going back is rehearsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrillPolicy {
    /// Whether a drill may break a service here.
    pub allowed: bool,
    /// The service that is broken, unless another one is asked for.
    pub service: Option<ServiceName>,
    /// How; it crashes, unless configured.
    pub how: Break,
    /// How long noticing may take; as long as a guard watches, unless configured.
    pub within: Duration,
    /// How long it may take from broken to verified.
    pub objective: Option<Duration>,
    /// How old the last good drill may be.
    pub every: Option<Duration>,
    /// Environment variables on which the service cannot run.
    pub environment: BTreeMap<String, String>,
    /// The program that makes it answer with errors, with its arguments, and the one that ends that.
    pub command: Option<(Vec<String>, Vec<String>)>,
}
