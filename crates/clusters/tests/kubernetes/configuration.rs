//! ConfigMaps and Secrets that go with the code.

use backout_core::config::{SecretsPolicy, WorkloadKind};
use backout_core::inventory::Seen;
use backout_core::port::Platform as _;
use backout_kube_double::Behaviour;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::programs::Program;
use crate::world::World;

fn map(mode: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web-config"}, "data": {"MODE": mode}})
}

fn encoded(value: &str) -> String {
    base64::prelude::BASE64_STANDARD.encode(value)
}

fn secret(password: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web-secret"},
        "type": "Opaque", "data": {"PASSWORD": encoded(password)}})
}

/// The workload, reading the ConfigMap and the Secret, started at that time.
fn manifest(world: &World, restarted: &str) -> Value {
    let mut manifest = world.manifest(Program::Configured);
    let template = &mut manifest["spec"]["template"];
    template["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/restartedAt": restarted});
    template["spec"]["containers"][0]["envFrom"] =
        json!([{"configMapRef": {"name": "web-config"}}, {"secretRef": {"name": "web-secret"}}]);
    manifest
}

async fn configured(secrets: SecretsPolicy) -> World {
    let world = World::of(WorkloadKind::Deployment, secrets).await;
    if world.is_double() {
        world.double("").unwrap().configuration("web-config", "MODE", "broken", Behaviour::Crash);
    }
    world.apply(&map("good")).await;
    world.apply(&secret("first")).await;
    world.apply(&manifest(&world, "1")).await;
    world.well().await;
    world
}

async fn mode(world: &World) -> Value {
    world.object("v1", "ConfigMap", "web-config").await.unwrap()["data"]["MODE"].clone()
}

async fn password(world: &World) -> Value {
    world.object("v1", "Secret", "web-secret").await.unwrap()["data"]["PASSWORD"].clone()
}

#[tokio::test]
async fn a_config_map_goes_back_with_the_code_and_pods_read_it() {
    let world = configured(SecretsPolicy::Keep).await;
    let artifact = world.capture().await;
    world.apply(&map("broken")).await;
    world.apply(&manifest(&world, "2")).await;
    world.in_trouble("CrashLoopBackOff").await;
    world.back(&artifact).await;
    assert_eq!(mode(&world).await, "good");
    world.end().await;
}

#[tokio::test]
async fn a_config_map_that_changed_alone_is_seen_and_pods_start_anew_with_the_old_one() {
    let world = configured(SecretsPolicy::Keep).await;
    let artifact = world.capture().await;
    let before = world.running().await;
    world.apply(&map("other")).await;
    let is_other = |seen: &Seen| matches!(seen, Seen::Present(running) if running.version() != Some(&artifact.version));
    world.until("another version", is_other).await;
    let after = world.back(&artifact).await;
    assert!(after.instances.iter().all(|now| before.instances.iter().all(|was| was.id != now.id)), "{after:#?}");
    assert_eq!(mode(&world).await, "good");
    // And once more, to the same configuration: the mark of the first time is no excuse.
    world.apply(&map("other")).await;
    world.until("another version", is_other).await;
    let last = world.back(&artifact).await;
    assert!(last.instances.iter().all(|now| after.instances.iter().all(|was| was.id != now.id)), "{last:#?}");
    world.end().await;
}

#[tokio::test]
async fn a_config_map_that_is_gone_comes_back() {
    let world = configured(SecretsPolicy::Keep).await;
    let artifact = world.capture().await;
    world.delete("v1", "ConfigMap", "web-config").await;
    world.apply(&manifest(&world, "2")).await;
    world.in_trouble("CreateContainerConfigError").await;
    world.back(&artifact).await;
    assert_eq!(mode(&world).await, "good");
    world.end().await;
}

#[tokio::test]
async fn an_immutable_config_map_is_made_anew() {
    let world = configured(SecretsPolicy::Keep).await;
    let artifact = world.capture().await;
    let mut immutable = map("other");
    immutable["immutable"] = json!(true);
    world.apply(&immutable).await;
    let is_other = |seen: &Seen| matches!(seen, Seen::Present(running) if running.version() != Some(&artifact.version));
    world.until("another version", is_other).await;
    world.back(&artifact).await;
    assert_eq!(mode(&world).await, "good");
    world.end().await;
}

#[tokio::test]
async fn a_secret_that_was_rotated_stays_and_is_no_other_version() {
    let world = configured(SecretsPolicy::Keep).await;
    let artifact = world.capture().await;
    world.apply(&secret("rotated")).await;
    world.notes(&artifact, "`web-secret` is not as it was, and stays").await;
    assert_eq!(world.running().await.version(), Some(&artifact.version));
    world.apply(&map("broken")).await;
    world.apply(&manifest(&world, "2")).await;
    world.in_trouble("CrashLoopBackOff").await;
    world.back(&artifact).await;
    assert_eq!(password(&world).await, encoded("rotated"));
    world.end().await;
}

#[tokio::test]
async fn a_secret_that_is_gone_comes_back() {
    let world = configured(SecretsPolicy::Keep).await;
    let artifact = world.capture().await;
    world.delete("v1", "Secret", "web-secret").await;
    world.apply(&manifest(&world, "2")).await;
    world.in_trouble("CreateContainerConfigError").await;
    world.back(&artifact).await;
    assert_eq!(password(&world).await, encoded("first"));
    world.end().await;
}

#[tokio::test]
async fn a_secret_goes_back_where_the_configuration_says_so() {
    let world = configured(SecretsPolicy::Restore).await;
    let artifact = world.capture().await;
    world.apply(&secret("rotated")).await;
    let is_other = |seen: &Seen| matches!(seen, Seen::Present(running) if running.version() != Some(&artifact.version));
    world.until("another version", is_other).await;
    world.back(&artifact).await;
    assert_eq!(password(&world).await, encoded("first"));
    world.end().await;
}

#[tokio::test]
async fn evidence_tells_what_happened_and_holds_no_secret() {
    let world = configured(SecretsPolicy::Restore).await;
    world.apply(&map("broken")).await;
    world.apply(&manifest(&world, "2")).await;
    world.in_trouble("CrashLoopBackOff").await;
    let evidence = world.platform.evidence(&crate::world::web()).await;
    let names: Vec<&str> = evidence.iter().map(|piece| piece.name.as_str()).collect();
    let all: String = evidence.iter().map(|piece| String::from_utf8_lossy(&piece.content).into_owned()).collect();
    assert!(names.iter().any(|name| name.ends_with(".app.previous.log")), "{names:?}");
    for name in ["web.describe.txt", "web.events.jsonl", "web.deployment.json"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert!(all.contains("CrashLoopBackOff") && all.contains("broken"), "{all}");
    assert!(!all.contains(&encoded("first")) && !all.contains("could not be had"), "{all}");
    world.end().await;
}

#[tokio::test]
async fn a_way_back_that_is_interrupted_after_the_configuration_is_seen_and_ended() {
    let world = configured(SecretsPolicy::Keep).await;
    let test = "a_way_back_that_is_interrupted_after_the_configuration_is_seen_and_ended";
    let Some(double) = world.double(test) else { return };
    let artifact = world.capture().await;
    world.apply(&map("other")).await;
    let is_other = |seen: &Seen| matches!(seen, Seen::Present(running) if running.version() != Some(&artifact.version));
    world.until("another version", is_other).await;
    double.deny("update", "deployments", "");
    let refused = world.try_back(&artifact).await.unwrap_err();
    assert!(refused.what.contains("forbidden"), "{refused:?}");
    assert_eq!(mode(&world).await, "good");
    // The configuration is as it was, and so is the template; the pods still run with the other.
    let stale = world.running().await;
    assert_ne!(stale.version(), Some(&artifact.version), "{stale:#?}");
    double.tell(backout_kube_double::Instruction::AllowAll);
    world.back(&artifact).await;
    world.end().await;
}
