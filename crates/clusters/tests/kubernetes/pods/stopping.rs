//! Stopping, and starting what was stopped.

use backout_core::config::{SecretsPolicy, WorkloadKind};
use backout_core::inventory::Seen;
use backout_core::port::Platform as _;
use serde_json::json;

use crate::programs::Program;
use crate::world::{World, web};

#[tokio::test]
async fn a_stopped_workload_is_absent_and_comes_back() {
    for kind in [WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::DaemonSet] {
        let world = World::of(kind, SecretsPolicy::Keep).await;
        world.deployed(Program::Good).await;
        let artifact = world.capture().await;
        world.platform.stop(&web(), 1000).await.unwrap();
        assert_eq!(world.look().await.seen, Seen::Absent);
        assert_eq!(world.captured().await.unwrap().absent, [web()]);
        world.platform.stop(&web(), 1000).await.unwrap();
        world.back(&artifact).await;
        world.end().await;
    }
}

#[tokio::test]
async fn a_workload_that_is_deployed_after_it_was_stopped_and_still_has_no_pods_is_in_trouble() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    world.platform.stop(&web(), 1000).await.unwrap();
    let template = json!({"metadata": {"annotations": {"deployed": "again"}}});
    world.merge(["apps/v1", "Deployment", "web"], &json!({"spec": {"template": template}})).await;
    world.in_trouble("stopped by a rollback").await;
    world.end().await;
}
