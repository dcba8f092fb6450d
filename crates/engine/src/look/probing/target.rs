//! What is probed, and what came back.

use std::sync::Arc;

use backout_core::config::Probe;
use backout_core::id::ServiceName;
use backout_core::port::Reading;

use crate::look::collect::probes;
use crate::world::World;

/// A probe and the service that it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The service.
    pub service: ServiceName,
    /// Its probe.
    pub probe: Probe,
}

/// A target, and what came back.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The target.
    pub target: Arc<Target>,
    /// What came back, as it counts: a starved prober says nothing of its target.
    pub reading: Reading,
    /// Where it stands among the targets.
    pub(super) place: usize,
}

/// The targets of the environment.
pub(crate) fn targets(world: &World) -> Vec<Target> {
    probes(world).map(|(service, probe)| Target { service: service.clone(), probe: probe.clone() }).collect()
}
