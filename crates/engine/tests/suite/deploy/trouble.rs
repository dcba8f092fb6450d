//! A cluster that tells that it cannot get to where it shall be.

use backout_core::config::{ClusterAccess, KubernetesService, SecretsPolicy, ServicePlatform, WorkloadKind};
use backout_core::journal::{Body, DeployExit, Record, RunResult};
use backout_testkit::world::{Behaviour, Move};

use crate::scenario::{Scenario, seconds, service};

const WHAT: &str = "web-1: ImagePullBackOff";

/// A deploy command that waits for what it has deployed, as `helm upgrade --wait` does.
fn waiting(on_cluster: bool) -> Scenario {
    let script = vec![Move::Wait(seconds(2)), Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(300))];
    let mut scenario = Scenario::of_app().deploying(script);
    for app in scenario.environment.services.values_mut().filter(|_| on_cluster) {
        app.platform = ServicePlatform::Kubernetes(KubernetesService {
            cluster: ClusterAccess::default(),
            kind: WorkloadKind::Deployment,
            name: "app".to_owned(),
            secrets: SecretsPolicy::Keep,
            ready_within: None,
        });
    }
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().in_trouble_after(seconds(3), WHAT));
    scenario
}

#[tokio::test(start_paused = true)]
async fn deploy_that_waits_for_what_cannot_come_is_ended_at_once() {
    let scenario = waiting(true);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let exit = ended.records.iter().find_map(|record| match &record.body {
        Body::DeployEnded { exit } => Some(exit),
        _ => None,
    });
    assert_eq!(exit, Some(&DeployExit::Stopped { why: format!("app: {WHAT}") }));
    assert_eq!((scenario.running(), scenario.deployer.stopped().len()), (vec!["app:v1".to_owned()], 1));
    let took = ended.records.last().unwrap().at.duration_since(ended.records[0].at);
    assert!(took.as_secs() < 30, "{took}");
}

#[tokio::test(start_paused = true)]
async fn where_a_deploy_may_take_things_down_for_a_while_it_is_left_to_end() {
    let scenario = waiting(false);
    let ended = scenario.guard().await;
    assert_eq!((ended.result, scenario.deployer.stopped().len()), (RunResult::RolledBack, 0), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn way_back_into_trouble_is_not_waited_for() {
    let scenario = waiting(true);
    let meanwhile = async {
        tokio::time::sleep(seconds(4)).await;
        let no_room = Behaviour::well().in_trouble_after(seconds(0), "exceeded quota");
        scenario.platform.teach(&service("app"), "app:v1", no_room);
    };
    let (ended, ()) = tokio::join!(scenario.guard(), meanwhile);
    assert_ne!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let is_said = |record: &Record| format!("{:?}", record.body).contains("Failed { why: \"exceeded quota\" }");
    assert!(ended.records.iter().any(is_said), "{}", ended.summary);
}
