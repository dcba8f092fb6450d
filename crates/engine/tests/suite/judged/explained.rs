//! Limits that a service passes because something that it depends on is down.

use backout_core::config::{Fallback, FallbackBy, load};
use backout_core::detect::{SignalPath, replay};
use backout_core::journal::{Body, RunResult};
use backout_core::policy::{Impact, Rules};
use backout_engine::kept_watch;
use backout_testkit::world::{Answer, Behaviour, Move};

use crate::scenario::{Ended, Scenario, health, millis, seconds, service};

/// `app` needs `db`, and goes back at its first failure; there is a flag to fall back to, or not.
async fn deployed(has_flag: bool) -> Scenario {
    let mut scenario = Scenario::of(&[("app", &["db"]), ("db", &[])]).probed("app").probed("db");
    let db = SignalPath::Up(service("db"), health());
    scenario.environment.triggers.retain(|trigger| trigger.signal != db);
    scenario.environment.triggers.iter_mut().for_each(|trigger| trigger.consecutive = 1);
    scenario.environment.guard.soak = seconds(60);
    scenario.environment.policy.rules = usual_rules();
    if has_flag {
        let by = FallbackBy::Commands { on: vec!["on".to_owned()], off: vec!["off".to_owned()] };
        let flag = Fallback { service: Some(service("app")), by, timeout: seconds(9) };
        scenario.environment.fallbacks.insert("flag".to_owned(), flag);
    }
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    scenario.known_good().await.deploying(script)
}

/// The rules of who configures none.
fn usual_rules() -> Rules {
    let text =
        "version: 1\nproject: shop\nenvironments: { any: { platform: { compose: {} }, services: { app: {} } } }\n";
    let config = load(text, &|_| None).unwrap();
    config.environments.into_values().next().unwrap().policy.rules
}

fn answer(scenario: &Scenario, name: &str, answer: Option<Answer>) {
    scenario.prober.answer(&service(name), &health(), answer);
}

/// Both fail from the fourth second on; `app` is well again once the flag is on, or is not.
async fn outage(scenario: &Scenario, helps: bool) -> Ended {
    let turn = async {
        scenario.clock.sleep(seconds(4)).await;
        answer(scenario, "app", Some(Answer::Refused));
        answer(scenario, "db", Some(Answer::Refused));
        for _ in 0..2000 {
            scenario.clock.sleep(millis(10)).await;
            if helps && !scenario.switchboard.on().is_empty() {
                return answer(scenario, "app", None);
            }
        }
    };
    tokio::join!(scenario.guard(), turn).0
}

fn impacts(ended: &Ended) -> Vec<Vec<Impact>> {
    let decided = ended.records.iter().filter_map(|record| match &record.body {
        Body::Decided { decision } => decision.weighed.as_ref(),
        _ => None,
    });
    decided.map(|weighed| weighed.case.impacts.iter().copied().collect()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_is_down_is_fallen_back_from_and_takes_nothing_back() {
    let scenario = deployed(true).await;
    let ended = outage(&scenario, true).await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2", "db:v1"]);
    assert_eq!(scenario.switchboard.on(), ["flag"]);
    assert_eq!(impacts(&ended)[0], [Impact::Dependency]);
}

#[tokio::test(start_paused = true)]
async fn while_it_stays_down_a_person_is_called_and_nothing_goes_back() {
    let scenario = deployed(true).await;
    let ended = outage(&scenario, false).await;
    assert_eq!(ended.result, RunResult::Held, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2", "db:v1"]);
    assert_eq!(scenario.switchboard.on(), ["flag"]);
    assert_eq!(impacts(&ended), [[Impact::Dependency], [Impact::Dependency]]);
    let kept = kept_watch(&scenario.blobs, &ended.records).await.unwrap().unwrap();
    assert_eq!(replay(&kept, &[]).unwrap().judgement, kept.judgement);
    assert!(!kept.judgement.fired.unwrap().dependencies_down.is_empty());
}

#[tokio::test(start_paused = true)]
async fn with_nothing_to_fall_back_to_it_goes_back_as_usual() {
    let scenario = deployed(false).await;
    let ended = outage(&scenario, false).await;
    assert_eq!(scenario.running(), ["app:v1", "db:v1"], "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_alone_goes_back_although_there_is_a_flag() {
    let scenario = deployed(true).await;
    let turn = async {
        scenario.clock.sleep(seconds(4)).await;
        answer(&scenario, "app", Some(Answer::Wrong));
    };
    let (ended, ()) = tokio::join!(scenario.guard(), turn);
    assert_eq!(scenario.running(), ["app:v1", "db:v1"], "{}", ended.summary);
    assert_eq!(scenario.switchboard.on(), Vec::<String>::new());
}

/// A deploy of `app` whose own health check fails from its third second on, with no probe of ours on it.
async fn unready(has_flag: bool) -> Scenario {
    let mut scenario = deployed(has_flag).await;
    scenario.environment.triggers.clear();
    scenario.environment.services.get_mut(&service("app")).unwrap().probes.clear();
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().unhealthy_after(seconds(3)));
    scenario
}

/// `db` does not answer from the first second of the deploy on.
async fn while_db_is_down(scenario: &Scenario) -> Ended {
    let turn = async {
        scenario.clock.sleep(seconds(2)).await;
        answer(scenario, "db", Some(Answer::Refused));
    };
    tokio::join!(scenario.guard(), turn).0
}

#[tokio::test(start_paused = true)]
async fn a_health_check_that_fails_with_what_it_needs_is_fallen_back_from() {
    let scenario = unready(true).await;
    let ended = while_db_is_down(&scenario).await;
    assert_eq!(impacts(&ended).first(), Some(&vec![Impact::Dependency]), "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2", "db:v1"]);
    assert_eq!(scenario.switchboard.on(), ["flag"]);
    let kept = kept_watch(&scenario.blobs, &ended.records).await.unwrap().unwrap();
    assert_eq!(replay(&kept, &[]).unwrap().judgement, kept.judgement);
}

#[tokio::test(start_paused = true)]
async fn a_health_check_that_fails_alone_takes_the_deploy_back() {
    let scenario = unready(true).await;
    let ended = scenario.guard().await;
    assert_eq!(scenario.running(), ["app:v1", "db:v1"], "{}", ended.summary);
    assert_eq!(scenario.switchboard.on(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_health_check_that_fails_while_what_it_needs_is_frozen_is_fallen_back_from() {
    let scenario = unready(true).await;
    let turn = async {
        scenario.clock.sleep(seconds(3)).await;
        scenario.platform.kill(&service("db"), 137);
    };
    let (ended, ()) = tokio::join!(scenario.guard(), turn);
    assert_eq!(impacts(&ended).first(), Some(&vec![Impact::Dependency]), "{}", ended.summary);
    assert_eq!(scenario.running()[0], "app:v2");
}

#[tokio::test(start_paused = true)]
async fn a_crash_takes_the_deploy_back_whatever_else_is_down() {
    let scenario = unready(true).await;
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().exits_after(seconds(3), 1));
    let ended = while_db_is_down(&scenario).await;
    assert_eq!(scenario.running(), ["app:v1", "db:v1"], "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_does_not_answer_makes_the_verdict_two_seconds_later_at_most() {
    let scenario = unready(false).await;
    answer(&scenario, "db", Some(Answer::Well));
    let turn = async {
        scenario.clock.sleep(seconds(3)).await;
        answer(&scenario, "db", Some(Answer::Silence));
    };
    let (ended, ()) = tokio::join!(scenario.guard(), turn);
    let at = |kind: &str| ended.records.iter().find(|record| record.body.kind() == kind).unwrap().at;
    let took = at("decided").duration_since(at("deploy_ended"));
    assert!(took < jiff::SignedDuration::from_secs(6), "{took}: three until the check fails, two to ask");
}
