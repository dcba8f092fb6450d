//! The main job: a deploy is kept where it holds, and taken back where it does not.

use backout_core::inventory::{Checkpoint, Grade};
use backout_core::journal::{Body, DeployExit, RunResult};
use backout_core::policy::{RefusalName, Verdict};
use backout_testkit::world::{Answer, Behaviour, Move};

use crate::scenario::{Ended, Scenario, guard, health, millis, seconds, service};

fn deploy_v2() -> Vec<Move> {
    vec![Move::Wait(seconds(2)), Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(1))]
}

/// Guards a deploy of a version that behaves so.
async fn deploy_of(behaviour: Behaviour) -> (Scenario, Ended) {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.platform.teach(&service("app"), "app:v2", behaviour);
    let ended = scenario.guard().await;
    (scenario, ended)
}

fn grades(ended: &Ended) -> Vec<Grade> {
    let grades = ended.records.iter().filter_map(|record| match record.body {
        Body::Graded { grade, .. } => Some(grade),
        _ => None,
    });
    grades.collect()
}

#[track_caller]
fn assert_rolled_back(scenario: &Scenario, ended: &Ended) {
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
    assert_eq!(scenario.deployer.starts(), 1);
    assert_eq!(grades(ended), [Grade::Good, Grade::Bad]);
    assert!(scenario.platform.acts().iter().all(|act| !act.was_so_already), "{:?}", scenario.platform.acts());
}

#[tokio::test(start_paused = true)]
async fn good_deploy_is_kept_and_its_checkpoint_graded_good() {
    let (scenario, ended) = deploy_of(Behaviour::well()).await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2"]);
    assert_eq!(grades(&ended), [Grade::Good, Grade::Good]);
    assert_eq!(scenario.touched(), Vec::<String>::new());
    assert_eq!((scenario.deployer.starts(), scenario.deployer.armed()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn checkpoint_and_switch_come_before_the_deploy_command() {
    let (_, ended) = deploy_of(Behaviour::well()).await;
    let kinds = ended.kinds();
    let place = |kind: &str| kinds.iter().position(|found| *found == kind).unwrap();
    assert!(place("before_seen") < place("checkpoint_taken"));
    assert!(place("checkpoint_taken") < place("armed"));
    assert!(place("armed") < place("deploy_intended"));
    assert!(place("deploy_intended") < place("deploy_spawned"));
}

#[tokio::test(start_paused = true)]
async fn version_that_exits_at_start_goes_back() {
    let (scenario, ended) = deploy_of(Behaviour::well().exits_after(millis(200), 1)).await;
    assert_rolled_back(&scenario, &ended);
}

#[tokio::test(start_paused = true)]
async fn version_that_exits_during_the_soak_goes_back() {
    let (scenario, ended) = deploy_of(Behaviour::well().exits_after(seconds(6), 0)).await;
    assert_rolled_back(&scenario, &ended);
}

#[tokio::test(start_paused = true)]
async fn version_that_runs_out_of_memory_goes_back() {
    let (scenario, ended) = deploy_of(Behaviour::well().out_of_memory_after(seconds(4))).await;
    assert_rolled_back(&scenario, &ended);
}

#[tokio::test(start_paused = true)]
async fn version_that_turns_unhealthy_goes_back() {
    let (scenario, ended) = deploy_of(Behaviour::well().healthy_after(seconds(2)).unhealthy_after(seconds(6))).await;
    assert_rolled_back(&scenario, &ended);
}

#[tokio::test(start_paused = true)]
async fn version_that_answers_wrongly_after_a_moment_goes_back() {
    let (scenario, ended) = deploy_of(Behaviour::well().answers_wrongly_after(seconds(3))).await;
    assert_rolled_back(&scenario, &ended);
}

#[tokio::test(start_paused = true)]
async fn deploy_that_fails_half_way_goes_back_without_a_watch() {
    let script = vec![Move::Deploy(service("app"), "app:v2"), Move::Exit(7)];
    let scenario = Scenario::of_app().deploying(script);
    let ended = scenario.guard().await;
    assert_rolled_back(&scenario, &ended);
    assert!(!ended.has("judged"));
}

#[tokio::test(start_paused = true)]
async fn deploy_that_fails_with_nothing_changed_leaves_everything_alone() {
    let scenario = Scenario::of_app().deploying(vec![Move::Wait(seconds(1)), Move::Exit(7)]);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::NothingChanged, "{}", ended.summary);
    assert!(ended.summary.contains("exit code 7"), "{}", ended.summary);
    assert_eq!((scenario.running(), scenario.touched()), (vec!["app:v1".to_owned()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn deploy_that_changes_nothing_is_kept_without_a_soak() {
    let scenario = Scenario::of_app().deploying(vec![Move::Wait(seconds(1))]);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    assert!(!ended.has("judged"));
}

#[tokio::test(start_paused = true)]
async fn deploy_command_that_cannot_be_started_changed_nothing() {
    let scenario = Scenario::of_app();
    scenario.deployer.break_start();
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::NothingChanged, "{}", ended.summary);
    assert!(ended.summary.contains("no such file"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn deploy_command_that_takes_too_long_is_ended_and_what_it_did_taken_back() {
    let mut scenario =
        Scenario::of_app().deploying(vec![Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(9_000))]);
    scenario.environment.guard.deploy_limit = seconds(60);
    let ended = scenario.guard().await;
    assert_rolled_back(&scenario, &ended);
    let timed_out = |body: &Body| matches!(body, Body::DeployEnded { exit: DeployExit::TimedOut });
    assert!(ended.records.iter().any(|record| timed_out(&record.body)));
    assert!(!scenario.deployer.is_running());
}

#[tokio::test(start_paused = true)]
async fn probe_that_was_red_before_is_not_blamed_on_the_deploy() {
    let scenario = Scenario::of(&[("app", &[]), ("mail", &[])]).probed("app").probed("mail").known_good().await;
    scenario.prober.answer(&service("mail"), &health(), Some(Answer::Wrong));
    let scenario = scenario.deploying(deploy_v2());
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2", "mail:v1"]);
    assert_eq!(verdict(&ended), Verdict::Inconclusive);
}

#[tokio::test(start_paused = true)]
async fn probe_that_was_red_before_does_not_hide_another_that_turns_red() {
    let scenario = Scenario::of(&[("app", &[]), ("mail", &[])]).probed("app").probed("mail").known_good().await;
    scenario.prober.answer(&service("mail"), &health(), Some(Answer::Wrong));
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(3)));
    let scenario = scenario.deploying(deploy_v2());
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1", "mail:v1"]);
}

#[tokio::test(start_paused = true)]
async fn probe_that_cannot_be_performed_takes_nothing_back() {
    let scenario = Scenario::of_app().known_good().await;
    scenario.prober.answer(&service("app"), &health(), Some(Answer::NoSuchHost));
    let scenario = scenario.deploying(deploy_v2());
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(verdict(&ended), Verdict::Unmeasurable);
    assert_eq!(scenario.running(), ["app:v2"]);
}

fn verdict(ended: &Ended) -> Verdict {
    let judged = ended.records.iter().find_map(|record| match &record.body {
        Body::Judged { judgement } => Some(judgement.verdict),
        _ => None,
    });
    judged.unwrap()
}

#[tokio::test(start_paused = true)]
async fn without_a_good_checkpoint_nothing_is_deployed() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.prober.answer(&service("app"), &health(), Some(Answer::Wrong));
    let ended = scenario.guard().await;
    assert_eq!((ended.result, ended.refusals()), (RunResult::Refused, vec![RefusalName::NoGoodCheckpoint]));
    assert_eq!((scenario.deployer.starts(), scenario.deployer.armed()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn without_a_good_checkpoint_a_person_may_force_the_deploy() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.prober.answer(&service("app"), &health(), Some(Answer::Wrong));
    let mut started = guard();
    started.request.forced.insert(RefusalName::NoGoodCheckpoint);
    let ended = scenario.run(started, "run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(scenario.deployer.starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn forced_deploy_that_goes_bad_with_nothing_to_go_back_to_waits_for_a_person() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.prober.answer(&service("app"), &health(), Some(Answer::Wrong));
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().exits_after(seconds(1), 1));
    let mut started = guard();
    started.request.forced.insert(RefusalName::NoGoodCheckpoint);
    let ended = scenario.run(started, "run-1").await.unwrap();
    assert_eq!((ended.result, ended.refusals()), (RunResult::Held, vec![RefusalName::NoGoodCheckpoint]));
    assert!(ended.summary.contains("still there"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn switch_that_cannot_be_armed_keeps_the_deploy_from_starting() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.deployer.break_switch();
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
    assert_eq!((scenario.deployer.starts(), scenario.running()), (0, vec!["app:v1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_captured_is_not_deployed_over() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.platform.faults(|faults| _ = faults.capture.insert(service("app")));
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
    assert_eq!(scenario.deployer.starts(), 0);
    assert!(!ended.has("checkpoint_taken"));
}

#[tokio::test(start_paused = true)]
async fn blob_folder_that_is_full_keeps_the_deploy_from_starting() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.blobs.fill_up();
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
    assert_eq!(scenario.deployer.starts(), 0);
}

#[tokio::test(start_paused = true)]
async fn platform_that_hangs_while_it_records_keeps_the_deploy_from_starting() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.platform.faults(|faults| faults.capture_takes = seconds(90_000));
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
    assert!(ended.summary.contains("`app` could not be recorded within 120 s"), "{}", ended.summary);
    assert_eq!(scenario.deployer.starts(), 0);
}

#[tokio::test(start_paused = true)]
async fn version_that_was_changed_while_it_was_recorded_is_not_called_good() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.platform.faults(|faults| faults.capture_takes = millis(100));
    let meddle = async {
        while !scenario.store.all().iter().any(|record| record.body.kind() == "before_seen") {
            scenario.clock.sleep(millis(1)).await;
        }
        scenario.platform.deploy(&service("app"), "app:v7");
    };
    let (ended, ()) = tokio::join!(scenario.guard(), meddle);
    assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
    assert!(ended.summary.contains("`app` was changed by somebody else"), "{}", ended.summary);
    assert_eq!((scenario.deployer.starts(), scenario.platform.pinned().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn bad_deploy_whose_files_cannot_be_read_is_left_to_a_person() {
    let scenario = Scenario::of_app().configured("app", "/srv/app.toml", b"1").deploying(deploy_v2());
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().exits_after(seconds(3), 1));
    let lock = async {
        scenario.clock.sleep(seconds(1)).await;
        scenario.files.make_unreadable("/srv/app.toml");
    };
    let (ended, ()) = tokio::join!(scenario.guard(), lock);
    assert_eq!(ended.result, RunResult::Held, "{}", ended.summary);
    assert!(ended.summary.contains("what was deployed is still there"), "{}", ended.summary);
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

fn taken(ended: &Ended) -> Vec<Checkpoint> {
    let taken = ended.records.iter().filter_map(|record| match &record.body {
        Body::CheckpointTaken { checkpoint } => Some((**checkpoint).clone()),
        _ => None,
    });
    taken.collect()
}

#[tokio::test(start_paused = true)]
async fn what_ran_before_a_deploy_is_not_said_to_come_from_the_commit_that_is_deployed() {
    let scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.repository.check_out("b");
    let first = scenario.guard().await;
    let commits = |ended: &Ended| -> Vec<Option<String>> {
        taken(ended).into_iter().map(|checkpoint| checkpoint.source.map(|source| source.commit)).collect()
    };
    assert_eq!(commits(&first), [None, Some("b".to_owned())]);
    scenario.repository.check_out("c");
    let scenario = scenario.deploying(vec![Move::Deploy(service("app"), "app:v3")]);
    let second = scenario.run(guard(), "run-second").await.unwrap();
    assert_eq!(commits(&second), [Some("b".to_owned()), Some("c".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_asked_for_before_the_deploy_and_names_its_checkpoint() {
    let mut scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.environment.guard.tag = Some("pre-deploy-{time}".to_owned());
    scenario.repository.check_out("b");
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    let before = taken(&ended).remove(0);
    let tag = before.tag.unwrap();
    assert!(tag.starts_with("pre-deploy-20260701-03"), "{tag}");
    assert_eq!(scenario.repository.tags(), [(tag, "b".to_owned())]);
    let kinds = ended.kinds();
    let place = |kind: &str| kinds.iter().position(|found| *found == kind).unwrap();
    assert!(place("graded") < place("tagged") && place("tagged") < place("armed"), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_git_does_not_take_stands_in_the_way_of_nothing() {
    let mut scenario = Scenario::of_app().deploying(deploy_v2());
    scenario.environment.guard.tag = Some("pre-deploy-{time}".to_owned());
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    let why = ended.records.iter().find_map(|record| match &record.body {
        Body::Tagged { commit: None, why, .. } => Some(why.clone()),
        _ => None,
    });
    assert_eq!(why.as_deref(), Some("it is in no work tree"));
}
