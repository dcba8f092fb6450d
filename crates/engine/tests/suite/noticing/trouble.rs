//! What goes bad while nothing is deployed calls people once, and is told to be over.

use backout_core::id::RunId;
use backout_core::incident::{Status, incidents};
use backout_core::journal::{Body, RunKind, RunResult};
use backout_core::notify::notices;
use backout_engine::{MaintenanceWish, Trouble, Turn, maintain};
use backout_testkit::world::{Answer, Behaviour, Move};

use super::watching::Watching;
use crate::scenario::{Scenario, back, health, seconds, service};

/// Somebody watches, what runs is recorded, and an hour has passed.
async fn watched() -> (Scenario, Watching) {
    let scenario = Scenario::of_app();
    let mut watching = Watching::of(&scenario);
    assert!(matches!(watching.pass(seconds(30)).await, (Turn::RecordedNow { .. }, None)));
    scenario.clock.sleep(seconds(3600)).await;
    assert_eq!(watching.pass(seconds(30)).await, (Turn::Recorded, None));
    (scenario, watching)
}

fn answers(scenario: &Scenario, answer: Option<Answer>) {
    scenario.prober.answer(&service("app"), &health(), answer);
}

/// The runs about such trouble.
fn called(scenario: &Scenario) -> Vec<RunId> {
    let all = scenario.store.all();
    let of = all.iter().filter(|it| matches!(&it.body, Body::RunStarted(started) if started.run == RunKind::WentDown));
    of.filter_map(|record| record.run.clone()).collect()
}

/// What people are told of a run.
fn told(scenario: &Scenario, run: &RunId) -> Vec<&'static str> {
    let of_run: Vec<_> = scenario.store.all().into_iter().filter(|record| record.run.as_ref() == Some(run)).collect();
    notices("shop", &of_run).into_iter().map(|(_, notice)| notice.event.word()).collect()
}

fn incident(scenario: &Scenario) -> Vec<(Status, usize)> {
    incidents(&scenario.store.all()).iter().map(|incident| (incident.status, incident.runs.len())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_long_after_its_deploy_opens_an_incident_and_nothing_is_changed() {
    let (scenario, mut watching) = watched().await;
    answers(&scenario, Some(Answer::Wrong));
    let (_, trouble) = watching.pass(seconds(30)).await;
    let Some(Trouble::Recorded { run, result: RunResult::Held }) = trouble else { panic!("{trouble:?}") };
    assert_eq!(told(&scenario, &run), ["went_down"]);
    assert_eq!(incident(&scenario), [(Status::Investigating, 1)]);
    assert_eq!((scenario.running(), scenario.touched()), (vec!["app:v1".to_owned()], vec![]));

    answers(&scenario, None);
    assert_eq!(watching.pass(seconds(10)).await, (Turn::Recorded, None), "it has not held for long enough yet");
    assert_eq!(watching.pass(seconds(10)).await.0, Turn::WellAgain { run: run.clone() });
    assert_eq!(watching.pass(seconds(10)).await.0, Turn::Recorded, "it is told once");
    assert_eq!(told(&scenario, &run), ["went_down", "well_again"]);
    assert_eq!(incident(&scenario), [(Status::Restored, 1)]);
}

#[tokio::test(start_paused = true)]
async fn people_are_called_once_however_long_it_lasts_and_however_often_the_watch_is_started() {
    let (scenario, mut watching) = watched().await;
    answers(&scenario, Some(Answer::Wrong));
    assert!(watching.pass(seconds(30)).await.1.is_some());
    for _ in 0..3 {
        assert_eq!(watching.pass(seconds(30)).await, (Turn::Recorded, None));
    }
    let mut next = Watching::of(&scenario);
    assert_eq!(next.pass(seconds(30)).await, (Turn::Recorded, None));
    answers(&scenario, None);
    assert_eq!(next.pass(seconds(30)).await, (Turn::Recorded, None));
    assert!(matches!(next.pass(seconds(30)).await.0, Turn::WellAgain { .. }));
    answers(&scenario, Some(Answer::Wrong));
    assert!(next.pass(seconds(30)).await.1.is_some(), "it went bad anew");
    assert_eq!(called(&scenario).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_down_when_a_watch_begins_calls_people_as_well() {
    let scenario = Scenario::of_app();
    assert!(matches!(Watching::of(&scenario).turn().await, Turn::RecordedNow { .. }));
    answers(&scenario, Some(Answer::Wrong));
    let (turn, trouble) = Watching::of(&scenario).pass(seconds(30)).await;
    assert_eq!(turn, Turn::Recorded);
    assert!(matches!(trouble, Some(Trouble::Recorded { .. })), "{trouble:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_well_again_at_once_calls_nobody() {
    let (scenario, mut watching) = watched().await;
    let blip = async {
        scenario.clock.sleep(seconds(5)).await;
        answers(&scenario, Some(Answer::Wrong));
        scenario.clock.sleep(seconds(3)).await;
        answers(&scenario, None);
    };
    let ((_, trouble), ()) = tokio::join!(watching.pass(seconds(30)), blip);
    assert!(matches!(trouble, Some(Trouble::Spared { .. })), "{trouble:?}");
    assert_eq!(called(&scenario), []);
}

#[tokio::test(start_paused = true)]
async fn what_a_deploy_breaks_is_the_deploys() {
    let (scenario, mut watching) = watched().await;
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(0)));
    let deploys = async {
        scenario.clock.sleep(seconds(5)).await;
        scenario.platform.deploy(&service("app"), "app:v2");
    };
    let ((_, trouble), ()) = tokio::join!(watching.pass(seconds(30)), deploys);
    assert!(!matches!(trouble, Some(Trouble::Recorded { .. })), "{trouble:?}");
    assert_eq!(watching.until_ended().await, RunResult::Held, "it was noticed");
    assert_eq!(called(&scenario), []);
}

#[tokio::test(start_paused = true)]
async fn what_goes_bad_while_somebody_holds_the_environment_is_theirs() {
    let (scenario, mut watching) = watched().await;
    let scenario = scenario.deploying(vec![Move::Wait(seconds(60))]);
    answers(&scenario, Some(Answer::Wrong));
    let looks = async {
        scenario.clock.sleep(seconds(1)).await;
        watching.pass(seconds(30)).await.1
    };
    let (_, trouble) = tokio::join!(scenario.guard(), looks);
    assert!(!matches!(trouble, Some(Trouble::Recorded { .. })), "{trouble:?}");
}

#[tokio::test(start_paused = true)]
async fn in_maintenance_mode_nobody_is_called() {
    let (scenario, mut watching) = watched().await;
    let lease = scenario.lease("anna").await;
    let wish = MaintenanceWish { on: true, by: "anna".to_owned(), reason: None, is_automatic: false };
    maintain(&scenario.world(), &lease, &wish).await.unwrap();
    backout_core::port::Store::release(&scenario.store, &lease).await.unwrap();
    answers(&scenario, Some(Answer::Wrong));
    let trouble = watching.pass(seconds(30)).await.1;
    assert_eq!(trouble, Some(Trouble::Spared { why: "maintenance mode is on".to_owned() }));
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_is_verified_ends_it_as_well() {
    let (scenario, mut watching) = watched().await;
    let scenario = scenario.known_good_again("run-0-good").await;
    scenario.platform.deploy(&service("app"), "app:v2");
    assert_eq!(watching.until_ended().await, RunResult::Kept);
    answers(&scenario, Some(Answer::Wrong));
    let run = match watching.pass(seconds(30)).await.1 {
        Some(Trouble::Recorded { run, .. }) => run,
        other => panic!("{other:?}"),
    };
    answers(&scenario, None);
    let first = backout_engine::checkpoints(&scenario.store.all())[0].checkpoint.id.clone();
    let ended = scenario.rollback(backout_core::plan::Request { target: Some(first), ..back() }).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(incident(&scenario), [(Status::Restored, 2)]);
    for _ in 0..3 {
        assert!(!matches!(watching.pass(seconds(10)).await.0, Turn::WellAgain { .. }));
    }
    assert_eq!(told(&scenario, &run), ["went_down"]);
}
