//! A plain `docker compose up` beside a `backout watch`: what it brings is recorded, watched, and judged.

use std::process::Child;

use backout_core::inventory::Grade;
use backout_core::journal::{Body, RunKind};
use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Ran, Stage, eventually};

const GUARD: &str = "    guard: { soak: 3s, dead_man: 5s, every: 100ms }";

fn end(watch: Child, signal: Signal) -> String {
    let pid = Pid::from_raw(i32::try_from(watch.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
    let output = watch.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn grades(ran: &Ran) -> Vec<Grade> {
    ran.checkpoints.iter().map(|graded| graded.grade).collect()
}

fn deploy(stage: &Stage, tag: &str) {
    stage.choose(tag);
    let _ = stage.project.compose(&["up", "--detach"]);
}

fn noticed(ran: &Ran) -> usize {
    let is_noticed = |body: &Body| matches!(body, Body::RunStarted(run) if matches!(run.run, RunKind::Noticed(_)));
    ran.journal.iter().filter(|record| is_noticed(&record.body)).count()
}

#[test]
fn plain_compose_up_beside_a_watch_is_recorded_and_becomes_good_or_is_told_to_be_bad() {
    let name = "plain_compose_up_beside_a_watch_is_recorded_and_becomes_good_or_is_told_to_be_bad";
    let Some(stage) = Stage::set(name) else { return };
    let _ = stage.image("first", "ok");
    let second = stage.image("second", "ok");
    let third = stage.image("third", "fail-after:1000");
    stage.configure(&[GUARD]);
    stage.up("first");
    eventually("the first version is healthy", || stage.answer("/health").is_some());

    let watch = stage.start(&["watch"], &[]);
    eventually("what runs is recorded", || grades(&stage.so_far()) == [Grade::Good]);
    deploy(&stage, "second");
    eventually("the second version is good", || grades(&stage.so_far()) == [Grade::Good; 2]);
    assert_eq!(stage.running("app"), [second]);

    deploy(&stage, "third");
    let bad = [Grade::Good, Grade::Good, Grade::Bad];
    eventually("the third version is bad", || grades(&stage.so_far()) == bad);
    eventually("a person is asked", || stage.so_far().has(|body| matches!(body, Body::RunEnded { .. })));
    let told = end(watch, Signal::INT);
    assert_eq!(stage.running("app"), [third], "nobody allowed to go back: {told}");
    assert!(told.contains("noticed") && told.contains("backout rollback"), "{told}");
    assert_eq!(noticed(&stage.so_far()), 2, "{told}");
}

#[test]
fn watch_that_is_killed_in_a_soak_takes_a_bad_deploy_back_once_it_runs_again() {
    let name = "watch_that_is_killed_in_a_soak_takes_a_bad_deploy_back_once_it_runs_again";
    let Some(stage) = Stage::set(name) else { return };
    let first = stage.image("first", "ok");
    let _ = stage.image("second", "fail-after:3000");
    stage.configure(&[&GUARD.replace("3s", "8s"), "    watch: { automatic: true }"]);
    stage.up("first");
    eventually("the first version is healthy", || stage.answer("/health").is_some());

    let watch = stage.start(&["watch"], &[]);
    eventually("what runs is recorded", || grades(&stage.so_far()) == [Grade::Good]);
    deploy(&stage, "second");
    eventually("the second version is in its soak", || grades(&stage.so_far()) == [Grade::Good, Grade::Candidate]);
    let told = end(watch, Signal::KILL);
    assert_eq!(noticed(&stage.so_far()), 1, "{told}");

    let watch = stage.start(&["watch"], &[]);
    eventually("the first version runs again", || stage.running("app") == std::slice::from_ref(&first));
    eventually("it was verified", || stage.so_far().has(|body| matches!(body, Body::Verified { .. })));
    let told = end(watch, Signal::INT);
    assert_eq!(noticed(&stage.so_far()), 1, "{told}");
    let history = stage.backout(&["history"]);
    assert!(history.to_string().contains("noticed app"), "{history}");
}
