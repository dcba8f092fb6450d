//! A release that is deployed with `helm`, of both generations, and goes back.

use backout_kube_double::Behaviour;
use backout_testkit::kube::Generation;
use serde_json::Value;

use crate::manifests::secret;
use crate::site::Site;

/// Guards an upgrade that must go back, and asserts that Helm, `kubectl` and the pods agree that it has.
#[track_caller]
fn goes_back(site: &Site, set: &str) {
    let good = site.running();
    let (revision, _, manifest) = site.released();
    let ended = site.guard_upgrade(set);
    site.went_back(&ended);
    assert_eq!(site.running(), good, "{}", ended.stderr);
    assert_eq!(good.len(), 2);
    let (newest, status, now) = site.released();
    assert_eq!((status.as_str(), now), ("deployed", manifest), "{}", ended.stderr);
    assert!(newest > revision);
    assert_eq!(site.says("configmap/web", ".data.MODE"), "fine");
    // Nothing is stuck: the next upgrade goes through.
    let next = ["upgrade", "shop", "chart", "--set", "tag=3", "--wait", "--timeout", "60s"];
    drop(site.clients.helm(&next).ok());
}

#[track_caller]
pub(crate) fn both(test: &str, run: impl Fn(&Site) + Sync) {
    std::thread::scope(|scope| {
        for generation in Generation::BOTH {
            let run = &run;
            scope.spawn(move || Site::release(test, generation).iter().for_each(run));
        }
    });
}

#[test]
fn an_upgrade_to_a_bad_image_tag_goes_back() {
    both("an_upgrade_to_a_bad_image_tag_goes_back", |site| goes_back(site, "tag=2-missing"));
}

#[test]
fn an_upgrade_that_crashes_goes_back() {
    both("an_upgrade_that_crashes_goes_back", |site| goes_back(site, "tag=2-crash"));
}

#[test]
fn an_upgrade_that_waits_for_pods_that_are_never_ready_goes_back() {
    both("an_upgrade_that_waits_for_pods_that_are_never_ready_goes_back", |site| {
        site.grants("2s");
        goes_back(site, "tag=2-never-ready");
        let exit = site.journal().newest("deploy_ended").unwrap().body["exit"].to_string();
        assert!(exit.contains("its readiness probe (HTTP GET / on port 80) has not passed for"), "{exit}");
    });
}

#[test]
fn an_upgrade_whose_configuration_breaks_the_application_goes_back() {
    both("an_upgrade_whose_configuration_breaks_the_application_goes_back", |site| {
        site.double.configuration("web", "MODE", "broken", Behaviour::Crash);
        goes_back(site, "mode=broken");
    });
}

/// Guards an upgrade one of whose hooks fails: `helm` says so itself, and the rollback runs none of them.
#[track_caller]
fn goes_back_from_hook(site: &Site, set: &str, job: &str) {
    let good = site.running();
    let (.., manifest) = site.released();
    let ended = site.guard_upgrade(set);
    site.went_back(&ended);
    let exit = site.journal().newest("deploy_ended").unwrap().body["exit"].clone();
    assert!(exit["code"].as_i64().is_some_and(|code| code != 0), "it ended by itself: {exit}");
    assert_eq!(site.running(), good, "{}", ended.stderr);
    let (newest, status, now) = site.released();
    assert_eq!((newest, status.as_str(), now), (3, "deployed", manifest), "{}", ended.stderr);
    let history = site.clients.helm(&["history", "shop", "-o", "json"]).ok();
    let history: Vec<Value> = serde_json::from_str(&history).unwrap();
    let said: Vec<(&str, bool)> = history
        .iter()
        .map(|revision| (revision["status"].as_str().unwrap(), revision["description"] == "Rollback to 1"))
        .collect();
    assert_eq!(said, [("superseded", false), ("failed", false), ("deployed", true)], "{history:#?}");
    // The failed one, as its upgrade left it: nothing has run it again.
    assert_eq!(site.says(&format!("job/{job}"), ".status.failed"), "1");
    let pods = site.double.objects("v1", "Pod", "default");
    assert_eq!(pods.iter().filter(|pod| pod["metadata"]["labels"]["job-name"] == job).count(), 1);
}

#[test]
fn an_upgrade_whose_pre_upgrade_hook_fails_goes_back() {
    both("an_upgrade_whose_pre_upgrade_hook_fails_goes_back", |site| {
        goes_back_from_hook(site, "tag=2,mode=new,migration=2-fail", "migration");
    });
}

/// All pods are of the new revision, and well: only `helm` knows that it failed.
#[test]
fn an_upgrade_whose_post_upgrade_hook_fails_goes_back() {
    both("an_upgrade_whose_post_upgrade_hook_fails_goes_back", |site| {
        goes_back_from_hook(site, "tag=2,mode=new,smoke=2-fail", "smoke");
        assert_eq!(site.says("configmap/web", ".data.MODE"), "fine");
    });
}

#[test]
fn a_secret_that_was_rotated_since_stays_when_a_release_goes_back() {
    both("a_secret_that_was_rotated_since_stays_when_a_release_goes_back", |site| {
        site.apply(&secret("rotated"));
        site.double.configuration("db", "PASSWORD", "old", Behaviour::Crash);
        goes_back(site, "tag=2-missing");
        assert_eq!(site.says("secret/db", ".data.PASSWORD"), "cm90YXRlZA==");
    });
}

#[test]
fn a_revision_is_a_target_and_one_that_never_ran_is_none() {
    let test = "a_revision_is_a_target_and_one_that_never_ran_is_none";
    let Some(site) = Site::release(test, Generation::Helm4) else { return };
    let (first, (_, _, manifest)) = (site.running(), site.released());
    drop(site.clients.helm(&["upgrade", "shop", "chart", "--set", "tag=2", "--wait", "--timeout", "60s"]).ok());
    site.is_good();
    assert_ne!(site.running(), first);

    let unknown = site.backout(&["rollback", "99", "--yes"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    assert!(unknown.stderr.contains("these are known: `2`, `1`"), "{}", unknown.stderr);

    let plan = site.backout(&["plan", "1"]);
    assert!(plan.stdout.contains("`1` is `cp-") && plan.stdout.contains("of revision 1 then"), "{}", plan.stdout);
    site.backout(&["rollback", "1", "--yes"]).expect_code(0);
    assert_eq!(site.running(), first);
    assert_eq!(site.released().2, manifest);
}
