//! Autoscalers, partitions, and pods that others look after.

use backout_core::config::{SecretsPolicy, WorkloadKind};
use backout_core::inventory::Detail;
use backout_core::port::{Platform as _, Preflight};
use serde_json::json;

use crate::programs::Program;
use crate::world::World;

fn autoscaler() -> serde_json::Value {
    json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"minReplicas": 1, "maxReplicas": 5,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}})
}

#[tokio::test]
async fn what_an_autoscaler_says_stays() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    world.apply(&autoscaler()).await;
    let artifact = world.capture().await;
    let Detail::Kubernetes(detail) = &artifact.detail else { panic!() };
    assert!(detail.is_autoscaled);
    world.deploy(Program::Missing).await;
    world.merge(["apps/v1", "Deployment", "web"], &json!({"spec": {"replicas": 3}})).await;
    world.in_trouble("ImagePull").await;
    let after = world.back(&artifact).await;
    assert_eq!((after.wanted, after.instances.len()), (3, 3));
    world.end().await;
}

#[tokio::test]
async fn who_else_has_a_say_is_told_before() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    let notes = world.platform.notes(&artifact, &world.blobs).await;
    assert_eq!(notes, Vec::<String>::new());
    world.apply(&autoscaler()).await;
    let budget = |name: &str, app: &str| {
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": app}}}})
    };
    world.apply(&budget("web", "web")).await;
    world.apply(&budget("other", "other")).await;
    // What was told is told again for a second.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let notes = world.platform.notes(&artifact, &world.blobs).await;
    assert!(notes[0].contains("an autoscaler owns how many pods `web` has: their number is left alone"), "{notes:#?}");
    assert!(notes[1].starts_with("disruption budget `web` "), "{notes:#?}");
    assert_eq!(notes.len(), 2, "{notes:#?}");
    world.end().await;
}

#[tokio::test]
async fn what_a_controller_will_undo_is_told_before_with_what_to_do() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    let flux =
        json!({"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
    world.merge(["apps/v1", "Deployment", "web"], &json!({"metadata": {"labels": flux}})).await;
    let notes = world.notes(&artifact, "Flux").await;
    assert!(notes[0].contains("`flux suspend kustomization apps --namespace flux-system` before"), "{notes:#?}");
    world.end().await;
}

#[tokio::test]
async fn how_many_there_were_comes_back_where_nothing_else_says_it() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.merge(["apps/v1", "Deployment", "web"], &json!({"spec": {"replicas": 3}})).await;
    let three = |seen: &backout_core::inventory::Seen| matches!(seen, backout_core::inventory::Seen::Present(running) if running.instances.len() == 3);
    world.until("three", three).await;
    world.back(&artifact).await;
    world.end().await;
}

#[tokio::test]
async fn a_partition_does_not_hold_pods_back() {
    let world = World::of(WorkloadKind::StatefulSet, SecretsPolicy::Keep).await;
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    world.deployed(Program::Newer).await;
    let partition = json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}});
    world.merge(["apps/v1", "StatefulSet", "web"], &partition).await;
    world.back(&artifact).await;
    world.end().await;
}

#[tokio::test]
async fn pods_that_are_replaced_by_hand_are_told_of_before() {
    let world = World::of(WorkloadKind::DaemonSet, SecretsPolicy::Keep).await;
    world.deployed(Program::Good).await;
    let artifact = world.capture().await;
    let by_hand = json!({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}});
    world.merge(["apps/v1", "DaemonSet", "web"], &by_hand).await;
    let by_hand = async {
        loop {
            if let Preflight::Gone { why } = world.platform.preflight(&artifact, &world.blobs).await {
                return why;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let why = tokio::time::timeout(std::time::Duration::from_secs(10), by_hand).await.unwrap();
    assert!(why.contains("OnDelete"), "{why}");
    world.end().await;
}
