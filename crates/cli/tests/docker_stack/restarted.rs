//! Services that are started anew on purpose: the same containers, in order, and nothing goes back.

use std::time::Duration;

use backout_testkit::guarded::wait_until;
use serde_json::Value;

use super::{SERVICES, ids, running_well};

#[test]
fn a_restart_starts_the_same_containers_again_in_the_order_of_their_dependencies() {
    let test = "a_restart_starts_the_same_containers_again_in_the_order_of_their_dependencies";
    let Some((guarded, good)) = running_well(test) else { return };
    let (containers, before) = (ids(&guarded), guarded.seen());
    let ended = guarded.backout(&["restart", "web", "api", "--reason", "it hangs", "--json"]).expect_code(0);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let order: Vec<&str> =
        document["restarted"].as_array().unwrap().iter().map(|one| one["service"].as_str().unwrap()).collect();
    assert_eq!(order, ["api", "web"], "{}", ended.stdout);
    assert_eq!(ids(&guarded), containers, "no container is made anew");
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    let since = |name: &str| guarded.one(name).started_at;
    assert!(since("api") < since("web"));
    for service in SERVICES {
        let was = &before[service.name][0].started_at;
        assert_eq!(since(service.name) != *was, order.contains(&service.name), "`{}`", service.name);
    }
    let records = guarded.journal().since(0);
    let told = records.iter().filter(|record| record.kind == "service_restarted");
    let stages: Vec<_> =
        told.filter_map(|it| Some((it.text("/restart/service")?, it.text("/restart/stage/is")?))).collect();
    assert_eq!(stages, [("api", "intended"), ("api", "done"), ("web", "intended"), ("web", "done")]);
    let history = guarded.backout(&["history"]).expect_code(0).stdout;
    assert!(history.contains("`web` was started anew by "), "{history}");
}

#[test]
fn a_service_that_has_ended_runs_again_after_a_restart() {
    let Some((guarded, good)) = running_well("a_service_that_has_ended_runs_again_after_a_restart") else { return };
    let before = guarded.one("lb").id;
    let _ = guarded.project().compose(&["stop", "--timeout", "1", "lb"]);
    guarded.backout(&["restart", "lb"]).expect_code(0);
    let lb = guarded.one("lb");
    assert!(lb.id == before && lb.runs_well(&good), "{lb:?}");
}

#[test]
fn a_restart_that_does_not_help_says_so_and_leaves_the_rest_alone() {
    let test = "a_restart_that_does_not_help_says_so_and_leaves_the_rest_alone";
    let Some((mut guarded, _)) = running_well(test) else { return };
    let _ = guarded.version("v2-bad", "unhealthy");
    guarded.set(&[("web", "v2-bad")]);
    let _ = guarded.project().compose(&["up", "--detach", "--no-deps", "web"]);
    let lb = guarded.one("lb").started_at;
    let ended = guarded.backout(&["restart", "lb", "web", "--within", "5s"]).expect_code(6);
    assert!(ended.stderr.contains("`web` is not well after its restart"), "{}", ended.stderr);
    assert!(ended.stderr.contains("not started anew because of that: `lb`"), "{}", ended.stderr);
    assert!(ended.stderr.contains("rollback --service web"), "{}", ended.stderr);
    assert_eq!(guarded.one("lb").started_at, lb);
}

#[test]
fn a_restart_is_refused_while_somebody_else_holds_the_environment() {
    let test = "a_restart_is_refused_while_somebody_else_holds_the_environment";
    let Some((guarded, _)) = running_well(test) else { return };
    let (web, before) = (guarded.one("web").started_at, guarded.journal().last());
    let guard = guarded.guard(&["sleep".to_owned(), "30".to_owned()]);
    wait_until("the deploy command to run", Duration::from_secs(60), || {
        guarded.journal().since(before).iter().any(|record| record.kind == "deploy_spawned")
    });
    let refused = guarded.backout(&["restart", "web"]).expect_code(7);
    assert!(refused.stderr.contains("backout status"), "{}", refused.stderr);
    assert_eq!(guarded.one("web").started_at, web);
    guard.kill();
}
