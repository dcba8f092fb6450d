//! Releases whose history is not straight: failed revisions, and operations that a dead client left.

use backout_kube_double::Behaviour;
use backout_testkit::kube::Generation;
use rustix::process::Signal;

use crate::site::{SOON, Site};

/// The status label of a revision's record, as the API server has it.
fn label(site: &Site, revision: u32) -> Option<String> {
    let name = format!("sh.helm.release.v1.shop.v{revision}");
    let secret = site.double.object("v1", "Secret", "default", &name)?;
    Some(secret["metadata"]["labels"]["status"].as_str()?.to_owned())
}

#[track_caller]
fn waits_for(site: &Site, revision: u32, status: &str) {
    let is_so = || label(site, revision).as_deref() == Some(status);
    assert!(site.double.eventually(SOON, |_| is_so()), "{:?}", label(site, revision));
}

#[track_caller]
fn kills(site: &Site, arguments: &[&str], revision: u32, status: &str) {
    let mut helm = site.clients.command("helm", arguments).spawn().unwrap();
    waits_for(site, revision, status);
    helm.kill().unwrap();
    helm.wait().unwrap();
}

fn upgrade<'a>(set: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&["upgrade", "shop", "chart", "--set", set], options].concat()
}

#[track_caller]
fn both(test: &str, run: impl Fn(&Site) + Sync) {
    std::thread::scope(|scope| {
        for generation in Generation::BOTH {
            let run = &run;
            scope.spawn(move || Site::release(test, generation).iter().for_each(run));
        }
    });
}

/// `backout rollback`, which must arrive at those images and that manifest.
#[track_caller]
fn rolls_back_to(site: &Site, good: &[String], manifest: &str, more: &[&str]) {
    let ended = site.backout(&[&["rollback", "--yes"], more].concat()).expect_code(0);
    assert_eq!(site.journal().result().as_deref(), Some("rolled_back"));
    assert_eq!(site.running(), good, "{}", ended.stderr);
    let (_, status, now) = site.released();
    assert_eq!((status.as_str(), now.as_str()), ("deployed", manifest));
}

#[test]
fn the_good_revision_is_chosen_where_the_one_before_has_failed() {
    both("the_good_revision_is_chosen_where_the_one_before_has_failed", |site| {
        let (good, (.., manifest)) = (site.running(), site.released());
        assert!(!site.clients.helm(&upgrade("tag=2-missing", &["--wait", "--timeout", "1s"])).is_ok());
        assert!(!site.clients.helm(&upgrade("tag=3-crash", &["--wait", "--timeout", "1s"])).is_ok());
        assert_eq!(label(site, 2).as_deref(), Some("failed"));
        rolls_back_to(site, &good, &manifest, &[]);
    });
}

#[test]
fn an_upgrade_that_was_killed_is_refused_by_name_and_repaired_when_forced() {
    both("an_upgrade_that_was_killed_is_refused_by_name_and_repaired_when_forced", |site| {
        let (good, (.., manifest)) = (site.running(), site.released());
        kills(site, &upgrade("tag=2-never-ready", &["--wait", "--timeout", "300s"]), 2, "pending-upgrade");
        let refused = site.backout(&["rollback", "--yes"]);
        assert!(refused.stderr.contains("operation-in-progress"), "{}", refused.stderr);
        assert_eq!(label(site, 2).as_deref(), Some("pending-upgrade"));
        rolls_back_to(site, &good, &manifest, &["--force", "operation-in-progress"]);
        assert_eq!(label(site, 2).as_deref(), Some("failed"));
    });
}

#[test]
fn a_rollback_of_helm_that_was_killed_is_repaired() {
    both("a_rollback_of_helm_that_was_killed_is_repaired", |site| {
        let (good, (.., manifest)) = (site.running(), site.released());
        drop(site.clients.helm(&upgrade("tag=2", &["--wait", "--timeout", "60s"])).ok());
        site.double.image("shop/web:1", Behaviour::NeverReady);
        kills(site, &["rollback", "shop", "1", "--wait", "--timeout", "300s"], 3, "pending-rollback");
        site.double.image("shop/web:1", Behaviour::Ready);
        site.double.become_behaviour("default", "web", Behaviour::Ready);
        // Pods that come and go between a plan and its run would make it stale.
        site.clients.kubectl(&["rollout", "status", "deployment/web", "--timeout=60s"]).ok();
        rolls_back_to(site, &good, &manifest, &["--force", "operation-in-progress"]);
        assert_eq!(label(site, 3).as_deref(), Some("failed"));
    });
}

/// The guarded deploy's own helm dies: nobody has to force anything.
#[test]
fn an_upgrade_that_dies_under_guard_goes_back() {
    both("an_upgrade_that_dies_under_guard_goes_back", |site| {
        let (good, (.., manifest)) = (site.running(), site.released());
        let script = "helm upgrade shop chart --set tag=2-slow --wait --timeout 300s & sleep 1; kill -9 $!; wait $!";
        let ended = site.guard(&["sh", "-c", script]);
        site.went_back(&ended);
        assert_eq!(site.running(), good);
        let (_, status, now) = site.released();
        assert_eq!((status.as_str(), now), ("deployed", manifest));
    });
}

#[test]
fn an_interrupt_during_a_rollback_leaves_no_release_stuck_and_resume_ends_it() {
    both("an_interrupt_during_a_rollback_leaves_no_release_stuck_and_resume_ends_it", |site| {
        let (good, (.., manifest)) = (site.running(), site.released());
        drop(site.clients.helm(&upgrade("tag=2", &["--wait", "--timeout", "60s"])).ok());
        site.double.image("shop/web:1", Behaviour::NeverReady);
        let mut run = site.start(&["rollback", "--yes"]);
        waits_for(site, 3, "pending-rollback");
        run.signal(Signal::INT);
        // The step goes on for a minute and more, and so does the process, unless somebody insists.
        std::thread::sleep(std::time::Duration::from_secs(1));
        assert!(run.is_running() && label(site, 3).as_deref() == Some("pending-rollback"));
        run.signal(Signal::INT);
        let interrupted = run.wait().expect_code(130);
        let said = &interrupted.stderr;
        assert!(said.contains("finishing step") && said.contains("Ctrl-C again interrupts it"), "{said}");
        assert!(said.contains("backout resume"), "{said}");
        assert!(site.journal().newest("run_ended").is_none(), "{said}");
        assert_eq!(label(site, 3).as_deref(), Some("failed"), "{}", interrupted.stderr);
        site.double.image("shop/web:1", Behaviour::Ready);
        site.double.become_behaviour("default", "web", Behaviour::Ready);
        let ended = site.backout(&["resume"]).expect_code(0);
        assert_eq!(site.running(), good, "{}", ended.stderr);
        let (_, status, now) = site.released();
        assert_eq!((status.as_str(), now.as_str()), ("deployed", manifest.as_str()));
    });
}

/// The way back comes to an end of its own when what ran before does not run any more, and says what there is.
#[test]
fn a_rollback_whose_old_pods_crash_under_way_ends_and_says_what_runs() {
    both("a_rollback_whose_old_pods_crash_under_way_ends_and_says_what_runs", |site| {
        drop(site.clients.helm(&upgrade("tag=2-crash", &[])).ok());
        let run = site.start(&["rollback", "--yes"]);
        waits_for(site, 3, "pending-rollback");
        site.double.image("shop/web:1", Behaviour::Crash);
        site.double.become_behaviour("default", "web", Behaviour::Crash);
        let ended = run.wait().expect_code(4);
        assert_eq!(site.journal().result().as_deref(), Some("not_verified"));
        let said = &ended.stderr;
        assert!(said.contains("CrashLoopBackOff") && said.contains("not back: `shop` runs"), "{said}");
        let (newest, status, _) = site.released();
        assert!(newest >= 3 && !status.starts_with("pending"), "revision {newest} is {status}");
    });
}
