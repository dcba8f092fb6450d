//! What goes wrong on the way to the API server and there.

use std::time::Duration;

use backout_core::config::{SecretsPolicy, WorkloadKind};
use backout_core::inventory::Seen;
use backout_core::port::{Platform as _, Preflight};
use backout_kube_double::{Fault, FaultKind, Instruction};
use serde_json::json;

use crate::programs::Program;
use crate::world::World;

async fn back_in_spite_of(test: &str, faults: Vec<Fault>) {
    let world = World::new().await;
    let Some(double) = world.double(test) else { return };
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.deploy(Program::Missing).await;
    world.in_trouble("ImagePull").await;
    for fault in faults {
        double.fault(fault);
    }
    world.back(&artifact).await;
}

fn answer(code: u16) -> FaultKind {
    FaultKind::Answer { code, retry_after: None }
}

#[tokio::test]
async fn a_conflict_is_looked_at_and_tried_again() {
    back_in_spite_of(
        "a_conflict_is_looked_at_and_tried_again",
        vec![Fault::new("update", "/deployments/", 2, answer(409))],
    )
    .await;
}

#[tokio::test]
async fn a_busy_or_failing_server_is_tried_again() {
    let faults = [429, 500, 503].map(|code| Fault::new("update", "/deployments/", 1, answer(code)));
    back_in_spite_of("a_busy_or_failing_server_is_tried_again", faults.to_vec()).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_found_done() {
    let fault = Fault::new("update", "/deployments/", 1, FaultKind::LoseAnswer);
    back_in_spite_of("an_answer_that_is_lost_is_found_done", vec![fault]).await;
}

#[tokio::test]
async fn a_watch_that_breaks_off_or_expires_is_mended() {
    let name = "a_watch_that_breaks_off_or_expires_is_mended";
    let world = World::new().await;
    let Some(double) = world.double(name) else { return };
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    double.fault(Fault::new("watch", "", 3, FaultKind::EndWatch { events: 0 }));
    double.fault(Fault::new("watch", "", 3, FaultKind::ExpireWatch { events: 1 }));
    double.fault(Fault::new("watch", "", 2, answer(503)));
    double.tell(Instruction::Expire);
    double.away(Duration::from_millis(300));
    world.until("seen again", |seen| matches!(seen, Seen::Present(_))).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.deploy(Program::Crash).await;
    world.in_trouble("CrashLoopBackOff").await;
    world.back(&artifact).await;
}

#[tokio::test]
async fn a_server_that_is_away_is_unknown_and_seen_again_though_nothing_happens() {
    let name = "a_server_that_is_away_is_unknown_and_seen_again_though_nothing_happens";
    let world = World::new().await;
    let Some(double) = world.double(name) else { return };
    let before = world.deployed(Program::Good).await;
    double.away(Duration::from_millis(1500));
    world.until("unknown", |seen| matches!(seen, Seen::Unknown { .. })).await;
    world.until("seen again", |seen| *seen == Seen::Present(before.clone())).await;
}

#[tokio::test]
async fn a_namespace_that_is_deleted_meanwhile_is_never_told_wrongly() {
    let world = World::new().await;
    let Some(double) = world.double("a_namespace_that_is_deleted_meanwhile_is_never_told_wrongly") else { return };
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    assert!(double.delete("v1", "Namespace", "", &world.namespace));
    world.until("absent", |seen| matches!(seen, Seen::Absent | Seen::Unknown { .. })).await;
    world.until("absent", |seen| *seen == Seen::Absent).await;
    let preflight = world.platform.preflight(&artifact, &world.blobs).await;
    assert!(matches!(preflight, Preflight::Gone { .. }), "{preflight:?}");
    assert!(world.try_back(&artifact).await.is_err());
}

#[tokio::test]
async fn what_the_server_refuses_is_known_before_anything_is_changed() {
    let world = World::new().await;
    let Some(double) = world.double("what_the_server_refuses_is_known_before_anything_is_changed") else { return };
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.deployed(Program::Newer).await;
    double.deny("update", "deployments", "");
    let Preflight::Gone { why } = world.platform.preflight(&artifact, &world.blobs).await else { panic!() };
    assert!(why.contains("forbidden"), "{why}");
    double.tell(Instruction::AllowAll);
    double.fault(Fault::new("update", "/deployments/", 1, answer(500)));
    let busy = world.platform.preflight(&artifact, &world.blobs).await;
    assert!(matches!(busy, Preflight::Unknown { .. }), "{busy:?}");
    let before = world.workload().await;
    assert_eq!(world.platform.preflight(&artifact, &world.blobs).await, Preflight::Present);
    assert_eq!(world.workload().await, before, "a dry run leaves nothing");
}

#[tokio::test]
async fn pods_that_admission_refuses_are_trouble() {
    let world = World::new().await;
    let Some(double) = world.double("pods_that_admission_refuses_are_trouble") else { return };
    world.deployed(Program::Good).await;
    let message = Some("exceeded quota: small".to_owned());
    double.tell(Instruction::RefusePods { namespace: world.namespace.clone(), message });
    world.deploy(Program::Newer).await;
    world.in_trouble("exceeded quota").await;
}

/// They say so in events only.
#[tokio::test]
async fn pods_that_admission_refuses_are_trouble_of_every_kind_of_workload() {
    for kind in [WorkloadKind::StatefulSet, WorkloadKind::DaemonSet] {
        let world = World::of(kind, SecretsPolicy::Keep).await;
        let test = "pods_that_admission_refuses_are_trouble_of_every_kind_of_workload";
        let Some(double) = world.double(test) else { return };
        world.deployed(Program::Good).await;
        let refuse = |message: Option<&str>| Instruction::RefusePods {
            namespace: world.namespace.clone(),
            message: message.map(str::to_owned),
        };
        double.tell(refuse(Some("exceeded quota: small")));
        world.deploy(Program::Newer).await;
        let running = world.in_trouble("exceeded quota: small").await;
        let what = running.trouble.unwrap().what;
        assert!(what.starts_with("web: FailedCreate: "), "{what}");
        double.tell(refuse(None));
        let is_well = |seen: &Seen| matches!(seen, Seen::Present(running) if running.is_well());
        world.until("well once it is no longer refused", is_well).await;
        let asked = || double.requests().iter().filter(|request| request.path.contains("/events")).count();
        let before = asked();
        tokio::time::sleep(Duration::from_secs(3)).await;
        world.until("still well", is_well).await;
        assert_eq!(asked(), before, "nothing is asked of who has all pods");
    }
}

#[tokio::test]
async fn what_the_pods_need_and_nothing_makes_again_is_missed_before() {
    let world = World::new().await;
    let mut manifest = world.manifest(Program::Good);
    manifest["spec"]["template"]["spec"]["volumes"] =
        json!([{"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}}]);
    world.apply(&manifest).await;
    let has_pods = |seen: &Seen| matches!(seen, Seen::Present(running) if !running.instances.is_empty());
    world.until("there", has_pods).await;
    let artifact = world.capture().await;
    let Preflight::Gone { why } = world.platform.preflight(&artifact, &world.blobs).await else { panic!() };
    assert!(why.contains("PersistentVolumeClaim `web-data`"), "{why}");
    world.end().await;
}
