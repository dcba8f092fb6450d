//! A platform whose services are values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::InstanceState;
use backout_core::port::Clock;
use jiff::Timestamp;
use tokio::sync::watch;

use super::service::{Container, Hosted, age};
use super::{Behaviour, Faults};
use crate::world::{Fuse, MemoryFiles};

/// Something that `backout` did to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The service.
    pub service: ServiceName,
    /// What was done.
    pub did: Did,
    /// Whether the service was as it was asked to be before anything was done.
    pub was_so_already: bool,
}

/// What can be done to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    /// It was switched to this version.
    Switch(String),
    /// It was stopped.
    Stop,
    /// It was started anew.
    Restart,
}

/// Services in memory. Clones share them.
#[derive(Clone)]
pub struct MemoryPlatform {
    state: Arc<Mutex<State>>,
    pub(super) moved: watch::Sender<u64>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) files: MemoryFiles,
    pub(super) fuse: Fuse,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) services: BTreeMap<ServiceName, Hosted>,
    pub(super) images: BTreeSet<String>,
    pub(super) pins: BTreeSet<(CheckpointId, String)>,
    pub(super) acts: Vec<Act>,
    pub(super) made: u32,
    pub(super) faults: Faults,
    pub(super) secret: Vec<u8>,
}

impl MemoryPlatform {
    /// A platform without services. What its instances read when they start is in `files`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, files: MemoryFiles, fuse: Fuse) -> Self {
        Self { state: Arc::default(), moved: watch::Sender::new(0), clock, files, fuse }
    }

    /// Somebody else than `backout` makes a service run a version, in new instances.
    pub fn deploy(&self, service: &ServiceName, version: &str) {
        let now = self.clock.now();
        let mut state = self.state();
        state.images.insert(version.to_owned());
        let wanted = state.hosted(service).wanted.max(1);
        state.hosted(service).wanted = wanted;
        let instances = (0..wanted).map(|_| self.start(&mut state, service, version, now)).collect();
        state.hosted(service).instances = instances;
        drop(state);
        self.tell();
    }

    /// How many instances a service shall have from its next deploy on.
    pub fn scale(&self, service: &ServiceName, wanted: u32) {
        self.state().hosted(service).wanted = wanted;
    }

    /// How a version of a service behaves when it runs.
    pub fn teach(&self, service: &ServiceName, version: &str, behaviour: Behaviour) {
        self.state().hosted(service).behaviours.insert(version.to_owned(), behaviour);
    }

    /// The configuration files that instances of a service read when they start.
    pub fn reads(&self, service: &ServiceName, paths: &[&str]) {
        self.state().hosted(service).reads = paths.iter().map(|path| (*path).to_owned()).collect();
    }

    /// Somebody else than `backout` removes a service.
    pub fn remove(&self, service: &ServiceName) {
        self.state().hosted(service).instances.clear();
        self.tell();
    }

    /// Somebody else than `backout` ends the instances of a service.
    pub fn kill(&self, service: &ServiceName, code: i64) {
        for instance in &mut self.state().hosted(service).instances {
            instance.killed = Some(code);
        }
        self.tell();
    }

    /// Takes away an image, pinned or not.
    pub fn lose_image(&self, version: &str) {
        self.state().images.remove(version);
    }

    /// Takes away every image that nothing runs and nobody has pinned.
    pub fn prune_images(&self) {
        let mut state = self.state();
        let running = state.services.values().flat_map(|hosted| hosted.instances.iter().map(|i| i.version.clone()));
        let pinned = state.pins.iter().map(|(_, version)| version.clone());
        state.images = running.chain(pinned).collect();
    }

    /// The faults, to plant some.
    pub fn faults(&self, plant: impl FnOnce(&mut Faults)) {
        plant(&mut self.state().faults);
    }

    /// What stands in the resolved project of every service and must never leave the blobs.
    pub fn hide_secret(&self, secret: &[u8]) {
        self.state().secret = secret.to_vec();
    }

    /// The versions of a service's running instances; `!` in front of one that does not run.
    #[must_use]
    pub fn running(&self, service: &ServiceName) -> Vec<String> {
        let now = self.clock.now();
        let state = self.state();
        let Some(hosted) = state.services.get(service) else { return Vec::new() };
        let mark = |instance: &Container| match hosted.state(instance, now) {
            InstanceState::Running => instance.version.clone(),
            _ => format!("!{}", instance.version),
        };
        hosted.instances.iter().map(mark).collect()
    }

    /// The ids of a service's instances.
    #[must_use]
    pub fn ids(&self, service: &ServiceName) -> Vec<String> {
        self.state().hosted(service).instances.iter().map(|instance| instance.id.clone()).collect()
    }

    /// What the running instances of a service read from a file when they started.
    #[must_use]
    pub fn has_read(&self, service: &ServiceName, path: &str) -> Vec<Option<Vec<u8>>> {
        self.state().hosted(service).instances.iter().map(|instance| instance.read.get(path).cloned()).collect()
    }

    /// What `backout` did, in order.
    #[must_use]
    pub fn acts(&self) -> Vec<Act> {
        self.state().acts.clone()
    }

    /// The checkpoints that something is pinned for.
    #[must_use]
    pub fn pinned(&self) -> BTreeSet<CheckpointId> {
        self.state().pins.iter().map(|(checkpoint, _)| checkpoint.clone()).collect()
    }

    /// The id, age and behaviour of each running instance of a service, for whoever probes it.
    pub(in crate::world) fn serving(&self, service: &ServiceName) -> Vec<(String, Duration, Behaviour)> {
        let now = self.clock.now();
        let state = self.state();
        let Some(hosted) = state.services.get(service) else { return Vec::new() };
        let running = |instance: &&Container| hosted.state(instance, now) == InstanceState::Running;
        let of = |instance: &Container| {
            Some((instance.id.clone(), age(instance.started_at?, now), hosted.behaviour(&instance.version)))
        };
        hosted.instances.iter().filter(running).filter_map(of).collect()
    }

    pub(super) fn start(&self, state: &mut State, service: &ServiceName, version: &str, now: Timestamp) -> Container {
        state.made += 1;
        let id = format!("c{}", state.made);
        let reads = state.hosted(service).reads.clone();
        let read = reads.into_iter().filter_map(|path| self.files.bytes(&path).map(|bytes| (path, bytes))).collect();
        Container { id, version: version.to_owned(), started_at: Some(now), killed: None, read }
    }

    pub(super) fn tell(&self) {
        self.moved.send_modify(|times| *times += 1);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn hosted(&mut self, service: &ServiceName) -> &mut Hosted {
        self.services.entry(service.clone()).or_default()
    }
}
