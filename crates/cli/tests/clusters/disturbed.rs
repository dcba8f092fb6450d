//! What goes wrong with the API server while a release or an Application goes back, and who else would go back meanwhile.

use std::time::Duration;

use backout_kube_double::{Fault, FaultKind, Instruction, Timings};
use backout_testkit::guarded::wait_until;
use backout_testkit::kube::Generation;
use serde_json::json;

use crate::argocd::stage as argo;
use crate::site::{SOON, Site};

fn answer(code: u16, retry_after: Option<u64>) -> FaultKind {
    FaultKind::Answer { code, retry_after }
}

/// What can go wrong: verb, path, kind. Each strikes twice in a row.
fn faults(written: &str) -> Vec<(&'static str, String, FaultKind)> {
    vec![
        ("update", written.to_owned(), answer(409, None)),
        ("", String::new(), answer(429, Some(1))),
        ("", String::new(), answer(500, None)),
        ("", String::new(), answer(503, None)),
        ("update", written.to_owned(), FaultKind::LoseAnswer),
        ("watch", String::new(), FaultKind::EndWatch { events: 0 }),
        ("watch", String::new(), FaultKind::ExpireWatch { events: 0 }),
    ]
}

/// Each fault strikes at three points: before the plan, in the middle of the step's writes, and while it waits. The API
/// server is also away for ten seconds in the middle.
#[track_caller]
fn goes_back_through(site: &Site, written: &str, case: &Case<'_>) {
    for (verb, path, kind) in faults(written) {
        for point in 0..3 {
            (case.breaks)();
            let strike = || site.double.fault(Fault::new(verb, &path, 2, kind.clone()));
            if point == 0 {
                strike();
            }
            let run = site.start(&["rollback", "--yes"]);
            if point > 0 {
                let moment: &dyn Fn() -> bool = if point == 1 { &|| is_at_the_step(site) } else { case.waits };
                wait_until("the step", SOON, moment);
                strike();
            }
            let ended = run.wait();
            site.double.tell(Instruction::NoFaults);
            assert_eq!(ended.code, 0, "{verb} {kind:?} at point {point}: {}", ended.stderr);
            (case.is_back)(&format!("{verb} {kind:?} at point {point}: {}", ended.stderr));
        }
    }
    (case.breaks)();
    let run = site.start(&["rollback", "--yes"]);
    wait_until("the step", SOON, case.waits);
    site.double.away(Duration::from_secs(10));
    let ended = run.wait();
    assert_eq!(ended.code, 0, "away: {}", ended.stderr);
    (case.is_back)("away");
}

struct Case<'a> {
    breaks: &'a dyn Fn(),
    waits: &'a dyn Fn() -> bool,
    is_back: &'a dyn Fn(&str),
}

/// The evidence is kept, and the switch has begun.
fn is_at_the_step(site: &Site) -> bool {
    let newest = site.journal().since(0).pop();
    newest.is_some_and(|record| record.kind == "step_intended" && record.body["step"] != 1)
}

#[test]
fn a_release_goes_back_through_what_goes_wrong_with_the_server() {
    let test = "a_release_goes_back_through_what_goes_wrong_with_the_server";
    let Some(site) = Site::release(test, Generation::Helm4) else { return };
    let (good, (.., manifest)) = (site.running(), site.released());
    let is_pending = || {
        let records = site.double.objects("v1", "Secret", "default");
        records.iter().any(|record| record["metadata"]["labels"]["status"] == "pending-rollback")
    };
    let case = Case {
        breaks: &|| drop(site.clients.helm(&["upgrade", "shop", "chart", "--set", "tag=2-missing,mode=new"]).ok()),
        waits: &is_pending,
        is_back: &|at| {
            assert_eq!(site.running(), good, "{at}");
            let (_, status, now) = site.released();
            assert_eq!((status.as_str(), &now), ("deployed", &manifest), "{at}");
            assert!(!is_pending(), "{at}");
            assert_eq!(site.says("configmap/web", ".data.MODE"), "fine", "{at}");
        },
    };
    goes_back_through(&site, "/secrets/sh.helm", &case);
}

#[test]
fn an_application_goes_back_through_what_goes_wrong_with_the_server() {
    let test = "an_application_goes_back_through_what_goes_wrong_with_the_server";
    let Some(site) = argo::site(test, &argo::automated()) else { return };
    site.double.tell(Instruction::Timings(Timings { sync: 300, ..Timings::default() }));
    let good = site.running();
    let is_paused = || argo::shop(&site).pointer("/spec/syncPolicy/automated").is_none();
    let case = Case {
        breaks: &|| {
            if is_paused() {
                site.backout(&["rearm"]).expect_code(0);
            } else {
                assert!(site.shell(argo::PIN).output().unwrap().status.success());
            }
            argo::until(&site, "the bad sync", |site| argo::is_settled(site) && argo::state(site)[0] == "bbb");
            site.double.forget_requests();
        },
        waits: &|| argo::text(&argo::shop(&site), "/status/operationState/operation/initiatedBy/username") == "backout",
        is_back: &|at| {
            assert_eq!(argo::state(&site), ["aaa", "Succeeded", "OutOfSync", "Healthy"], "{at}");
            assert_eq!(site.running(), good, "{at}");
            let paused = "/metadata/annotations/backout.dev~1paused-auto-sync";
            assert!(is_paused() && argo::text(&argo::shop(&site), paused) == r#"{"prune":true}"#, "{at}");
        },
    };
    goes_back_through(&site, "/applications/shop", &case);
}

#[test]
fn a_second_rollback_is_told_who_holds_the_release_or_the_application() {
    let test = "a_second_rollback_is_told_who_holds_the_release_or_the_application";
    let Some(release) = Site::release(test, Generation::Helm4) else { return };
    drop(release.clients.helm(&["upgrade", "shop", "chart", "--set", "tag=2-missing"]).ok());
    let Some(application) = argo::site(test, &json!({})) else { return };
    argo::sync(&application, "bbb");
    argo::until(&application, "the bad sync", |site| argo::is_settled(site) && argo::state(site)[0] == "bbb");
    for site in [release, application] {
        // The first must not be through within the moment that the second waits for it.
        for (verb, path) in [("create", "/secrets"), ("patch", "/applications/shop"), ("update", "/applications/shop")]
        {
            site.double.fault(Fault::new(verb, path, 1, FaultKind::Delay { milliseconds: 4_000 }));
        }
        let first = site.start(&["rollback", "--yes"]);
        wait_until("the first", SOON, || site.journal().newest("plan_made").is_some());
        let second = site.backout(&["rollback", "--yes"]).expect_code(7);
        assert!(second.stderr.contains(&format!("process {}", first.pid())), "{}", second.stderr);
        first.wait().expect_code(0);
    }
}
