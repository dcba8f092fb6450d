//! What the engine sees of the platform.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::detect::Usage;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, ComposeArtifact, Detail, Fact, Seen, Version};
use backout_core::plan::Switch;
use backout_core::port::{
    Blobs, Captured, EventSink, Evidence, LogSink, LogSpan, Pending, Platform, PlatformEvent, PortError, Preflight,
};

use super::memory::{Act, Did, MemoryPlatform};
use super::service::Hosted;

impl MemoryPlatform {
    async fn record(
        &self,
        service: &ServiceName,
        checkpoint: &CheckpointId,
        blobs: &dyn Blobs,
    ) -> Result<Option<Artifact>, PortError> {
        let takes = self.state().faults.capture_takes;
        self.clock.sleep(takes).await;
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
                    fact.seen = Seen::Unknown { why: why.clone() };
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
            if self.state().faults.preflight_hangs {
                std::future::pending::<()>().await;
            }
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

    fn restart<'a>(&'a self, service: &'a ServiceName, _: Option<u64>) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            self.fuse.pass(format!("before starting {service} anew")).await;
            self.start_anew(service);
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

    fn logs<'a>(
        &'a self,
        service: &'a ServiceName,
        span: LogSpan,
        sink: LogSink<'a>,
    ) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let last = Duration::try_from(self.clock.now().duration_since(span.since)).unwrap_or_default();
            for (_, age, behaviour) in self.serving(service) {
                sink(behaviour.output(age, last).as_bytes());
            }
            Ok(())
        })
    }

    fn usage<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<Vec<Usage>, PortError>> {
        Box::pin(async move {
            let serving = self.serving(service);
            Ok(serving.iter().map(|(id, age, behaviour)| behaviour.usage(id, *age)).collect())
        })
    }

    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()> {
        Box::pin(self.stream(sink))
    }
}
