//! A cluster that tells that it cannot get to where it shall be.

use backout_core::config::{ClusterAccess, KubernetesService, SecretsPolicy, ServicePlatform, WorkloadKind};
use backout_core::journal::{Body, DeployExit, Record, RunResult};
use backout_testkit::world::{Answer, Behaviour, Move};

use crate::scenario::{Scenario, health, seconds, service};

const WHAT: &str = "web-1: ImagePullBackOff";

/// A deploy command that waits for what it has deployed, as `helm upgrade --wait` does.
fn waiting(on_cluster: bool) -> Scenario {
    let mut scenario = Scenario::of_app().deploying(script());
    if on_cluster {
        put_on_cluster(&mut scenario);
    }
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().in_trouble_after(seconds(3), WHAT));
    scenario
}

fn script() -> Vec<Move> {
    vec![Move::Wait(seconds(2)), Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(300))]
}

fn put_on_cluster(scenario: &mut Scenario) {
    for app in scenario.environment.services.values_mut() {
        app.platform = ServicePlatform::Kubernetes(KubernetesService {
            cluster: ClusterAccess::default(),
            kind: WorkloadKind::Deployment,
            name: "app".to_owned(),
            secrets: SecretsPolicy::Keep,
            ready_within: None,
        });
    }
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

/// A deploy of `app`, which needs `db` and never gets ready; where so said, `db` is away from the third second until another.
async fn never_ready(db_is_away_until: Option<u64>) -> (Scenario, DeployExit) {
    let mut scenario =
        Scenario::of(&[("app", &["db"]), ("db", &[])]).probed("db").known_good().await.deploying(script());
    scenario.environment.triggers.clear();
    put_on_cluster(&mut scenario);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().never_ready(seconds(30)));
    let turn = async {
        let Some(until) = db_is_away_until else { return };
        scenario.clock.sleep(seconds(3)).await;
        scenario.prober.answer(&service("db"), &health(), Some(Answer::Refused));
        scenario.clock.sleep(seconds(until - 3)).await;
        scenario.prober.answer(&service("db"), &health(), None);
    };
    let (ended, ()) = tokio::join!(scenario.guard(), turn);
    let exit = ended.records.iter().find_map(|record| match &record.body {
        Body::DeployEnded { exit } => Some(exit.clone()),
        _ => None,
    });
    (scenario, exit.unwrap())
}

#[tokio::test(start_paused = true)]
async fn deploy_that_waits_for_what_never_gets_ready_is_ended() {
    let (scenario, exit) = never_ready(None).await;
    assert!(matches!(&exit, DeployExit::Stopped { why } if why.contains("readiness probe")), "{exit:?}");
    assert!(scenario.clock.uptime() < seconds(120), "{:?}", scenario.clock.uptime());
}

#[tokio::test(start_paused = true)]
async fn deploy_that_waits_for_what_its_database_keeps_from_getting_ready_is_left_to_wait() {
    let (scenario, exit) = never_ready(Some(290)).await;
    assert_eq!((exit, scenario.deployer.stopped().len()), (DeployExit::Code { code: 0 }, 0));
}

#[tokio::test(start_paused = true)]
async fn once_the_database_is_back_it_may_take_as_long_as_any_that_starts() {
    let (_, exit) = never_ready(Some(40)).await;
    let DeployExit::Stopped { why } = &exit else { panic!("{exit:?}") };
    assert!(why.contains("has not passed for 31 s") || why.contains("has not passed for 30 s"), "{why}");
}
