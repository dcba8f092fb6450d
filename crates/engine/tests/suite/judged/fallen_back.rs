//! What a deploy depends on fails while it is watched, and something is switched on in place of going back.

use std::time::Duration;

use backout_core::config::{Fallback, FallbackBy};
use backout_core::journal::RunResult;
use backout_core::policy::{Choice, Impact, Row, When};
use backout_testkit::world::{Answer, Move};

use crate::scenario::{Ended, Scenario, health, seconds, service};

/// `app`, which depends on `db` and can do without it. The versions of both stand in one file.
fn scenario() -> Scenario {
    let mut scenario = Scenario::of(&[("app", &["db"]), ("db", &[])]).probed("app").probed("db");
    scenario = scenario.sharing("/srv/.env", b"APP=v1 DB=v1");
    scenario.environment.policy.rules.rows.push(Row {
        name: "dependency".to_owned(),
        when: When { impact: vec![Impact::Dependency], ..When::default() },
        then: Choice::FallBack,
        within: None,
    });
    let by = FallbackBy::Commands { on: vec!["flag".to_owned()], off: vec!["flag".to_owned()] };
    let fallback = Fallback { service: Some(service("app")), by, timeout: seconds(30) };
    scenario.environment.fallbacks.insert("app".to_owned(), fallback);
    scenario
}

fn deploy() -> Vec<Move> {
    vec![Move::Write("/srv/.env", b"APP=v2 DB=v1"), Move::Deploy(service("app"), "app:v2")]
}

/// Guards a deploy of `app`, while `db` ends, and, where a time is given, `app` that long afterwards.
async fn guarded(scenario: &Scenario, app_ends_after: Option<Duration>) -> Ended {
    let turn = async {
        scenario.clock.sleep(seconds(4)).await;
        scenario.platform.kill(&service("db"), 0);
        scenario.prober.answer(&service("db"), &health(), Some(Answer::Refused));
        if let Some(after) = app_ends_after {
            scenario.clock.sleep(after).await;
            scenario.platform.kill(&service("app"), 1);
        }
    };
    tokio::join!(scenario.guard(), turn).0
}

#[tokio::test(start_paused = true)]
async fn deploy_is_kept_while_what_it_fell_back_for_stays_down() {
    let scenario = scenario().known_good().await.deploying(deploy());
    let ended = guarded(&scenario, None).await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(scenario.switchboard.on(), ["app"]);
    assert_eq!(scenario.platform.running(&service("app")), ["app:v2"]);
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn deploy_that_fell_back_and_then_goes_bad_itself_is_taken_back() {
    let scenario = scenario().known_good().await.deploying(deploy());
    let _ = guarded(&scenario, Some(seconds(5))).await;
    assert_eq!(scenario.switchboard.on(), ["app"]);
    assert_eq!(scenario.platform.running(&service("app")), ["app:v1"]);
}
