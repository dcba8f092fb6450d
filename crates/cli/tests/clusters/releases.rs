//! A release that is deployed with `helm`, of both generations, and goes back.

use backout_kube_double::Behaviour;
use backout_testkit::kube::Generation;

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

#[test]
fn an_upgrade_whose_hook_fails_goes_back() {
    both("an_upgrade_whose_hook_fails_goes_back", |site| goes_back(site, "tag=2,migration=2-fail"));
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
