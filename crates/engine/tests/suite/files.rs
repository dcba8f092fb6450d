//! Configuration files go back together with the code, what they replace is kept, and what is secret stays in the blobs.

use backout_core::inventory::BlobRef;
use backout_core::journal::{Body, RunResult};
use backout_core::plan::{Request, Scope};
use backout_core::policy::RefusalName;
use backout_core::port::Store;
use backout_testkit::world::{Behaviour, Move, SwitchFault};

use crate::scenario::{Ended, Scenario, back, seconds, service};

const FILE: &str = "/srv/shop/app.toml";
const NEW_FILE: &str = "/srv/shop/new.toml";

/// `app` reads a file; both went bad.
async fn bad_app() -> Scenario {
    let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1").known_good().await;
    scenario.files.put(FILE, b"colour = 2");
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario
}

fn replaced(ended: &Ended) -> Vec<(String, Option<BlobRef>)> {
    let replaced = ended.records.iter().filter_map(|record| match &record.body {
        Body::FileReplaced { path, was } => Some((path.clone(), was.clone())),
        _ => None,
    });
    replaced.collect()
}

#[tokio::test(start_paused = true)]
async fn file_goes_back_with_the_code_and_what_it_replaces_is_kept() {
    let scenario = bad_app().await;
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.files.bytes(FILE), Some(b"colour = 1".to_vec()));
    assert_eq!(scenario.platform.has_read(&service("app"), FILE), [Some(b"colour = 1".to_vec())]);
    let replaced = replaced(&ended);
    assert_eq!(replaced.len(), 1);
    assert_eq!(scenario.blobs.content(replaced[0].1.as_ref().unwrap()), Some(b"colour = 2".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn file_that_is_back_already_is_not_replaced_by_the_next_try() {
    let scenario = bad_app().await;
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::FailsBefore, 1));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!((replaced(&ended).len(), scenario.files.writes().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn file_that_was_not_there_is_removed_and_kept() {
    let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1").configured("app", NEW_FILE, b"");
    scenario.files.remove(NEW_FILE);
    let scenario = scenario.known_good().await;
    scenario.files.put(NEW_FILE, b"shape = 2");
    scenario.platform.deploy(&service("app"), "app:v2");
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.files.bytes(NEW_FILE), None);
    assert_eq!(scenario.blobs.content(replaced(&ended)[0].1.as_ref().unwrap()), Some(b"shape = 2".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn file_that_was_deleted_comes_back() {
    let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1").known_good().await;
    scenario.files.remove(FILE);
    scenario.platform.deploy(&service("app"), "app:v2");
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.files.bytes(FILE), Some(b"colour = 1".to_vec()));
    assert_eq!(replaced(&ended), [(FILE.to_owned(), None)]);
}

#[tokio::test(start_paused = true)]
async fn configuration_alone_goes_back_under_the_version_that_runs() {
    let scenario = bad_app().await;
    let ended = scenario.rollback(Request { scope: Scope::Config, ..back() }).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.files.bytes(FILE), Some(b"colour = 1".to_vec()));
    assert_eq!((scenario.running(), scenario.touched()), (vec!["app:v2".to_owned()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn service_whose_file_alone_changed_is_started_again() {
    let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1").known_good().await;
    scenario.files.put(FILE, b"colour = 2");
    scenario.platform.deploy(&service("app"), "app:v1");
    let ended = scenario.rollback(Request { scope: Scope::Config, ..back() }).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.platform.has_read(&service("app"), FILE), [Some(b"colour = 1".to_vec())]);
    assert_eq!(scenario.touched(), ["app"]);
}

#[tokio::test(start_paused = true)]
async fn service_that_was_not_started_again_with_its_file_is_not_back() {
    for fault in [SwitchFault::FailsBefore, SwitchFault::Lies] {
        let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1").known_good().await;
        scenario.files.put(FILE, b"colour = 2");
        scenario.platform.deploy(&service("app"), "app:v1");
        scenario.platform.faults(|faults| faults.switch(&service("app"), fault, 2));
        let ended = scenario.rollback(back()).await;
        assert_eq!(ended.result, RunResult::NotVerified, "{fault:?}: {}", ended.summary);
        let (file, read) = (scenario.files.bytes(FILE), scenario.platform.has_read(&service("app"), FILE));
        assert_eq!(read, [file], "{fault:?}: what is on disk is what the service has read");
    }
}

#[tokio::test(start_paused = true)]
async fn deploy_that_changes_only_a_file_and_goes_bad_is_taken_back() {
    let script = vec![
        Move::Wait(seconds(1)),
        Move::Write(FILE, b"colour = 2"),
        Move::Deploy(service("app"), "app:v1"),
        Move::Exit(1),
    ];
    let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1").deploying(script);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.platform.has_read(&service("app"), FILE), [Some(b"colour = 1".to_vec())]);
}

#[tokio::test(start_paused = true)]
async fn file_that_cannot_be_read_keeps_the_rollback_from_beginning() {
    let scenario = bad_app().await;
    scenario.files.make_unreadable(FILE);
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
    assert_eq!((scenario.touched(), scenario.files.writes()), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn file_that_cannot_be_written_stops_the_switch_before_anything_stops() {
    let scenario = bad_app().await;
    scenario.files.make_unwritable(FILE);
    let before = scenario.platform.ids(&service("app"));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(scenario.platform.ids(&service("app")), before);
    assert!(ended.summary.contains("permission denied"), "{}", ended.summary);
}

/// A guard of a bad deploy, during which the blob folder fills up.
async fn full_while_guarding(scenario: Scenario, mut script: Vec<Move>) -> (Scenario, Ended) {
    script.extend([Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")]);
    let scenario = scenario.deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().exits_after(seconds(3), 1));
    let (ended, ()) = tokio::join!(scenario.guard(), async {
        scenario.clock.sleep(seconds(2)).await;
        scenario.blobs.fill_up();
    });
    (scenario, ended)
}

#[tokio::test(start_paused = true)]
async fn file_that_cannot_be_kept_is_not_overwritten() {
    let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1");
    let (scenario, ended) = full_while_guarding(scenario, vec![Move::Write(FILE, b"colour = 2")]).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("no space left"), "{}", ended.summary);
    assert_eq!((scenario.files.writes(), scenario.touched()), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn version_that_went_bad_and_cannot_be_recorded_is_taken_back_all_the_same() {
    let (scenario, ended) = full_while_guarding(Scenario::of_app(), Vec::new()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
}

#[tokio::test(start_paused = true)]
async fn secrets_stay_in_the_blobs() {
    let secret = b"hunter2-planted-secret";
    let scenario = Scenario::of_app().configured("app", FILE, secret);
    scenario.platform.hide_secret(secret);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().exits_after(seconds(1), 1));
    let script = vec![Move::Write(FILE, b"hunter2-planted-secret, too"), Move::Deploy(service("app"), "app:v2")];
    let scenario = scenario.deploying(script);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!(ended.has("file_replaced") && ended.has("evidence_kept"));
    let journal = serde_json::to_string(&scenario.store.all()).unwrap();
    assert!(journal.contains("keyed:"));
    assert!(!journal.contains("hunter2"), "{journal}");
    assert!(!format!("{:?}", scenario.watcher.samples()).contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn checkpoint_of_another_time_can_be_named_unless_its_images_were_let_go_of() {
    let scenario = bad_app().await;
    let lease = scenario.lease("prune").await;
    let released = backout_engine::prune(&scenario.world(), &lease, 1).await.unwrap();
    scenario.store.release(&lease).await.unwrap();
    assert_eq!(released.len(), 1);
    let ended = scenario.rollback(Request { target: released.first().cloned(), ..back() }).await;
    assert_eq!((ended.result, ended.refusals()), (RunResult::Refused, vec![RefusalName::TargetGone]));
}
