//! Container probes: what the platform says of the service right now.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backout_core::detect::compare_containers;
use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, InstanceState};
use backout_core::port::Platform;
use tokio::time::timeout;

use super::outcome::{Performed, compared, not_performed};

/// Which services were seen running: one that ran and has ended is down, and one that never did may be a one-off.
#[derive(Debug, Default)]
pub(super) struct SeenRunning(Mutex<HashSet<ServiceName>>);

impl SeenRunning {
    /// Whether the service was seen running before this fact; remembers the fact.
    fn note(&self, fact: &Fact) -> bool {
        let runs = fact.running().is_some_and(|r| r.instances.iter().any(|i| i.state == InstanceState::Running));
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ran_before = seen.contains(&fact.service);
        if runs && !ran_before {
            seen.insert(fact.service.clone());
        }
        ran_before
    }
}

/// Looks at the service. A platform that does not answer in time is no fault of the application.
pub(super) async fn probe(
    platform: &dyn Platform,
    seen: &SeenRunning,
    service: &ServiceName,
    limit: Duration,
) -> Performed {
    let look = timeout(limit, platform.observe(std::slice::from_ref(service))).await;
    let facts =
        look.map_err(|_| not_performed(format!("the platform did not answer within {} ms", limit.as_millis())))?;
    let fact = facts.iter().find(|fact| fact.service == *service);
    let fact = fact.ok_or_else(|| not_performed(format!("the platform said nothing of `{service}`")))?;
    let ran_before = seen.note(fact);
    Ok(compared(compare_containers(fact, ran_before), None))
}
