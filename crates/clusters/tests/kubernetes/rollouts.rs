//! Bad deploys of every kind of workload, and back.

use backout_core::config::{SecretsPolicy, WorkloadKind};
use backout_core::port::{Platform as _, Preflight};
use backout_kube_double::Instruction;
use serde_json::json;

use crate::programs::Program;
use crate::world::World;

/// Deploys what is good, captures it, deploys what is bad, waits for the word that says so, and goes back.
async fn there_and_back(world: &World, bad: Program, word: Option<&str>) {
    let before = world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    assert_eq!(before.version(), Some(&artifact.version));
    world.deploy(bad).await;
    match word {
        Some(word) => drop(world.in_trouble(word).await),
        None => drop(world.until("of two templates", |seen| format!("{seen:?}").contains("Starting")).await),
    }
    assert_eq!(world.platform.preflight(&artifact, &world.blobs).await, Preflight::Present);
    let after = world.back(&artifact).await;
    assert_eq!(after.version(), Some(&artifact.version));
}

#[tokio::test]
async fn a_deployment_comes_back_from_an_image_that_is_missing_and_keeps_the_pods_that_still_run() {
    let world = World::new().await;
    let before = world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.deploy(Program::Missing).await;
    let during = world.in_trouble("ImagePull").await;
    let survivors: Vec<String> = before
        .instances
        .iter()
        .map(|it| it.id.clone())
        .filter(|id| during.instances.iter().any(|it| it.id == *id))
        .collect();
    assert!(!survivors.is_empty(), "{during:#?}");
    let after = world.back(&artifact).await;
    for id in survivors {
        assert!(after.instances.iter().any(|it| it.id == id), "{id} was started anew for nothing");
    }
    world.end().await;
}

#[tokio::test]
async fn a_deployment_comes_back_from_a_crash_loop() {
    let world = World::new().await;
    there_and_back(&world, Program::Crash, Some("CrashLoopBackOff")).await;
    world.end().await;
}

#[tokio::test]
async fn a_deployment_comes_back_from_pods_that_never_become_ready() {
    let world = World::new().await;
    there_and_back(&world, Program::NeverReady, None).await;
    world.end().await;
}

#[tokio::test]
async fn a_stateful_set_comes_back_though_its_controller_waits_for_the_broken_pod() {
    let world = World::of(WorkloadKind::StatefulSet, SecretsPolicy::Keep).await;
    there_and_back(&world, Program::Missing, Some("ImagePull")).await;
    world.end().await;
}

#[tokio::test]
async fn a_daemon_set_comes_back() {
    let world = World::of(WorkloadKind::DaemonSet, SecretsPolicy::Keep).await;
    there_and_back(&world, Program::Crash, Some("CrashLoopBackOff")).await;
    world.end().await;
}

#[tokio::test]
async fn a_workload_that_is_gone_is_made_again() {
    for kind in [WorkloadKind::Deployment, WorkloadKind::DaemonSet] {
        let world = World::of(kind, SecretsPolicy::Keep).await;
        world.deployed(Program::Good).await;
        let artifact = world.capture().await;
        world.delete("apps/v1", world.kind_name(), "web").await;
        world.until("absent", |seen| *seen == backout_core::inventory::Seen::Absent).await;
        assert_eq!(world.platform.preflight(&artifact, &world.blobs).await, Preflight::Present);
        world.back(&artifact).await;
        world.end().await;
    }
}

#[tokio::test]
async fn a_paused_deployment_is_told_of_and_rolled_out_all_the_same() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.deployed(Program::Newer).await;
    world.merge(["apps/v1", "Deployment", "web"], &json!({"spec": {"paused": true}})).await;
    world.notes(&artifact, "is paused, and is unpaused").await;
    world.back(&artifact).await;
    world.end().await;
}

#[tokio::test]
async fn what_runs_already_is_not_written_again() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    let before = world.workload().await;
    let mut switch = world.switch_to(&artifact).await;
    // What the planner saw before a first try that was interrupted.
    switch.from = None;
    world.platform.switch(&switch, &world.blobs).await.unwrap();
    assert_eq!(world.workload().await["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
    world.end().await;
}

#[tokio::test]
async fn what_runs_already_is_started_anew_where_that_is_wanted() {
    let world = World::new().await;
    let before = world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    let switch = world.switch_to(&artifact).await;
    assert!(switch.starts_anew());
    world.platform.switch(&switch, &world.blobs).await.unwrap();
    let after = world.well().await;
    assert!(after.instances.iter().all(|now| before.instances.iter().all(|was| was.id != now.id)), "{after:#?}");
    assert_eq!(after.version(), Some(&artifact.version));
    world.end().await;
}

#[tokio::test]
async fn a_tag_that_means_another_image_by_now_is_not_trusted() {
    let world = World::new().await;
    let Some(double) = world.double("a_tag_that_means_another_image_by_now_is_not_trusted") else { return };
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.deployed(Program::Newer).await;
    double.tell(Instruction::Digest { image: "shop/web:1".to_owned(), digest: format!("sha256:{}", "e".repeat(64)) });
    world.back(&artifact).await;
    let workload = world.workload().await;
    let image = workload["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.starts_with("shop/web@sha256:") && !image.contains("eeee"), "{image}");
    // Deployed again by its name, it is another version.
    world.deploy(Program::Good).await;
    let is_other = |seen: &backout_core::inventory::Seen| format!("{seen:?}").contains("eeee");
    world.until("the other image", is_other).await;
    world.end().await;
}
