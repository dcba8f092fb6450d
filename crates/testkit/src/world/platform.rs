//! A platform whose services are values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, ComposeArtifact, Detail, Fact, Version};
use backout_core::plan::{Switch, SwitchOrder};
use backout_core::port::{
    Blobs, Captured, Clock, EventSink, Evidence, Pending, Platform, PlatformEvent, PortError, Preflight,
};
use jiff::Timestamp;
use tokio::sync::watch;

use super::service::{Container, Hosted, age};
use super::{Behaviour, Faults, Fuse, MemoryFiles, SwitchFault};

/// How long each half of a switch takes.
const HALF: Duration = Duration::from_millis(150);

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
}

/// Services in memory. Clones share them.
#[derive(Clone)]
pub struct MemoryPlatform {
    state: Arc<Mutex<State>>,
    moved: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    files: MemoryFiles,
    fuse: Fuse,
}

#[derive(Default)]
struct State {
    services: BTreeMap<ServiceName, Hosted>,
    images: BTreeSet<String>,
    pins: BTreeSet<(CheckpointId, String)>,
    acts: Vec<Act>,
    made: u32,
    faults: Faults,
    secret: Vec<u8>,
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
            backout_core::inventory::InstanceState::Running => instance.version.clone(),
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

    /// The version, age and behaviour of each running instance of a service, for whoever probes it.
    pub(super) fn serving(&self, service: &ServiceName) -> Vec<(Duration, Behaviour)> {
        let now = self.clock.now();
        let state = self.state();
        let Some(hosted) = state.services.get(service) else { return Vec::new() };
        let running =
            |instance: &&Container| hosted.state(instance, now) == backout_core::inventory::InstanceState::Running;
        let of = |instance: &Container| Some((age(instance.started_at?, now), hosted.behaviour(&instance.version)));
        hosted.instances.iter().filter(running).filter_map(of).collect()
    }

    fn start(&self, state: &mut State, service: &ServiceName, version: &str, now: Timestamp) -> Container {
        state.made += 1;
        let id = format!("c{}", state.made);
        let reads = state.hosted(service).reads.clone();
        let read = reads.into_iter().filter_map(|path| self.files.bytes(&path).map(|bytes| (path, bytes))).collect();
        Container { id, version: version.to_owned(), started_at: Some(now), killed: None, read }
    }

    fn tell(&self) {
        self.moved.send_modify(|times| *times += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry_out(&self, switch: &Switch) -> Result<(), PortError> {
        let (service, version) = (&switch.to.service, switch.to.version.code.as_str());
        let fault = self.begin(switch);
        if let Some(done) = before_the_switch(fault, service).await {
            return done;
        }
        self.fuse.pass(format!("before switching {service}")).await;
        if !self.state().images.contains(version) {
            return Err(PortError::new(format!("no such image: {version}")));
        }
        let old = self.ids(service);
        if switch.order == SwitchOrder::StopFirst {
            self.take_away(service, &old);
        }
        self.clock.sleep(HALF).await;
        self.fuse.pass(format!("half-way through switching {service}")).await;
        let can_start = fault != Some(SwitchFault::PortTaken);
        self.bring_up(switch, can_start);
        self.clock.sleep(HALF).await;
        if switch.order == SwitchOrder::StartFirst && can_start {
            self.take_away(service, &old);
        }
        self.fuse.pass(format!("after switching {service}")).await;
        match fault {
            Some(SwitchFault::PortTaken) => Err(PortError::new(format!("`{service}`: address already in use"))),
            Some(SwitchFault::FailsAfter) => Err(PortError::new(format!("`{service}`: the connection was lost"))),
            Some(SwitchFault::HangsAfter) => std::future::pending().await,
            _ => Ok(()),
        }
    }

    fn begin(&self, switch: &Switch) -> Option<SwitchFault> {
        let now = self.clock.now();
        let service = &switch.to.service;
        let mut state = self.state();
        let version = switch.to.version.code.clone();
        let was_so_already = state.hosted(service).runs(&version, now);
        state.acts.push(Act { service: service.clone(), did: Did::Switch(version), was_so_already });
        state.faults.next_switch(service)
    }

    fn take_away(&self, service: &ServiceName, ids: &[String]) {
        self.state().hosted(service).instances.retain(|instance| !ids.contains(&instance.id));
        self.tell();
    }

    fn bring_up(&self, switch: &Switch, can_start: bool) {
        let (service, now) = (&switch.to.service, self.clock.now());
        let mut state = self.state();
        for _ in 0..switch.to.replicas {
            let mut instance = self.start(&mut state, service, &switch.to.version.code, now);
            if !can_start {
                instance.started_at = None;
            }
            state.hosted(service).instances.push(instance);
        }
        state.hosted(service).wanted = switch.to.replicas;
        drop(state);
        self.tell();
    }

    async fn record(
        &self,
        service: &ServiceName,
        checkpoint: &CheckpointId,
        blobs: &dyn Blobs,
    ) -> Result<Option<Artifact>, PortError> {
        let (version, replicas, secret) = {
            let mut state = self.state();
            if state.faults.capture.contains(service) {
                return Err(PortError::new(format!("`{service}` cannot be captured: the daemon does not answer")));
            }
            let secret = state.secret.clone();
            let hosted = state.hosted(service);
            let Some(instance) = hosted.instances.first() else { return Ok(None) };
            let found = (instance.version.clone(), hosted.instances.len(), secret);
            state.pins.insert((checkpoint.clone(), found.0.clone()));
            found
        };
        let takes = self.state().faults.capture_takes;
        self.clock.sleep(takes).await;
        self.fuse.pass(format!("after pinning {service}")).await;
        let project = [format!("{service}: ").as_bytes(), &secret].concat();
        Ok(Some(Artifact {
            service: service.clone(),
            version: Version { code: version.clone(), spec: String::new() },
            label: version.clone(),
            replicas: u32::try_from(replicas).unwrap_or(u32::MAX),
            files: Vec::new(),
            detail: Detail::Compose(ComposeArtifact {
                image: version.clone(),
                repo_digests: Vec::new(),
                pin: format!("pin-{checkpoint}-{service}"),
                project: blobs.put(&project).await?,
                can_start_first: false,
                stop_grace_ms: 1_000,
                start_period_ms: 0,
            }),
        }))
    }

    /// Tells of every service that looks different from the last time, each time the world moves or time has an effect.
    async fn stream(&self, sink: EventSink) {
        let mut moved = self.moved.subscribe();
        let mut last = self.look();
        loop {
            let pause = self.next_turn().unwrap_or(Duration::MAX / 4);
            tokio::select! {
                _ = moved.changed() => {}
                () = self.clock.sleep(pause) => {}
            }
            let now = self.look();
            let at = self.clock.now();
            let silent = self.state().faults.no_events;
            for (service, what) in now.iter().filter(|(service, seen)| !silent && last.get(*service) != Some(*seen)) {
                sink(PlatformEvent::Moved { service: service.clone(), at, what: what.clone() });
            }
            last = now;
        }
    }

    fn look(&self) -> BTreeMap<ServiceName, String> {
        let now = self.clock.now();
        let state = self.state();
        state.services.iter().map(|(name, hosted)| (name.clone(), format!("{:?}", hosted.seen(name, now)))).collect()
    }

    fn next_turn(&self) -> Option<Duration> {
        let now = self.clock.now();
        let next = self.state().services.values().filter_map(|hosted| hosted.next_turn(now)).min()?;
        Duration::try_from(next.duration_since(now)).ok()
    }
}

async fn before_the_switch(fault: Option<SwitchFault>, service: &ServiceName) -> Option<Result<(), PortError>> {
    match fault? {
        SwitchFault::FailsBefore => Some(Err(PortError::new(format!("`{service}`: refused by the platform")))),
        SwitchFault::HangsBefore => std::future::pending().await,
        SwitchFault::Lies => Some(Ok(())),
        _ => None,
    }
}

impl State {
    fn hosted(&mut self, service: &ServiceName) -> &mut Hosted {
        self.services.entry(service.clone()).or_default()
    }
}

impl Platform for MemoryPlatform {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        Box::pin(async move {
            if self.state().faults.observe_hangs {
                std::future::pending::<()>().await;
            }
            let now = self.clock.now();
            let mut state = self.state();
            let fact = |service: &ServiceName| {
                let mut fact = state.hosted(service).fact(service, now);
                if let Some(why) = state.faults.unknown.get(service) {
                    fact.seen = backout_core::inventory::Seen::Unknown { why: why.clone() };
                }
                fact
            };
            services.iter().map(fact).collect()
        })
    }

    fn capture<'a>(
        &'a self,
        services: &'a [ServiceName],
        checkpoint: &'a CheckpointId,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>> {
        Box::pin(async move {
            let mut captured = Captured::default();
            for service in services {
                match self.record(service, checkpoint, blobs).await? {
                    Some(artifact) => captured.artifacts.push(artifact),
                    None => captured.absent.push(service.clone()),
                }
            }
            Ok(captured)
        })
    }

    fn preflight<'a>(&'a self, artifact: &'a Artifact, _: &'a dyn Blobs) -> Pending<'a, Preflight> {
        Box::pin(async move {
            let version = &artifact.version.code;
            if self.state().images.contains(version) {
                return Preflight::Present;
            }
            Preflight::Gone { why: format!("no image {version}") }
        })
    }

    fn switch<'a>(&'a self, switch: &'a Switch, _: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        Box::pin(self.carry_out(switch))
    }

    fn stop<'a>(&'a self, service: &'a ServiceName, _: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let (was_so_already, hangs) = {
                let state = &mut *self.state();
                let was_so_already = state.hosted(service).instances.is_empty();
                state.acts.push(Act { service: service.clone(), did: Did::Stop, was_so_already });
                (was_so_already, state.faults.stop_hangs.contains(service))
            };
            if hangs {
                std::future::pending::<()>().await;
            }
            self.fuse.pass(format!("before stopping {service}")).await;
            let stops = |hosted: &Hosted| hosted.instances.iter().all(|i| hosted.behaviour(&i.version).stops());
            if !was_so_already && stops(self.state().hosted(service)) {
                self.state().hosted(service).instances.clear();
                self.tell();
            }
            self.fuse.pass(format!("after stopping {service}")).await;
            Ok(())
        })
    }

    fn release<'a>(&'a self, checkpoint: &'a CheckpointId, _: &'a [Artifact]) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.faults.release {
                return Err(PortError::new(format!("the pins of `{checkpoint}` cannot be taken away")));
            }
            state.pins.retain(|(pinned, _)| pinned != checkpoint);
            Ok(())
        })
    }

    fn evidence<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Vec<Evidence>> {
        Box::pin(async move {
            if self.state().faults.evidence_hangs {
                std::future::pending::<()>().await;
            }
            let secret = self.state().secret.clone();
            let content = [format!("log of {:?}: ", self.running(service)).as_bytes(), &secret].concat();
            vec![Evidence { name: format!("{service}.log"), content }]
        })
    }

    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()> {
        Box::pin(self.stream(sink))
    }
}
