//! Plans that wait for people to agree to them.

use backout_core::id::RunId;
use backout_core::journal::{Body, Record, RunResult};
use backout_core::plan::Request;
use backout_core::policy::Approval;
use backout_engine::{EngineError, begin};

use crate::scenario::{Ended, Scenario, back, rollback, seconds, service};

const RUN: &str = "run-rollback";

/// An application that crashed, to whose way back two people must agree within a minute.
async fn crashed() -> Scenario {
    let mut scenario = Scenario::of_app().known_good().await;
    scenario.environment.policy.approvals.stack = 2;
    scenario.environment.policy.approvals.within = seconds(60);
    scenario.platform.kill(&service("app"), 1);
    scenario
}

fn run() -> RunId {
    RunId::new(RUN).unwrap()
}

/// What people are asked about by now.
async fn asked(scenario: &Scenario) -> Record {
    loop {
        let wanted = |record: &Record| matches!(record.body, Body::ApprovalsWanted { .. });
        if let Some(record) = scenario.store.all().into_iter().rfind(wanted) {
            return record;
        }
        scenario.clock.sleep(seconds(1)).await;
    }
}

/// Somebody says something, in another process and without a lease.
async fn says(scenario: &Scenario, by: &str, agrees: bool) {
    let Body::ApprovalsWanted { plan, .. } = asked(scenario).await.body else { panic!("nobody is asked") };
    let approval = Approval { plan, by: by.to_owned(), from: "x@y".to_owned(), agrees, reason: None };
    scenario.store.agree(&scenario.environment.name, &run(), approval).unwrap();
}

async fn going_back(scenario: &Scenario, people: &[(&str, bool)]) -> Ended {
    let saying = async {
        for (by, agrees) in people {
            says(scenario, by, *agrees).await;
            scenario.clock.sleep(seconds(5)).await;
        }
    };
    let (ended, ()) = tokio::join!(scenario.run(rollback(back()), RUN), saying);
    ended.unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_people_let_it_go_back_and_nothing_is_touched_before() {
    let scenario = crashed().await;
    let watching = async {
        says(&scenario, "ben", true).await;
        says(&scenario, "Ben", true).await;
        scenario.clock.sleep(seconds(20)).await;
        assert_eq!(scenario.touched(), Vec::<String>::new(), "one person is one person");
        says(&scenario, "carl", true).await;
    };
    let (ended, ()) = tokio::join!(scenario.run(rollback(back()), RUN), watching);
    let ended = ended.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let given = ended.records.iter().position(|record| record.body.kind() == "approvals_ended").unwrap();
    let begun = ended.records.iter().position(|record| record.body.kind() == "step_intended").unwrap();
    assert!(given < begun);
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_agree_or_nobody_in_time_ends_it_untouched() {
    for (people, words) in [
        (&[("ben", true), ("carl", false)][..], "carl does not agree"),
        (&[("ben", true), ("ben", true)], "1 of 2 people agreed in time"),
        (&[("ada", true), ("ADA", true)], "1 of 2 people agreed in time"),
    ] {
        let scenario = crashed().await;
        let ended = going_back(&scenario, people).await;
        assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
        assert!(ended.summary.contains(words), "{}", ended.summary);
        assert_eq!(scenario.touched(), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_where_enough_agreed_before_or_nothing_may_be_waited_for() {
    let mut request: Request = back();
    request.data.approved_by = ["ben".to_owned(), "carl".to_owned()].into();
    let ended = crashed().await.rollback(request).await;
    assert_eq!((ended.result, ended.has("approvals_wanted")), (RunResult::RolledBack, false), "{}", ended.summary);
    let mut scenario = crashed().await;
    scenario.environment.policy.approvals.within = seconds(0);
    let ended = scenario.rollback(back()).await;
    assert_eq!((ended.result, ended.has("approvals_wanted")), (RunResult::Refused, false), "{}", ended.summary);
    assert!(ended.summary.contains("2 people must agree before the environment goes back: 0 did"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_killed_while_waiting_loses_nothing_that_was_said() {
    let scenario = crashed().await;
    let (started, name) = (rollback(back()), RUN);
    let killed = async {
        says(&scenario, "ben", true).await;
        scenario.clock.sleep(seconds(3)).await;
    };
    tokio::select! {
        ended = scenario.run(started, name) => panic!("it did not wait: {ended:?}"),
        () = killed => {}
    }
    assert_eq!(scenario.touched(), Vec::<String>::new());
    let (ended, ()) = tokio::join!(scenario.resume(RUN), async {
        scenario.clock.sleep(seconds(35)).await;
        says(&scenario, "carl", true).await;
    });
    let ended = ended.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!(ended.has("taken_over"));
}

#[tokio::test(start_paused = true)]
async fn plan_that_the_world_has_overtaken_is_not_what_was_agreed_to() {
    let scenario = crashed().await;
    let moving = async {
        says(&scenario, "ben", true).await;
        scenario.platform.deploy(&service("app"), "app:v3");
        says(&scenario, "carl", true).await;
    };
    let (ended, ()) = tokio::join!(scenario.run(rollback(back()), RUN), moving);
    let ended: Result<Ended, EngineError> = ended;
    let ended = ended.unwrap();
    assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn bad_deploy_waits_for_people_and_goes_back_by_itself_once_they_agree() {
    let mut scenario = Scenario::of_app().known_good().await;
    scenario.environment.policy.approvals.stack = 1;
    scenario.environment.policy.approvals.within = seconds(60);
    let broken = backout_testkit::world::Behaviour::well().exits_after(seconds(2), 1);
    let scenario = scenario.deploying(vec![backout_testkit::world::Move::Deploy(service("app"), "app:v2")]);
    scenario.platform.teach(&service("app"), "app:v2", broken);
    let agreeing = async {
        let Body::ApprovalsWanted { plan, .. } = asked(&scenario).await.body else { panic!("nobody is asked") };
        let approval = Approval { plan, by: "ben".to_owned(), from: "x@y".to_owned(), agrees: true, reason: None };
        scenario.store.agree(&scenario.environment.name, &RunId::new("run-guard").unwrap(), approval).unwrap();
    };
    let (ended, ()) = tokio::join!(scenario.guard(), agreeing);
    assert_eq!(
        (ended.result, scenario.running()),
        (RunResult::RolledBack, vec!["app:v1".to_owned()]),
        "{}",
        ended.summary
    );
}

/// Plays the way back, to which two people agree as soon as they are asked, dying at that point of it.
async fn dying_at(death: Option<usize>) -> (Scenario, RunResult, usize) {
    let scenario = crashed().await;
    let (lease, world) = (scenario.lease("first process").await, scenario.world());
    let agreeing = async {
        for by in ["ben", "carl"] {
            says(&scenario, by, true).await;
        }
        std::future::pending::<()>().await;
    };
    let played = async {
        scenario.fuse.renew(death);
        let first = begin(&world, &lease, run(), rollback(back()));
        let first = scenario.fuse.until_blown(first).await;
        let passed = scenario.fuse.passed().len();
        scenario.fuse.renew(None);
        let is_begun = scenario.store.all().iter().any(|record| record.run == Some(run()));
        let result = match first {
            Some(result) => result.unwrap(),
            None if is_begun => scenario.resume(RUN).await.unwrap().result,
            None => scenario.rollback(back()).await.result,
        };
        (result, passed)
    };
    let (result, passed) = tokio::select! {
        played = played => played,
        () = agreeing => unreachable!("it never ends"),
    };
    (scenario, result, passed)
}

#[tokio::test(start_paused = true)]
async fn death_at_any_point_of_a_way_back_that_was_agreed_to_changes_nothing_about_its_end() {
    let (undisturbed, result, points) = dying_at(None).await;
    assert_eq!((result, undisturbed.running()), (RunResult::RolledBack, vec!["app:v1".to_owned()]));
    assert!(points > 20, "{points}");
    for death in 1..=points {
        let (scenario, result, _) = dying_at(Some(death)).await;
        assert_eq!((result, scenario.running()), (RunResult::RolledBack, undisturbed.running()), "died at {death}");
        let given = scenario.store.all().iter().filter(|record| record.body.kind() == "approvals_ended").count();
        assert_eq!(given, 1, "died at {death}: people are asked once");
    }
}
