//! Rollouts of Argo. Their controller is the double's: a cluster that is named need not have one.

use backout_core::config::{SecretsPolicy, WorkloadKind};
use backout_core::inventory::Seen;
use backout_core::plan::runs;
use backout_core::port::{Platform as _, Preflight};
use serde_json::{Value, json};

use crate::programs::Program;
use crate::world::World;

/// A Rollout with a pause without an end in its canary, all of it of the good program; none where there is no double.
async fn rollout(test: &str) -> Option<World> {
    let world = World::of(WorkloadKind::Rollout, SecretsPolicy::Keep).await;
    world.double(test)?;
    world.deployed(Program::Good).await;
    is(&world, "Healthy").await;
    Some(world)
}

async fn is(world: &World, phase: &str) -> Value {
    let looked = async {
        loop {
            let there = world.workload().await;
            if there["status"]["phase"] == phase {
                return there;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let Ok(there) = tokio::time::timeout(std::time::Duration::from_secs(20), looked).await else {
        panic!("never {phase}: {:#}", world.workload().await["status"]);
    };
    there
}

async fn patch_status(world: &World, patch: &Value) {
    world.patch_status(["argoproj.io/v1alpha1", "Rollout", "web"], &json!({"status": patch})).await;
}

#[tokio::test]
async fn a_canary_is_aborted_and_goes_back_without_its_steps() {
    let test = "a_canary_is_aborted_and_goes_back_without_its_steps";
    let Some(world) = rollout(test).await else { return };
    let artifact = world.capture().await;
    let stable = world.workload().await["status"]["stableRS"].clone();
    world.deploy(Program::Newer).await;
    is(&world, "Paused").await;
    let notes = world.notes(&artifact, "aborted first").await;
    assert_eq!(notes.len(), 1, "{notes:#?}");
    // What is captured in the middle of a canary is what it is stable at.
    let midway = world.capture().await;
    assert_eq!(midway.version, artifact.version);
    let double = world.double(test).unwrap();
    double.forget_requests();
    let after = world.back(&artifact).await;
    let there = world.workload().await;
    assert_eq!((&there["status"]["phase"], &there["status"]["stableRS"]), (&json!("Healthy"), &stable));
    assert!(runs(&artifact, &after));
    let wrote: Vec<_> =
        double.requests().into_iter().filter(|asked| ["patch", "update"].contains(&asked.verb.as_str())).collect();
    assert!(wrote[0].path.ends_with("/rollouts/web/status") && wrote[0].body.contains("\"abort\":true"), "{wrote:#?}");
    assert_eq!((wrote[1].verb.as_str(), wrote.len()), ("update", 2), "{wrote:#?}");
}

#[tokio::test]
async fn a_canary_that_broke_is_in_trouble_and_goes_back() {
    let Some(world) = rollout("a_canary_that_broke_is_in_trouble_and_goes_back").await else { return };
    let artifact = world.capture().await;
    world.deploy(Program::Crash).await;
    world.in_trouble("CrashLoopBackOff").await;
    world.back(&artifact).await;
    is(&world, "Healthy").await;
    assert_eq!(world.look().await.version(), Some(&artifact.version));
}

#[tokio::test]
async fn a_rollout_that_somebody_aborted_is_in_trouble_and_its_template_goes_back() {
    let test = "a_rollout_that_somebody_aborted_is_in_trouble_and_its_template_goes_back";
    let Some(world) = rollout(test).await else { return };
    let artifact = world.capture().await;
    world.deploy(Program::Newer).await;
    is(&world, "Paused").await;
    patch_status(&world, &json!({"abort": true})).await;
    world.in_trouble("RolloutAborted").await;
    world.back(&artifact).await;
    let there = is(&world, "Healthy").await;
    assert_eq!(there["status"].get("abort"), None);
}

#[tokio::test]
async fn what_was_promoted_goes_back_through_the_steps_and_a_pause_is_for_a_person() {
    let test = "what_was_promoted_goes_back_through_the_steps_and_a_pause_is_for_a_person";
    let Some(world) = rollout(test).await else { return };
    let artifact = world.capture().await;
    world.deploy(Program::Newer).await;
    is(&world, "Paused").await;
    patch_status(&world, &json!({"promoteFull": true})).await;
    is(&world, "Healthy").await;
    let notes = world.notes(&artifact, "goes back through its canary steps").await;
    assert_eq!(notes.len(), 1, "{notes:#?}");
    let stopped = world.try_back(&artifact).await.unwrap_err();
    assert!(stopped.hint.as_ref().is_some_and(|hint| hint.contains("promote web --full")), "{stopped:?}");
    patch_status(&world, &json!({"promoteFull": true})).await;
    // Begun again it goes on where it was.
    let running = world.back(&artifact).await;
    assert_eq!(running.trouble, None);
    is(&world, "Healthy").await;
}

#[tokio::test]
async fn a_template_that_is_elsewhere_is_told_of_before() {
    let Some(world) = rollout("a_template_that_is_elsewhere_is_told_of_before").await else { return };
    let artifact = world.capture().await;
    let elsewhere = json!({"spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "base"}}});
    world.merge(["argoproj.io/v1alpha1", "Rollout", "web"], &elsewhere).await;
    let told = async {
        loop {
            if let Preflight::Gone { why } = world.platform.preflight(&artifact, &world.blobs).await {
                return why;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let why = tokio::time::timeout(std::time::Duration::from_secs(10), told).await.unwrap();
    assert!(why.contains("`base`"), "{why}");
    assert!(matches!(world.look().await.seen, Seen::Present(_)));
}
