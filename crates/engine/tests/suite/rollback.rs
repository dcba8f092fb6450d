//! Going back because a person wants it.

use std::collections::BTreeSet;

use backout_core::inventory::{BlobRef, Grade};
use backout_core::journal::{Body, RunResult, StepOutcome};
use backout_core::plan::{Mode, Request, Scope};
use backout_core::policy::RefusalName;
use backout_testkit::world::{Answer, Behaviour, Did, SwitchFault};

use crate::scenario::{Scenario, back, health, millis, rollback, seconds, service};

const STACK: [(&str, &[&str]); 4] = [("db", &[]), ("app", &["db"]), ("web", &["app"]), ("worker", &["db"])];

/// Four services that depend on one another, known to be good; then all but one run `v2`.
async fn bad_stack() -> Scenario {
    let scenario = Scenario::of(&STACK).probed("app").probed("web").known_good().await;
    for name in ["db", "app", "web"] {
        scenario.platform.deploy(&service(name), &format!("{name}:v2"));
    }
    scenario
}

fn of_services(names: &[&str]) -> Request {
    Request { scope: Scope::Services { services: names.iter().map(|name| service(name)).collect() }, ..back() }
}

#[tokio::test(start_paused = true)]
async fn stack_goes_back_in_the_order_of_its_dependencies() {
    let scenario = bad_stack().await;
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.touched(), ["db", "app", "web"]);
    assert_eq!(scenario.running(), ["app:v1", "db:v1", "web:v1", "worker:v1"]);
}

#[tokio::test(start_paused = true)]
async fn service_that_is_as_it_was_keeps_its_instance() {
    let scenario = bad_stack().await;
    let before = scenario.platform.ids(&service("worker"));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.platform.ids(&service("worker")), before);
}

#[tokio::test(start_paused = true)]
async fn only_the_services_asked_for_go_back() {
    let scenario = bad_stack().await;
    let ended = scenario.rollback(of_services(&["app"])).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1", "db:v2", "web:v2", "worker:v1"]);
}

#[tokio::test(start_paused = true)]
async fn each_service_is_healthy_before_the_next_is_touched() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("db"), "db:v1", Behaviour::well().healthy_after(seconds(7)));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let at = |kind: &str, step: u32| {
        let is = |body: &Body| match body {
            Body::StepIntended { step: id, .. } | Body::StepEnded { step: id, .. } => {
                body.kind() == kind && id.0 == step
            }
            _ => false,
        };
        ended.records.iter().find(|record| is(&record.body)).unwrap().at
    };
    // Three pieces of evidence, then the switch of the database and the wait for it, then the application.
    assert!(at("step_intended", 6).duration_since(at("step_intended", 4)).as_secs() >= 7);
}

#[tokio::test(start_paused = true)]
async fn emergency_does_not_wait_between_services() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("db"), "db:v1", Behaviour::well().healthy_after(seconds(7)));
    let ended = scenario.rollback(Request { mode: Mode::Emergency, ..back() }).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let switched: Vec<_> = ended
        .records
        .iter()
        .filter(|record| matches!(&record.body, Body::StepEnded { step, .. } if (4..=6).contains(&step.0)))
        .map(|record| record.at)
        .collect();
    assert_eq!(switched.len(), 3);
    assert!(switched[2].duration_since(switched[0]).as_secs() < 2);
}

#[tokio::test(start_paused = true)]
async fn gradual_rollback_stops_when_health_recovers() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(millis(0)));
    let ended = scenario.rollback(Request { batch: Some(2), ..back() }).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!(ended.summary.contains("recovered"), "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1", "db:v1", "web:v2", "worker:v1"]);
}

#[tokio::test(start_paused = true)]
async fn gradual_rollback_stops_when_health_worsens() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("db"), "db:v1", Behaviour::well().unhealthy_after(seconds(1)));
    let ended = scenario.rollback(Request { batch: Some(1), ..back() }).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2", "db:v1", "web:v2", "worker:v1"]);
    assert!(ended.summary.contains("health check"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn gradual_rollback_goes_on_while_nothing_changes() {
    let scenario = bad_stack().await;
    let ended = scenario.rollback(Request { batch: Some(1), ..back() }).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1", "db:v1", "web:v1", "worker:v1"]);
}

#[tokio::test(start_paused = true)]
async fn target_that_is_gone_is_refused_before_anything_stops() {
    let scenario = bad_stack().await;
    let ids = scenario.platform.ids(&service("db"));
    scenario.platform.lose_image("web:v1");
    let ended = scenario.rollback(back()).await;
    assert_eq!((ended.result, ended.refusals()), (RunResult::Refused, vec![RefusalName::TargetGone]));
    assert_eq!(scenario.touched(), Vec::<String>::new());
    assert_eq!(scenario.platform.ids(&service("db")), ids);
}

#[tokio::test(start_paused = true)]
async fn target_that_nobody_can_find_out_about_is_refused_too() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| faults.preflight_hangs = true);
    let ended = scenario.rollback(back()).await;
    assert_eq!((ended.result, ended.refusals()), (RunResult::Refused, vec![RefusalName::TargetGone; 3]));
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn pinned_images_outlive_a_prune() {
    let scenario = bad_stack().await;
    scenario.platform.prune_images();
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
}

/// As while the Docker Engine is restarted.
#[tokio::test(start_paused = true)]
async fn platform_that_is_out_of_sight_for_a_moment_is_waited_for() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("app"), "app:v1", Behaviour::well().healthy_after(seconds(5)));
    let restart = async {
        scenario.clock.sleep(seconds(2)).await;
        scenario.platform.faults(|faults| {
            faults.unknown.insert(service("web"), "no answer".to_owned());
            faults.switch(&service("web"), SwitchFault::FailsBefore, 9);
        });
        scenario.clock.sleep(seconds(8)).await;
        scenario.platform.faults(|faults| {
            faults.unknown.clear();
            faults.switches.clear();
        });
    };
    let (ended, ()) = tokio::join!(scenario.rollback(back()), restart);
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1", "db:v1", "web:v1", "worker:v1"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_seen_is_not_touched() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| _ = faults.unknown.insert(service("app"), "no answer".to_owned()));
    let ended = scenario.rollback(back()).await;
    assert_eq!((ended.result, ended.refusals()), (RunResult::Refused, vec![RefusalName::UnknownFacts]));
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn nothing_to_do_is_refused() {
    let scenario = Scenario::of(&STACK).known_good().await;
    let ended = scenario.rollback(back()).await;
    assert_eq!((ended.result, ended.refusals()), (RunResult::Refused, vec![RefusalName::TargetIsWhatRuns]));
}

#[tokio::test(start_paused = true)]
async fn service_that_was_not_there_is_stopped() {
    let scenario = Scenario::of(&STACK);
    scenario.platform.remove(&service("worker"));
    let mut started = crate::scenario::guard();
    started.request.forced.insert(RefusalName::NoGoodCheckpoint);
    scenario.run(started, "run-0").await.unwrap();
    scenario.platform.deploy(&service("worker"), "worker:v2");
    let request = Request { forced: BTreeSet::from([RefusalName::TargetNotGood]), target: newest(&scenario), ..back() };
    let ended = scenario.rollback(request).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.platform.acts().iter().map(|act| act.did.clone()).collect::<Vec<_>>(), [Did::Stop]);
    assert_eq!(scenario.platform.running(&service("worker")), Vec::<String>::new());
}

fn newest(scenario: &Scenario) -> Option<backout_core::id::CheckpointId> {
    let taken = scenario.store.all().into_iter().filter_map(|record| match record.body {
        Body::CheckpointTaken { checkpoint } => Some(checkpoint.id),
        _ => None,
    });
    taken.max()
}

#[tokio::test(start_paused = true)]
async fn switch_that_fails_once_is_tried_again() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::FailsBefore, 1));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.touched(), ["db", "app", "app", "web"]);
}

#[tokio::test(start_paused = true)]
async fn switch_that_was_carried_out_is_done_whatever_the_platform_said() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::FailsAfter, 1));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.touched(), ["db", "app", "web"]);
}

#[tokio::test(start_paused = true)]
async fn switch_that_was_not_carried_out_is_not_done_whatever_the_platform_said() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::Lies, 2));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(scenario.platform.running(&service("app")), ["app:v2"]);
}

#[tokio::test(start_paused = true)]
async fn switch_that_hangs_is_given_up_and_tried_again() {
    for fault in [SwitchFault::HangsBefore, SwitchFault::HangsAfter] {
        let scenario = bad_stack().await;
        scenario.platform.faults(|faults| faults.switch(&service("app"), fault, 1));
        let ended = scenario.rollback(back()).await;
        assert_eq!(ended.result, RunResult::RolledBack, "{fault:?}: {}", ended.summary);
        assert_eq!(scenario.running(), ["app:v1", "db:v1", "web:v1", "worker:v1"], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn switch_that_fails_twice_puts_back_what_ran() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::PortTaken, 2));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2", "db:v1", "web:v2", "worker:v1"]);
    assert!(ended.summary.contains("`app` runs app:v2"), "{}", ended.summary);
    assert!(ended.summary.contains("`db` runs db:v1"), "{}", ended.summary);
    assert!(ended.summary.contains("address already in use"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn way_back_that_stopped_is_reported_without_waiting_for_what_cannot_come() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::PortTaken, 2));
    let began = tokio::time::Instant::now();
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(began.elapsed() < seconds(15), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn undo_that_fails_too_is_said_with_what_runs() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::PortTaken, 3));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(scenario.platform.running(&service("app")), ["!app:v2"]);
    assert!(matches!(ended.outcomes().last(), Some(StepOutcome::Failed { .. })));
    assert!(ended.summary.contains("`app` is at app:v2 and not well"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn stop_that_hangs_is_given_up() {
    let scenario = Scenario::of(&STACK);
    scenario.platform.remove(&service("worker"));
    let mut started = crate::scenario::guard();
    started.request.forced.insert(RefusalName::NoGoodCheckpoint);
    scenario.run(started, "run-0").await.unwrap();
    scenario.platform.deploy(&service("worker"), "worker:v2");
    scenario.platform.faults(|faults| _ = faults.stop_hangs.insert(service("worker")));
    let request = Request { forced: BTreeSet::from([RefusalName::TargetNotGood]), target: newest(&scenario), ..back() };
    let ended = tokio::time::timeout(seconds(3_600), scenario.rollback(request)).await.unwrap();
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn evidence_that_cannot_be_had_does_not_hold_the_way_back_up() {
    let scenario = bad_stack().await;
    scenario.platform.faults(|faults| faults.evidence_hangs = true);
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!(!ended.has("evidence_kept"));
}

#[tokio::test(start_paused = true)]
async fn evidence_is_kept_before_anything_changes() {
    let scenario = bad_stack().await;
    let ended = scenario.rollback(back()).await;
    let kept: Vec<&BlobRef> = ended
        .records
        .iter()
        .filter_map(|record| match &record.body {
            Body::EvidenceKept { items, .. } => Some(items.iter().map(|(_, blob)| blob)),
            _ => None,
        })
        .flatten()
        .collect();
    let texts: Vec<String> =
        kept.iter().map(|blob| String::from_utf8(scenario.blobs.content(blob).unwrap()).unwrap()).collect();
    assert_eq!(texts.len(), 3);
    assert!(texts.iter().all(|text| text.contains(":v2")), "{texts:?}");
}

#[tokio::test(start_paused = true)]
async fn verification_waits_for_a_service_that_is_slow() {
    let scenario = bad_stack().await;
    let slow = Behaviour::well().healthy_after(seconds(20)).serves_after(seconds(25));
    scenario.platform.teach(&service("web"), "web:v1", slow);
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
}

/// Waits until the last step of the plan has ended.
async fn last_step(scenario: &Scenario) {
    while !scenario.store.all().iter().any(|r| matches!(&r.body, Body::StepEnded { step, .. } if step.0 == 9)) {
        scenario.clock.sleep(millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn verification_waits_for_the_rest_to_settle() {
    let scenario = bad_stack().await.probed("worker");
    scenario.prober.answer(&service("worker"), &health(), Some(Answer::Wrong));
    let settles = async {
        last_step(&scenario).await;
        scenario.clock.sleep(seconds(10)).await;
        scenario.prober.answer(&service("worker"), &health(), None);
    };
    let (ended, ()) = tokio::join!(scenario.rollback(back()), settles);
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn verification_does_not_wait_for_ever() {
    let scenario = bad_stack().await.probed("worker");
    scenario.prober.answer(&service("worker"), &health(), Some(Answer::Wrong));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("worker.health.up: 500"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn step_that_was_done_and_does_not_last_is_not_verified() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("web"), "web:v1", Behaviour::well().healthy_after(seconds(5)));
    let meddle = async {
        while scenario.touched().len() < 3 {
            scenario.clock.sleep(millis(10)).await;
        }
        scenario.platform.deploy(&service("db"), "db:v3");
    };
    let (ended, ()) = tokio::join!(scenario.rollback(back()), meddle);
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("db runs the target: `db` runs db:v3"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn target_that_does_not_come_up_is_not_verified() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("web"), "web:v1", Behaviour::well().answers_wrongly_after(millis(0)));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("web.health.up: 500"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn probe_that_cannot_be_performed_does_not_hold_the_verification_up() {
    let scenario = bad_stack().await;
    scenario.prober.answer(&service("web"), &health(), Some(Answer::NoSuchHost));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn what_ran_before_a_rollback_is_a_checkpoint_too() {
    let scenario = bad_stack().await;
    let ended = scenario.rollback(back()).await;
    let taken = ended.records.iter().find_map(|record| match &record.body {
        Body::CheckpointTaken { checkpoint } => Some(checkpoint.clone()),
        _ => None,
    });
    assert_eq!(taken.unwrap().artifacts[&service("app")].version.code, "app:v2");
    let graded = ended.records.iter().any(|r| matches!(r.body, Body::Graded { grade: Grade::Candidate, .. }));
    assert!(graded);
}

#[tokio::test(start_paused = true)]
async fn rollback_of_a_rollback_is_refused_each_time_it_is_asked_for() {
    let scenario = Scenario::of_app().known_good().await;
    let oldest = scenario.store.all().into_iter().find_map(|record| match record.body {
        Body::CheckpointTaken { checkpoint } => Some(checkpoint.id),
        _ => None,
    });
    scenario.platform.deploy(&service("app"), "app:v2");
    let scenario = scenario.known_good_again("run-1-good").await;
    scenario.platform.deploy(&service("app"), "app:v3");
    assert_eq!(scenario.run(rollback(back()), "run-2").await.unwrap().result, RunResult::RolledBack);
    assert_eq!(scenario.running(), ["app:v2"]);
    for name in ["run-3", "run-4"] {
        let request = Request { target: oldest.clone(), ..back() };
        let ended = scenario.run(rollback(request), name).await.unwrap();
        let refused = (RunResult::Refused, vec![RefusalName::RollbackOfRollback]);
        assert_eq!((ended.result, ended.refusals()), refused, "{name}: {}", ended.summary);
    }
}
