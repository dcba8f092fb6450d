//! A deploy that nobody told of is recorded, watched, and graded; what others do is theirs.

use backout_core::incident::{Status, incidents};
use backout_core::inventory::Grade;
use backout_core::journal::{Body, ObservationResult, RunResult};
use backout_core::policy::Verdict;
use backout_engine::{Turn, kept_watch};
use backout_testkit::world::{Behaviour, Move};

use super::watching::{Watching, graded, grades, results};
use crate::scenario::{Scenario, back, seconds, service};

/// Somebody watches, and what runs is recorded.
async fn watched() -> (Scenario, Watching) {
    let scenario = Scenario::of_app();
    let mut watching = Watching::of(&scenario);
    assert!(matches!(watching.turn().await, Turn::RecordedNow { grade: Grade::Good, .. }));
    assert_eq!(watching.turn().await, Turn::Recorded);
    scenario.clock.sleep(seconds(60)).await;
    (scenario, watching)
}

fn deploy(scenario: &Scenario, behaviour: Behaviour) {
    scenario.platform.teach(&service("app"), "app:v2", behaviour);
    scenario.platform.deploy(&service("app"), "app:v2");
}

#[tokio::test(start_paused = true)]
async fn one_that_holds_is_recorded_and_becomes_good() {
    let (scenario, mut watching) = watched().await;
    deploy(&scenario, Behaviour::well());
    assert_eq!(watching.until_ended().await, RunResult::Kept);
    assert_eq!((grades(&scenario), scenario.running()), (vec![Grade::Good; 2], vec!["app:v2".to_owned()]));
    assert_eq!(watching.turn().await, Turn::Recorded);
    assert_eq!(graded(&scenario).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_that_goes_bad_stays_until_a_person_decides() {
    let (scenario, mut watching) = watched().await;
    deploy(&scenario, Behaviour::well().answers_wrongly_after(seconds(3)));
    assert_eq!(watching.until_ended().await, RunResult::Held);
    assert_eq!((grades(&scenario), scenario.running()), (vec![Grade::Good, Grade::Bad], vec!["app:v2".to_owned()]));
    let ended = scenario.rollback(back()).await;
    assert_eq!((ended.result, scenario.running()), (RunResult::RolledBack, vec!["app:v1".to_owned()]));
    watching.until_quiet().await;
    assert_eq!(results(&scenario), [Some(RunResult::Held)], "a rollback is no deploy that nobody told of");
}

#[tokio::test(start_paused = true)]
async fn one_that_goes_bad_is_taken_back_where_that_is_allowed() {
    let (mut scenario, _) = watched().await;
    scenario.environment.watch.automatic = true;
    let mut watching = Watching::of(&scenario);
    assert_eq!(watching.turn().await, Turn::Recorded);
    deploy(&scenario, Behaviour::well().answers_wrongly_after(seconds(3)));
    assert_eq!(watching.until_ended().await, RunResult::RolledBack);
    assert_eq!(scenario.running(), ["app:v1"]);
    let all = scenario.store.all();
    let kept = kept_watch(&scenario.blobs, &all).await.unwrap().unwrap();
    assert_eq!(kept.judgement.verdict, Verdict::Unhealthy, "what led to the verdict is kept");
    let incidents: Vec<_> = incidents(&all).iter().map(|incident| (incident.status, incident.runs.len())).collect();
    assert_eq!(incidents, [(Status::Restored, 1)]);
    watching.until_quiet().await;
    assert_eq!(results(&scenario), [Some(RunResult::RolledBack)]);
}

#[tokio::test(start_paused = true)]
async fn one_that_came_while_nobody_watched_is_noticed_by_who_watches_next() {
    let (scenario, _) = watched().await;
    deploy(&scenario, Behaviour::well());
    assert_eq!(Watching::of(&scenario).until_ended().await, RunResult::Kept);
}

#[tokio::test(start_paused = true)]
async fn instance_that_is_started_again_and_service_that_is_down_are_no_deploys() {
    let (scenario, mut watching) = watched().await;
    scenario.platform.deploy(&service("app"), "app:v1");
    assert_eq!(watching.turn().await, Turn::Recorded);
    scenario.platform.kill(&service("app"), 1);
    assert_eq!(watching.turn().await, Turn::Recorded);
    scenario.platform.remove(&service("app"));
    assert_eq!(watching.turn().await, Turn::Recorded);
    assert_eq!(graded(&scenario).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_guard_deploys_is_the_guards() {
    let (scenario, mut watching) = watched().await;
    let scenario = scenario.deploying(vec![Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(2))]);
    let looks = async {
        scenario.clock.sleep(seconds(4)).await;
        assert!(matches!(watching.turn().await, Turn::Held { .. }));
    };
    let (ended, ()) = tokio::join!(scenario.guard(), looks);
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    watching.until_quiet().await;
    assert_eq!(results(&scenario), []);
}

#[tokio::test(start_paused = true)]
async fn soak_holds_nobody_up_and_ends_where_somebody_else_deploys() {
    let (scenario, mut watching) = watched().await;
    let scenario = scenario.deploying(vec![Move::Deploy(service("app"), "app:v3")]);
    deploy(&scenario, Behaviour::well());
    let guarded = async {
        scenario.clock.sleep(seconds(5)).await;
        scenario.guard().await
    };
    let (result, ended) = tokio::join!(watching.until_ended(), guarded);
    assert_eq!((result, ended.result), (RunResult::KeptUnproven, RunResult::Kept), "{}", ended.summary);
    watching.until_quiet().await;
    assert_eq!(results(&scenario), [Some(RunResult::KeptUnproven)]);
}

/// `v2` was noticed, went bad and is taken back; what is back is then observed for a quarter of an hour.
async fn observed() -> (Scenario, Watching) {
    let (mut scenario, _) = watched().await;
    scenario.environment.watch.automatic = true;
    scenario.environment.verify.observe = seconds(900);
    let mut watching = Watching::of(&scenario);
    assert_eq!(watching.turn().await, Turn::Recorded);
    deploy(&scenario, Behaviour::well().answers_wrongly_after(seconds(3)));
    (scenario, watching)
}

fn observation(scenario: &Scenario) -> Option<(ObservationResult, u64)> {
    scenario.store.all().into_iter().find_map(|record| match record.body {
        Body::Observed { observation } => Some((observation.result, observation.after_ms / 1000)),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_is_observed_to_the_end() {
    let (scenario, mut watching) = observed().await;
    assert_eq!(watching.until_ended().await, RunResult::RolledBack);
    assert_eq!(observation(&scenario), Some((ObservationResult::Held, 900)));
}

#[tokio::test(start_paused = true)]
async fn observation_holds_nobody_up_and_ends_where_somebody_else_deploys() {
    for is_told in [true, false] {
        let (scenario, mut watching) = observed().await;
        let scenario = scenario.deploying(vec![Move::Deploy(service("app"), "app:v3")]);
        let deploys = async {
            scenario.clock.sleep(seconds(200)).await;
            match is_told {
                true => assert_eq!(scenario.guard().await.result, RunResult::Kept),
                false => scenario.platform.deploy(&service("app"), "app:v3"),
            }
        };
        let (result, ()) = tokio::join!(watching.until_ended(), deploys);
        assert_eq!(result, RunResult::RolledBack);
        let (how, after) = observation(&scenario).unwrap();
        assert!(how == ObservationResult::Left && after < 300, "{how:?} after {after} s");
        watching.until_quiet().await;
        assert_eq!(
            (results(&scenario).len(), scenario.running()),
            (2 - usize::from(is_told), vec!["app:v3".to_owned()])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn deploy_upon_a_deploy_is_a_soak_of_its_own() {
    let (scenario, mut watching) = watched().await;
    deploy(&scenario, Behaviour::well());
    let again = async {
        scenario.clock.sleep(seconds(5)).await;
        scenario.platform.deploy(&service("app"), "app:v3");
    };
    let (first, ()) = tokio::join!(watching.until_ended(), again);
    assert_eq!(first, RunResult::KeptUnproven);
    assert_eq!(watching.until_ended().await, RunResult::Kept);
    assert_eq!(grades(&scenario), [Grade::Good, Grade::Candidate, Grade::Good]);
}

#[tokio::test(start_paused = true)]
async fn old_checkpoints_are_let_go_of_as_after_a_guard() {
    let (mut scenario, _) = watched().await;
    scenario.environment.policy.keep_checkpoints = 2;
    let mut watching = Watching::of(&scenario);
    for version in ["app:v2", "app:v3", "app:v4"] {
        scenario.clock.sleep(seconds(60)).await;
        scenario.platform.deploy(&service("app"), version);
        assert_eq!(watching.until_ended().await, RunResult::Kept);
    }
    let retained: Vec<bool> = graded(&scenario).iter().map(|graded| graded.is_retained).collect();
    assert_eq!(retained, [false, false, true, true]);
}

#[tokio::test(start_paused = true)]
async fn without_a_record_of_before_what_runs_is_recorded_and_that_is_said() {
    let scenario = Scenario::of_app();
    scenario.platform.teach(&service("app"), "app:v1", Behaviour::well().answers_wrongly_after(seconds(0)));
    scenario.platform.deploy(&service("app"), "app:v1");
    let turn = Watching::of(&scenario).turn().await;
    let Turn::RecordedNow { grade, why, .. } = turn else { panic!("{turn:?}") };
    assert_eq!((grade, why.as_str()), (Grade::Candidate, "nothing was recorded here before"));
    let because = scenario.store.all().into_iter().find_map(|record| match record.body {
        Body::Graded { why, .. } => Some(why),
        _ => None,
    });
    assert!(because.unwrap().starts_with("app.health.up:"));
}
