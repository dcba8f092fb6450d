//! The platform's own view, from a platform that shows one fact after the other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use backout_core::config::ProbeKind;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Fact, Health, Instance, InstanceState, Running, Seen, Version};
use backout_core::plan::Switch;
use backout_core::port::{
    Blobs, Captured, EventSink, Evidence, Pending, Platform, PortError, Preflight, ProbeOutcome, Prober,
};
use jiff::Timestamp;

use super::world::{blamed, excused, outcome, probe, service, with_platform};

/// Shows one thing after the other, and then does not answer any more.
struct Shows(Mutex<VecDeque<Seen>>);

impl Platform for Shows {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        let seen = self.0.lock().unwrap().pop_front();
        Box::pin(async move {
            let Some(seen) = seen else { return std::future::pending().await };
            let (observed_at, files) = (Timestamp::UNIX_EPOCH, BTreeMap::new());
            vec![Fact { service: services[0].clone(), observed_at, seen, files }]
        })
    }

    fn capture<'a>(
        &'a self,
        _: &'a [ServiceName],
        _: &'a CheckpointId,
        _: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>> {
        panic!("a probe only looks")
    }

    fn preflight<'a>(&'a self, _: &'a Artifact, _: &'a dyn Blobs) -> Pending<'a, Preflight> {
        panic!("a probe only looks")
    }

    fn switch<'a>(&'a self, _: &'a Switch, _: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        panic!("a probe only looks")
    }

    fn stop<'a>(&'a self, _: &'a ServiceName, _: u64) -> Pending<'a, Result<(), PortError>> {
        panic!("a probe only looks")
    }

    fn release<'a>(&'a self, _: &'a CheckpointId, _: &'a [Artifact]) -> Pending<'a, Result<(), PortError>> {
        panic!("a probe only looks")
    }

    fn evidence<'a>(&'a self, _: &'a ServiceName) -> Pending<'a, Vec<Evidence>> {
        panic!("a probe only looks")
    }

    fn events<'a>(&'a self, _: EventSink) -> Pending<'a, ()> {
        panic!("a probe only looks")
    }
}

fn container(state: InstanceState, health: Health) -> Seen {
    let version = Version { code: "sha256:1".to_owned(), spec: String::new() };
    let (id, name) = ("1".to_owned(), "app-1".to_owned());
    let instance = Instance { id, name, version, state, health, since: None, restarts: 3 };
    Seen::Present(Running {
        label: "app:1".to_owned(),
        wanted: 1,
        instances: vec![instance],
        unready: Vec::new(),
        trouble: None,
        busy: None,
        next: None,
    })
}

async fn shown<const N: usize>(seen: [Seen; N]) -> [ProbeOutcome; N] {
    let client = with_platform(Arc::new(Shows(Mutex::new(seen.into()))));
    let probe = probe(ProbeKind::Container);
    let mut outcomes = Vec::new();
    for _ in 0..N {
        outcomes.push(client.probe(&service(), &probe).await.outcome);
    }
    outcomes.try_into().unwrap()
}

const ENDED: InstanceState = InstanceState::Exited { code: 0, out_of_memory: false };

#[tokio::test]
async fn a_service_that_was_seen_running_and_ended_is_down() {
    let running = container(InstanceState::Running, Health::Unchecked);
    let [first, second] = shown([running, container(ENDED, Health::Unchecked)]).await;
    assert_eq!(first, ProbeOutcome::AsExpected { what: "1 of 1 instances".to_owned() });
    assert_eq!(blamed(second), "app-1 ended with exit code 0");
}

#[tokio::test]
async fn a_one_off_that_had_ended_before_anyone_looked_is_not() {
    let [first, second] = shown([container(ENDED, Health::Unchecked), container(ENDED, Health::Unchecked)]).await;
    assert_eq!((first.holds(), second.holds()), (Some(true), Some(true)));
}

#[tokio::test]
async fn an_unhealthy_container_blames_the_service_and_a_starting_one_does_not() {
    let health = |health| container(InstanceState::Running, health);
    let [unhealthy, starting] = shown([health(Health::Unhealthy), health(Health::Starting)]).await;
    assert_eq!(blamed(unhealthy), "app-1 is unhealthy by its own health check");
    assert_eq!(excused(starting), "app-1 is within its start period");
}

#[tokio::test]
async fn a_platform_that_cannot_say_blames_nobody() {
    let [unknown] = shown([Seen::Unknown { why: "no Docker".to_owned() }]).await;
    assert_eq!(excused(unknown), "no Docker");
    let silent = with_platform(Arc::new(Shows(Mutex::default())));
    let outcome = silent.probe(&service(), &super::world::hurried(ProbeKind::Container)).await.outcome;
    assert_eq!(excused(outcome), "the platform did not answer within 300 ms");
}

#[tokio::test]
async fn a_service_without_a_platform_is_not_measured() {
    excused(outcome(ProbeKind::Container).await);
}
