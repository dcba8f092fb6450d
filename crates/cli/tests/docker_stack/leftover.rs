//! What a deploy adds and going back does not name: told before and after, and removed only where a person says so.

use backout_testkit::docker::docker;
use backout_testkit::guarded::Guarded;
use serde_json::Value;

use super::{CHANGED, running_well};

/// A container that version 2 of the Compose file adds, with a volume of its own.
const EXTRA: &str = "  extra:\n    image: ${LB_IMAGE}\n    volumes: [\"kept:/kept\"]\nvolumes:\n  kept: {}\n";

/// Five services run version 2, and a service that the checkpoint does not know runs beside them. The Compose file is as it was
/// again, as it is where it goes back with the rest.
fn with_extra(guarded: &mut Guarded) {
    let _ = guarded.version("v2", "ok");
    guarded.set(&CHANGED.map(|name| (name, "v2")));
    let path = guarded.folder().join("docker-compose.yml");
    let before = std::fs::read_to_string(&path).unwrap();
    guarded.project().write("docker-compose.yml", &format!("{before}{EXTRA}"));
    guarded.up(false);
    guarded.project().write("docker-compose.yml", &before);
}

/// The names of the extra containers.
fn extra(guarded: &Guarded) -> Vec<String> {
    guarded.seen_of("extra").into_iter().map(|seen| seen.state).collect()
}

#[test]
fn what_a_deploy_added_is_told_and_goes_on_running() {
    let Some((mut guarded, good)) = running_well("what_a_deploy_added_is_told_and_goes_on_running") else { return };
    with_extra(&mut guarded);
    let plan = guarded.backout(&["plan"]).expect_code(0).stdout;
    assert!(
        plan.contains("stays as it is:") && plan.contains("extra-1") && plan.contains("--remove-orphans"),
        "{plan}"
    );
    let one = guarded.backout(&["plan", "--service", "lb"]).expect_code(0).stdout;
    assert!(!one.contains("extra-1"), "{one}");
    let ended = guarded.backout(&["rollback", "--yes"]).expect_code(0);
    assert!(ended.stderr.contains("extra-1") && ended.stderr.contains("docker rm --force"), "{}", ended.stderr);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    assert_eq!(extra(&guarded), ["running"]);
    let _ = guarded.project().compose(&["down", "--remove-orphans", "--volumes", "--timeout", "1"]);
}

#[test]
fn what_a_deploy_added_is_removed_where_a_person_says_so_and_its_definition_is_kept() {
    let test = "what_a_deploy_added_is_removed_where_a_person_says_so_and_its_definition_is_kept";
    let Some((mut guarded, good)) = running_well(test) else { return };
    with_extra(&mut guarded);
    let ended = guarded.backout(&["rollback", "--yes", "--remove-orphans", "--json"]).expect_code(0);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["left"]["strays"], serde_json::json!([]), "{}", ended.stderr);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    assert!(extra(&guarded).is_empty());
    let records = guarded.journal().since(0);
    let removed: Vec<_> = records.iter().filter(|record| record.kind == "stray_removed").collect();
    let stages: Vec<_> = removed.iter().filter_map(|record| record.text("/removal/stage/is")).collect();
    assert_eq!(stages, ["intended", "done"]);
    let (run, name) = (document["run"].as_str().unwrap(), removed[0].text("/removal/name").unwrap());
    let evidence = guarded.backout(&["show", run, "--evidence", &format!("{name}.inspect.json")]).expect_code(0);
    assert!(evidence.stdout.contains("com.docker.compose.service"), "{}", evidence.stdout);
    let volume = format!("{}_kept", guarded.project().name());
    assert!(docker(&["volume", "ls", "--quiet"]).contains(&volume), "volumes are never removed");
    let _ = docker(&["volume", "rm", &volume]);
}

#[test]
fn a_work_tree_that_stays_at_the_bad_commit_is_told_with_the_command_that_takes_it_back() {
    let test = "a_work_tree_that_stays_at_the_bad_commit_is_told_with_the_command_that_takes_it_back";
    let Some((mut guarded, _)) = running_well(test) else { return };
    let git = |words: &[&str]| {
        let folder = guarded.folder().display().to_string();
        let identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-C", &folder];
        let done = super::git(&[&identity[..], words].concat());
        done.trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["add", "docker-compose.yml"]);
    git(&["commit", "--quiet", "--message", "good"]);
    let good = git(&["rev-parse", "HEAD"]);
    guarded.backout(&["checkpoint", "create"]).expect_code(0);
    git(&["commit", "--quiet", "--allow-empty", "--message", "bad"]);
    let bad = git(&["rev-parse", "HEAD"]);
    let _ = guarded.version("v2", "ok");
    guarded.set(&[("lb", "v2")]);
    guarded.up(false);
    let checkout = format!("checkout --detach {good}");
    let plan = guarded.backout(&["plan"]).expect_code(0).stdout;
    assert!(plan.contains(&checkout) && plan.contains(&bad[..10]), "{plan}");
    let ended = guarded.backout(&["rollback", "--yes"]).expect_code(0);
    assert!(ended.stderr.contains(&checkout), "{}", ended.stderr);
    assert_eq!(super::git(&["-C", &guarded.folder().display().to_string(), "rev-parse", "HEAD"]).trim(), bad);
}
