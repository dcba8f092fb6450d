//! Applications of Argo CD, deployed by whoever writes their resource, and taken back.

use serde_json::json;

use crate::argocd::stage::{
    PIN, REPOSITORY, application, automated, commit, is_settled, shop, site, state, sync, until, window,
};

#[test]
fn a_rollback_pauses_auto_sync_says_so_and_rearm_puts_it_back_as_it_was() {
    let test = "a_rollback_pauses_auto_sync_says_so_and_rearm_puts_it_back_as_it_was";
    let Some(site) = site(test, &automated()) else { return };
    let good = site.running();
    let ended = site.guard(&["sh", "-c", PIN]);
    site.went_back(&ended);
    assert_eq!(site.running(), good, "{}", ended.stderr);
    // What git says is newer than what runs: that is how it has to be.
    assert_eq!(state(&site), ["aaa", "Succeeded", "OutOfSync", "Healthy"], "{}", ended.stderr);
    assert_eq!(shop(&site).pointer("/spec/syncPolicy/automated"), None);
    let status = site.backout(&["status"]).expect_code(0);
    assert!(status.stdout.contains("auto-sync paused by backout"), "{}", status.stdout);

    // The fix is merged, and auto-sync is switched on again.
    let pin = json!({"spec": {"source": {"targetRevision": "aaa"}}}).to_string();
    drop(site.clients.kubectl(&["patch", "application", "shop", "-n", "argocd", "--type=merge", "-p", &pin]).ok());
    site.backout(&["rearm"]).expect_code(0);
    assert_eq!(shop(&site).pointer("/spec/syncPolicy/automated"), Some(&json!({"prune": true})));
    let twice = site.backout(&["rearm"]).expect_code(0);
    assert!(twice.stderr.contains("was not paused by backout"), "{}{}", twice.stdout, twice.stderr);
}

#[test]
fn a_sync_that_somebody_ran_by_hand_goes_back() {
    let Some(site) = site("a_sync_that_somebody_ran_by_hand_goes_back", &json!({})) else { return };
    let good = site.running();
    let operation = r#"{"operation":{"sync":{"revision":"bbb"},"initiatedBy":{"username":"me"}}}"#;
    let script = format!("kubectl patch application shop -n argocd --type=merge -p '{operation}'");
    let ended = site.guard(&["sh", "-c", &script]);
    site.went_back(&ended);
    assert_eq!(site.running(), good, "{}", ended.stderr);
    assert_eq!(state(&site)[0], "aaa");
}

#[test]
fn an_operation_of_somebody_else_is_refused_by_name_and_taken_over_when_forced() {
    let test = "an_operation_of_somebody_else_is_refused_by_name_and_taken_over_when_forced";
    let Some(site) = site(test, &json!({})) else { return };
    let good = site.running();
    sync(&site, "bbb");
    until(&site, "the bad sync", |site| is_settled(site) && state(site)[0] == "bbb");
    window(&site, true);
    sync(&site, "bbb");
    until(&site, "a second operation", |site| state(site)[1] == "Running");
    let refused = site.backout(&["rollback", "--yes"]);
    assert!(refused.stderr.contains("operation-in-progress"), "{}", refused.stderr);
    assert_eq!(state(&site)[1], "Running");
    window(&site, false);
    let ended = site.backout(&["rollback", "--yes", "--force", "operation-in-progress"]).expect_code(0);
    assert_eq!(site.running(), good, "{}", ended.stderr);
}

#[test]
fn a_sync_window_is_said_and_leaves_no_operation_behind() {
    let Some(site) = site("a_sync_window_is_said_and_leaves_no_operation_behind", &json!({})) else { return };
    let good = site.running();
    sync(&site, "bbb");
    until(&site, "the bad sync", |site| is_settled(site) && state(site)[0] == "bbb");
    window(&site, true);
    let ended = site.backout(&["rollback", "--yes"]);
    assert_ne!(ended.code, 0);
    assert!(ended.stderr.contains("sync window"), "{}", ended.stderr);
    assert_eq!(shop(&site).get("operation"), None, "{}", ended.stderr);
    window(&site, false);
    // Nothing begins by itself now that the window is open, and what is said to run runs.
    assert_eq!(state(&site)[0], "bbb");
    let told = site.journal().newest("run_ended").unwrap();
    assert!(told.text("/summary").unwrap().contains("not back: `shop` is at bbb"), "{told:?}");
    let ended = site.backout(&["rollback", "--yes", "--force", "destination-unhealthy"]).expect_code(0);
    assert_eq!(site.running(), good, "{}", ended.stderr);
}

#[test]
fn a_parent_that_switches_auto_sync_on_again_is_named() {
    let Some(site) = site("a_parent_that_switches_auto_sync_on_again_is_named", &automated()) else { return };
    let repository = "https://git.example/apps";
    let mut child = application("shop", REPOSITORY, "bbb", &automated());
    child["metadata"]["labels"] = json!({"app.kubernetes.io/instance": "apps"});
    commit(&site, repository, "ppp", vec![child]);
    site.double.apply(&application("apps", repository, "HEAD", &json!({"automated": {"selfHeal": true}}))).unwrap();
    until(&site, "the bad sync", |site| is_settled(site) && state(site)[0] == "bbb");
    let plan = site.backout(&["plan"]);
    assert!(plan.stdout.contains("Application `apps`"), "{}{}", plan.stdout, plan.stderr);
    let ended = site.backout(&["rollback", "--yes"]);
    assert!(ended.stderr.contains("Application `apps`"), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    // It does what was said: the bad one is back, with auto-sync on.
    until(&site, "the parent to have its way", |site| is_settled(site) && state(site)[0] == "bbb");
    assert_eq!(shop(&site).pointer("/spec/syncPolicy/automated"), Some(&json!({"prune": true})));
}
