//! A deploy command that outlives the guard which started it.

use backout_core::id::RunId;
use backout_core::journal::{Body, DeployExit, RunResult};
use backout_engine::begin;
use backout_testkit::world::{Answer, Behaviour, Move};

use crate::scenario::{Ended, Scenario, guard, health, seconds, service};

/// Kills the guard so long after its start, and goes on with the run at once.
async fn orphaned(scenario: &Scenario, after: u64) -> Ended {
    let world = scenario.world();
    let lease = scenario.lease("guard").await;
    let run = RunId::new("run-1").unwrap();
    let killed = tokio::time::timeout(seconds(after), begin(&world, &lease, run, guard())).await;
    assert!(killed.is_err());
    scenario.resume("run-1").await.unwrap()
}

fn exit(ended: &Ended) -> DeployExit {
    let exit = ended.records.iter().find_map(|record| match &record.body {
        Body::DeployEnded { exit } => Some(exit.clone()),
        _ => None,
    });
    exit.unwrap()
}

fn deploy_that_hangs() -> Vec<Move> {
    vec![Move::Wait(seconds(2)), Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(600))]
}

#[tokio::test(start_paused = true)]
async fn bad_deploy_that_hangs_is_ended_before_the_way_back() {
    let scenario = Scenario::of_app().deploying(deploy_that_hangs());
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(40)));
    let ended = orphaned(&scenario, 4).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!(matches!(exit(&ended), DeployExit::Stopped { why } if why.contains("500")), "{:?}", exit(&ended));
    assert_eq!((scenario.running(), scenario.deployer.starts()), (vec!["app:v1".to_owned()], 1));
    assert_eq!((scenario.deployer.stopped().len(), scenario.deployer.is_running()), (1, false));
}

#[tokio::test(start_paused = true)]
async fn deploy_that_has_changed_nothing_yet_is_waited_for() {
    let script = vec![Move::Wait(seconds(100)), Move::Deploy(service("app"), "app:v2")];
    let scenario = Scenario::of_app().deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().exits_after(seconds(4), 1));
    let ended = orphaned(&scenario, 4).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!(ended.records.last().unwrap().at.duration_since(ended.records[0].at).as_secs() > 100);
    assert_eq!(scenario.running(), ["app:v1"]);
}

#[tokio::test(start_paused = true)]
async fn good_deploy_that_is_slow_is_kept() {
    let script = vec![Move::Wait(seconds(100)), Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(5))];
    let scenario = Scenario::of_app().deploying(script);
    let ended = orphaned(&scenario, 4).await;
    assert_eq!((ended.result, exit(&ended)), (RunResult::Kept, DeployExit::Unseen), "{}", ended.summary);
    assert_eq!((scenario.running(), scenario.deployer.stopped()), (vec!["app:v2".to_owned()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn deploy_that_never_ends_is_ended_at_its_limit() {
    let script = vec![Move::Wait(seconds(2)), Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(90_000))];
    let mut scenario = Scenario::of_app().deploying(script);
    scenario.environment.guard.deploy_limit = seconds(120);
    let ended = orphaned(&scenario, 4).await;
    assert_eq!((ended.result, exit(&ended)), (RunResult::RolledBack, DeployExit::TimedOut), "{}", ended.summary);
    assert!(!scenario.deployer.is_running());
}

#[tokio::test(start_paused = true)]
async fn deploy_that_ended_while_nobody_looked_is_watched() {
    let script = vec![Move::Wait(seconds(2)), Move::Deploy(service("app"), "app:v2")];
    let scenario = Scenario::of_app().deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(35)));
    let ended = orphaned(&scenario, 1).await;
    assert_eq!((ended.result, exit(&ended)), (RunResult::RolledBack, DeployExit::Unseen), "{}", ended.summary);
    assert!(ended.has("judged"));
    assert!(scenario.clock.now() > ended.records[0].at);
}

/// A deploy that hangs while `app` answers wrongly, with `db` away, which `app` needs; who has touched `db`, the deploy or nobody.
async fn beside_a_database_that_is_away(touches_db: bool) -> DeployExit {
    let mut script = vec![Move::Wait(seconds(2)), Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(200))];
    if touches_db {
        script.insert(1, Move::Deploy(service("db"), "db:v2"));
    }
    let scenario = Scenario::of(&[("app", &["db"]), ("db", &[])]).probed("app").probed("db").known_good().await;
    let mut scenario = scenario.deploying(script);
    scenario.environment.triggers.retain(|trigger| trigger.signal.service() == Some(&service("app")));
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(40)));
    let turn = async {
        scenario.clock.sleep(seconds(20)).await;
        scenario.prober.answer(&service("db"), &health(), Some(Answer::Refused));
    };
    exit(&tokio::join!(orphaned(&scenario, 4), turn).0)
}

#[tokio::test(start_paused = true)]
async fn deploy_that_hangs_because_its_database_is_away_is_left_to_end() {
    assert_eq!(beside_a_database_that_is_away(false).await, DeployExit::Unseen);
}

#[tokio::test(start_paused = true)]
async fn deploy_that_hangs_because_of_the_database_that_it_broke_is_ended() {
    let exit = beside_a_database_that_is_away(true).await;
    assert!(matches!(&exit, DeployExit::Stopped { why } if why.contains("500")), "{exit:?}");
}
