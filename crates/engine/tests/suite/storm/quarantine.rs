//! What went bad does not come back unnoticed.

use backout_core::inventory::Grade;
use backout_core::journal::{Body, RunResult, RunStarted};
use backout_core::plan::Request;
use backout_core::policy::RefusalName;
use backout_core::port::Store;
use backout_testkit::world::{Behaviour, Move};

use crate::scenario::{Ended, Scenario, guard, seconds, service};

/// A deploy of `v2` went bad and was taken back; by now `v2` would be well.
async fn gone_bad() -> Scenario {
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    let scenario = Scenario::of_app().deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(1)));
    assert_eq!(scenario.run(guard(), "run-1").await.unwrap().result, RunResult::RolledBack);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well());
    scenario
}

fn reasons(ended: &Ended) -> Vec<String> {
    let decided = ended.records.iter().find_map(|record| match &record.body {
        Body::Decided { decision } => Some(decision.reasons_for.clone()),
        _ => None,
    });
    decided.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_brings_it_back_is_taken_back_without_a_watch() {
    let scenario = gone_bad().await;
    let again = scenario.run(guard(), "run-2").await.unwrap();
    assert_eq!(again.result, RunResult::RolledBack, "{}", again.summary);
    assert!(!again.has("judged"));
    assert!(reasons(&again)[0].contains("is in quarantine: `app`"), "{:?}", reasons(&again));
    assert_eq!(scenario.running(), ["app:v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_insists_gets_it_watched_and_what_holds_then_is_free() {
    let scenario = gone_bad().await;
    let forced = Request { forced: [RefusalName::Quarantined].into(), ..Request::automatic() };
    let insisted = scenario.run(RunStarted { request: forced, ..guard() }, "run-2").await.unwrap();
    assert_eq!((insisted.result, insisted.has("judged")), (RunResult::Kept, true), "{}", insisted.summary);
    scenario.platform.deploy(&service("app"), "app:v1");
    let again = scenario.run(guard(), "run-3").await.unwrap();
    assert_eq!(again.result, RunResult::Kept, "{}", again.summary);
}

#[tokio::test(start_paused = true)]
async fn a_grade_that_a_person_gives_lifts_it() {
    let scenario = gone_bad().await;
    let bad = scenario.store.all().into_iter().find_map(|record| match record.body {
        Body::Graded { checkpoint, grade: Grade::Bad, .. } => Some(checkpoint),
        _ => None,
    });
    let lease = scenario.lease("a person").await;
    let body = Body::Graded { checkpoint: bad.unwrap(), grade: Grade::Candidate, why: "a full disk".to_owned() };
    scenario.store.append(&lease, None, &body).await.unwrap();
    scenario.store.release(&lease).await.unwrap();
    assert_eq!(scenario.run(guard(), "run-2").await.unwrap().result, RunResult::Kept);
}

#[tokio::test(start_paused = true)]
async fn what_runs_although_it_went_bad_is_no_way_back() {
    let scenario = gone_bad().await;
    scenario.platform.deploy(&service("app"), "app:v2");
    let quiet = scenario.deploying(Vec::new());
    let ended = quiet.run(guard(), "run-2").await.unwrap();
    let before = ended.records.iter().find_map(|record| match &record.body {
        Body::Graded { grade, why, .. } => Some((*grade, why.clone())),
        _ => None,
    });
    let (grade, why) = before.unwrap();
    assert_eq!(grade, Grade::Candidate, "{why}");
    assert!(why.contains("went bad before"), "{why}");
}
