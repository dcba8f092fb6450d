//! Smoke checks, advice, logs, and checks that only a person can make.

use std::time::Duration;

use backout_core::config::{LogRule, Place, Probe, ProbeKind, Smoke};
use backout_core::id::ProbeName;
use backout_core::journal::{Body, RunResult, RunStarted};
use backout_core::policy::{Check, Verdict};
use backout_testkit::world::{Answer, Behaviour, Move};

use crate::scenario::{Ended, Scenario, back, millis, rollback, seconds, service};

fn smoke(name: &str, is_advisory: bool) -> Smoke {
    let kind = ProbeKind::Exec { argv: vec!["./smoke".to_owned()], place: Place::Host };
    let name = ProbeName::new(name).unwrap();
    let timeout = Duration::from_secs(60);
    let probe =
        Probe { name, kind, every: seconds(1), timeout, start_period: None, is_dependency: false, implicit: false };
    Smoke { probe, service: None, is_advisory }
}

/// An application that crashed, with a good checkpoint behind it.
async fn crashed(prepare: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut scenario = Scenario::of_app().known_good().await;
    prepare(&mut scenario);
    scenario.platform.kill(&service("app"), 1);
    scenario
}

fn checks(ended: &Ended) -> Vec<Check> {
    let verified = ended.records.iter().rev().find_map(|record| match &record.body {
        Body::Verified { checks, .. } => Some(checks.clone()),
        _ => None,
    });
    verified.unwrap()
}

fn named(ended: &Ended, name: &str) -> Check {
    checks(ended).into_iter().find(|check| check.name == name).unwrap()
}

#[tokio::test(start_paused = true)]
async fn smoke_check_that_fails_keeps_a_rollback_from_being_called_one() {
    let scenario = crashed(|scenario| scenario.environment.verify.smoke = vec![smoke("login", false)]).await;
    scenario.prober.answer(&service("app"), &ProbeName::new("login").unwrap(), Some(Answer::Wrong));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("smoke check login"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn advice_and_what_cannot_be_performed_stand_in_nobodys_way() {
    let scenario = crashed(|scenario| {
        scenario.environment.verify.smoke = vec![smoke("pdf", true), smoke("mail", false)];
    })
    .await;
    scenario.prober.answer(&service("app"), &ProbeName::new("pdf").unwrap(), Some(Answer::Wrong));
    scenario.prober.answer(&service("app"), &ProbeName::new("mail").unwrap(), Some(Answer::NoSuchHost));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(named(&ended, "smoke check pdf").verdict, Verdict::Unhealthy);
    assert_eq!(named(&ended, "smoke check mail").verdict, Verdict::Unmeasurable);
}

fn rule(at_most: u64, is_advisory: bool) -> LogRule {
    let (files, not) = (vec!["/var/log/app.log".to_owned()], vec!["panic".to_owned()]);
    LogRule { services: Vec::new(), files, not, at_most, is_advisory }
}

/// Takes an application back that writes `lines` to its log during a long smoke check; there was a panic in it before.
async fn logging(rule: LogRule, lines: &[u8]) -> Ended {
    let scenario = crashed(|scenario| {
        scenario.environment.verify.logs = Some(rule);
        scenario.environment.verify.smoke = vec![smoke("long", true)];
    })
    .await;
    let old = b"panic: the bad version\n".as_slice();
    scenario.files.put("/var/log/app.log", old);
    scenario.prober.answer(&service("app"), &ProbeName::new("long").unwrap(), Some(Answer::Slow(40_000)));
    let writes = async {
        scenario.clock.sleep(seconds(30)).await;
        scenario.files.put("/var/log/app.log", &[old, lines].concat());
    };
    let (ended, ()) = tokio::join!(scenario.rollback(back()), writes);
    ended
}

#[tokio::test(start_paused = true)]
async fn lines_that_were_logged_before_the_steps_were_done_do_not_count() {
    let ended = logging(rule(0, false), b"").await;
    assert_eq!(named(&ended, "log /var/log/app.log").what, "none of 0 lines matches");
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn lines_that_are_logged_while_it_is_observed_need_a_person() {
    let scenario = crashed(|scenario| scenario.environment.verify.logs = Some(rule(0, false))).await;
    let old = b"panic: the bad version\n".as_slice();
    scenario.files.put("/var/log/app.log", old);
    let writes = async {
        scenario.clock.sleep(seconds(300)).await;
        scenario.files.put("/var/log/app.log", &[old, b"panic: again\n"].concat());
    };
    let observed = RunStarted { observe_ms: 900_000, ..rollback(back()) };
    let (ended, ()) = tokio::join!(scenario.run(observed, "run-1"), writes);
    let ended = ended.unwrap();
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("went bad again after 5 min"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn manual_checks_are_left_open_and_stand_in_nobodys_way() {
    let scenario = crashed(|scenario| {
        scenario.environment.verify.manual = [("login".to_owned(), "Log in as a test user.".to_owned())].into();
    })
    .await;
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let check = named(&ended, "manual check login");
    assert_eq!(check.verdict, Verdict::Inconclusive);
    assert!(check.what.contains("--answer login=yes"), "{}", check.what);
}

#[tokio::test(start_paused = true)]
async fn lines_that_were_logged_since_count_up_to_what_is_no_matter() {
    let lines = b"fine\npanic: once\npanic: twice\n";
    let ended = logging(rule(1, false), lines).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("of 3 lines 2 match `panic`"), "{}", ended.summary);
    assert_eq!(logging(rule(2, false), lines).await.result, RunResult::RolledBack);
    assert_eq!(logging(rule(0, true), lines).await.result, RunResult::RolledBack, "advice only");
}

/// A guarded deploy of `app:v2` that goes bad, with a way back that may be tried twice. There is a panic in the log while the
/// first try is verified; then `app:v2` may be deployed once more, so that the second try has something to change.
async fn panic_during_the_first_try(is_deployed_again: bool) -> Ended {
    let mut scenario = Scenario::of_app().known_good().await;
    scenario.environment.verify.logs = Some(rule(0, false));
    scenario.environment.verify.smoke = vec![smoke("long", true)];
    scenario.files.put("/var/log/app.log", b"");
    scenario.prober.answer(&service("app"), &ProbeName::new("long").unwrap(), Some(Answer::Slow(40_000)));
    let scenario = scenario.deploying(vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")]);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(1)));
    let happens = async {
        for version in ["app:v2", "app:v1"] {
            while scenario.running() != [version] {
                scenario.clock.sleep(millis(100)).await;
            }
        }
        scenario.clock.sleep(seconds(20)).await;
        scenario.files.put("/var/log/app.log", b"panic: the good version\n");
        if is_deployed_again {
            scenario.platform.deploy(&service("app"), "app:v2");
        }
    };
    let (ended, ()) = tokio::join!(scenario.guard(), happens);
    assert_eq!(ended.kinds().iter().filter(|kind| **kind == "plan_made").count(), 2, "{}", ended.summary);
    ended
}

#[tokio::test(start_paused = true)]
async fn lines_that_were_logged_after_a_try_count_for_the_next_one_that_changes_nothing() {
    let ended = panic_during_the_first_try(false).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(named(&ended, "log /var/log/app.log").what, "of 1 lines 1 match `panic`");
}

#[tokio::test(start_paused = true)]
async fn lines_that_were_logged_after_a_try_do_not_count_for_the_next_one_that_changes_something() {
    let ended = panic_during_the_first_try(true).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(named(&ended, "log /var/log/app.log").what, "none of 0 lines matches");
}

/// A guarded deploy of `app:v2`, with a smoke check around it that answers `before`, and `after` from the deploy on.
async fn smoked(before: Answer, after: Answer, is_advisory: bool) -> Ended {
    let mut scenario = Scenario::of_app().known_good().await;
    scenario.environment.verify.smoke = vec![smoke("order", is_advisory)];
    scenario.environment.guard.smoke = true;
    let scenario = scenario.deploying(vec![Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(5))]);
    let order = ProbeName::new("order").unwrap();
    scenario.prober.answer(&service("app"), &order, Some(before));
    let turns = async {
        scenario.clock.sleep(seconds(3)).await;
        scenario.prober.answer(&service("app"), &order, Some(after));
        for _ in 0..200 {
            if scenario.running() == ["app:v1"] {
                scenario.prober.answer(&service("app"), &order, Some(Answer::Well));
            }
            scenario.clock.sleep(millis(100)).await;
        }
    };
    let (ended, ()) = tokio::join!(scenario.guard(), turns);
    ended
}

#[tokio::test(start_paused = true)]
async fn smoke_check_that_held_before_a_deploy_and_fails_at_the_end_of_its_soak_takes_it_back() {
    let ended = smoked(Answer::Well, Answer::Wrong, false).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let findings = ended.records.iter().find_map(|record| match &record.body {
        Body::Judged { judgement } => Some(judgement.findings.clone()),
        _ => None,
    });
    assert_eq!(findings.unwrap()[0].subject, "smoke check order");
}

#[tokio::test(start_paused = true)]
async fn smoke_check_that_failed_before_a_deploy_or_is_advice_is_not_held_against_it() {
    for (before, is_advisory) in [(Answer::Wrong, false), (Answer::NoSuchHost, false), (Answer::Well, true)] {
        let ended = smoked(before, Answer::Wrong, is_advisory).await;
        assert_ne!(ended.result, RunResult::RolledBack, "{before:?}, {is_advisory}: {}", ended.summary);
    }
    assert_eq!(smoked(Answer::Well, Answer::NoSuchHost, false).await.result, RunResult::Kept);
}
