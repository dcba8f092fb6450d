//! Rule 7 on clusters: a rollback is run once undisturbed to count its records, then killed at each of them, and at what is
//! seen of it in the cluster between two records.

use std::cell::Cell;

use backout_kube_double::{Behaviour, Instruction, Timings};
use backout_testkit::guarded::{end_all_of, wait_until};
use backout_testkit::kube::Generation;
use serde_json::{Value, json};

use crate::argocd::stage::{self as argo, PIN, shop};
use crate::releases::both;
use crate::site::{SOON, Site};

/// A rollback that is killed.
struct Case<'a> {
    /// Breaks what runs.
    breaks: &'a dyn Fn(),
    /// What the cluster shows in the middle of a step, and how that is called.
    moments: &'a [(&'a str, &'a dyn Fn() -> bool)],
    /// Asserts what holds while nobody goes on yet.
    is_told: &'a dyn Fn(&str),
    /// Asserts that all is as it was.
    is_back: &'a dyn Fn(&str),
}

impl Case<'_> {
    #[track_caller]
    fn killed_anywhere(&self, site: &Site) {
        (self.breaks)();
        let before = site.journal().last();
        site.backout(&["rollback", "--yes"]).expect_code(0);
        (self.is_back)("undisturbed");
        let points = site.journal().since(before).len();
        assert!(points >= 8, "a rollback has {points} records only");
        for (moment, is_there) in self.moments {
            self.killed(site, moment, |_| is_there());
        }
        for point in 1..=points {
            self.killed(site, &format!("record {point}"), |before| {
                site.journal().last() >= before + i64::try_from(point).unwrap()
            });
        }
    }

    #[track_caller]
    fn killed(&self, site: &Site, moment: &str, is_there: impl Fn(i64) -> bool) {
        (self.breaks)();
        let before = site.journal().last();
        let mut run = site.start(&["rollback", "--yes"]);
        let mut is_reached = false;
        wait_until(moment, SOON, || {
            is_reached = is_there(before);
            // Whoever was killed after its last record left a lease behind.
            if !is_reached && !run.is_running() && site.journal().last() == before {
                run = site.start(&["rollback", "--yes"]);
            }
            is_reached || !run.is_running()
        });
        // The last record may be there only once the run has ended.
        assert!(is_reached || is_there(before), "{moment} was not reached: {:?}", run.wait());
        run.kill();
        let records = site.journal().since(before);
        let kind = records.last().map(|record| record.kind.clone()).unwrap_or_default();
        let at = format!("killed at {moment}, {kind}");
        (self.is_told)(&at);
        if kind != "run_ended" {
            resumed(site, &at);
        }
        assert_eq!(site.journal().result().as_deref(), Some("rolled_back"), "{at}");
        (self.is_back)(&at);
    }
}

#[test]
fn a_rollback_of_a_workload_killed_at_any_record_arrives_at_the_same_end_state() {
    let test = "a_rollback_of_a_workload_killed_at_any_record_arrives_at_the_same_end_state";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    let good = site.running();
    let case = Case {
        breaks: &|| drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2-missing"]).ok()),
        moments: &[],
        is_told: &|_| (),
        is_back: &|at| assert_eq!(site.running(), good, "{at}"),
    };
    case.killed_anywhere(&site);
}

/// The revisions of the release, oldest first, as `helm` has them: number, status, description.
fn history(site: &Site) -> Vec<(u64, String, String)> {
    let text = site.clients.helm(&["history", "shop", "--max", "1000", "-o", "json"]).ok();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let word = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    rows.iter().map(|row| (row["revision"].as_u64().unwrap(), word(row, "status"), word(row, "description"))).collect()
}

#[test]
fn a_rollback_of_a_release_killed_anywhere_is_made_once_and_leaves_nothing_pending() {
    both("a_rollback_of_a_release_killed_anywhere_is_made_once_and_leaves_nothing_pending", |site| {
        let (good, (.., manifest)) = (site.running(), site.released());
        let newest = || {
            let records = site.double.objects("v1", "Secret", "default").into_iter();
            let labels = records.map(|record| record["metadata"]["labels"].clone()).filter(|it| it["owner"] == "helm");
            let number = |labels: &Value| argo::text(labels, "/version").parse::<u64>().unwrap();
            let newest = labels.max_by_key(number).unwrap();
            (number(&newest), argo::text(&newest, "/status"))
        };
        let broken = Cell::new(0);
        let case = Case {
            breaks: &|| {
                let upgrade = ["upgrade", "shop", "chart", "--set", "tag=2-missing,mode=new", "--history-max", "0"];
                drop(site.clients.helm(&upgrade).ok());
                broken.set(newest().0);
            },
            moments: &[
                ("the release being pending-rollback", &|| newest().1 == "pending-rollback"),
                ("the revision being deployed", &|| newest() == (broken.get() + 1, "deployed".to_owned())),
            ],
            is_told: &|_| (),
            is_back: &|at| {
                assert_eq!(site.running(), good, "{at}");
                let (revision, status, now) = site.released();
                assert_eq!((status.as_str(), &now), ("deployed", &manifest), "{at}");
                assert_eq!(revision, broken.get() + 1, "{at}: {:?}", history(site));
                assert!(history(site).iter().all(|(_, status, _)| !status.starts_with("pending")), "{at}");
                assert_eq!(site.says("configmap/web", ".data.MODE"), "fine", "{at}");
            },
        };
        case.killed_anywhere(site);
    });
}

/// `helm` waits for pods when the process that started it is killed, and is still at it when somebody goes on; and the same
/// where the whole machine has gone.
#[test]
fn a_helm_that_outlives_a_killed_rollback_is_followed_and_one_that_died_is_repaired() {
    both("a_helm_that_outlives_a_killed_rollback_is_followed_and_one_that_died_is_repaired", |site| {
        let (good, (.., manifest)) = (site.running(), site.released());
        site.double.tell(Instruction::Timings(Timings { slow: 3_000, ..Timings::default() }));
        site.double.image("shop/web:1", Behaviour::Slow);
        for (dies, expected) in [(false, &["deployed"][..]), (true, &["failed", "deployed"][..])] {
            drop(site.clients.helm(&["upgrade", "shop", "chart", "--set", "tag=2", "--wait", "--timeout", "60s"]).ok());
            let (bad, ..) = site.released();
            let run = site.start(&["rollback", "--yes"]);
            let newest = || history(site).pop().unwrap();
            wait_until("the rollback", SOON, || newest().1 == "pending-rollback");
            run.kill();
            if dies {
                end_all_of(site.clients.folder());
            }
            resumed(site, "");
            assert_eq!(site.running(), good);
            assert_eq!((site.released().1.as_str(), site.released().2), ("deployed", manifest.clone()));
            let made: Vec<String> =
                history(site).into_iter().filter(|row| row.0 > bad).map(|(_, status, _)| status).collect();
            assert_eq!(made, expected);
        }
    });
}

/// Goes on with a run whose process was killed, as soon as its lease has expired.
#[track_caller]
fn resumed(site: &Site, at: &str) {
    wait_until("the lease of the killed process to expire", SOON, || {
        let ended = site.backout(&["resume"]);
        assert!([0, 7].contains(&ended.code), "{at}: {ended:?}");
        ended.code == 0
    });
}

/// The operations that `backout` has set since the last look, as the API server took them.
fn operations(site: &Site) -> Vec<Value> {
    let requests = site.double.requests();
    site.double.forget_requests();
    let written = requests.iter().filter(|it| it.method == "PUT" && it.path.ends_with("/shop") && it.code == 200);
    let bodies = written.filter_map(|request| serde_json::from_str::<Value>(&request.body).ok());
    bodies.filter_map(|body| body.get("operation").cloned()).collect()
}

#[test]
fn a_rollback_of_an_application_killed_anywhere_is_made_once_and_auto_sync_is_not_forgotten() {
    let test = "a_rollback_of_an_application_killed_anywhere_is_made_once_and_auto_sync_is_not_forgotten";
    let Some(site) = argo::site(test, &argo::automated()) else { return };
    site.double.tell(Instruction::Timings(Timings { sync: 400, ..Timings::default() }));
    let good = site.running();
    let paused = "/metadata/annotations/backout.dev~1paused-auto-sync";
    let is_paused = || shop(&site).pointer("/spec/syncPolicy/automated").is_none();
    let phase = || argo::text(&shop(&site), "/status/operationState/phase");
    let is_ours = || argo::text(&shop(&site), "/status/operationState/operation/initiatedBy/username") == "backout";
    let case = Case {
        // What is deployed stays pinned: auto-sync brings it again as soon as it is on.
        breaks: &|| {
            if is_paused() {
                site.backout(&["rearm"]).expect_code(0);
                assert_eq!(shop(&site).pointer("/spec/syncPolicy/automated"), Some(&json!({"prune": true})));
            } else {
                assert!(site.shell(PIN).output().unwrap().status.success());
            }
            argo::until(&site, "the bad sync", |site| argo::is_settled(site) && argo::state(site)[0] == "bbb");
            site.double.forget_requests();
        },
        moments: &[
            ("auto-sync paused", &is_paused),
            ("the operation set", &|| shop(&site).get("operation").is_some()),
            ("the operation under way", &|| is_ours() && phase() == "Running"),
            ("the operation over", &|| is_ours() && phase() == "Succeeded"),
        ],
        is_told: &|at| {
            if is_paused() {
                assert_eq!(argo::text(&shop(&site), paused), r#"{"prune":true}"#, "{at}");
                let status = site.backout(&["status"]);
                assert!(status.stdout.contains("auto-sync paused by backout"), "{at}: {}", status.stdout);
            }
        },
        is_back: &|at| {
            assert_eq!(argo::state(&site), ["aaa", "Succeeded", "OutOfSync", "Healthy"], "{at}");
            assert_eq!(site.running(), good, "{at}");
            assert!(is_paused() && argo::text(&shop(&site), paused) == r#"{"prune":true}"#, "{at}");
            let operations = operations(&site);
            assert_eq!(operations.len(), 1, "{at}: {operations:#?}");
            assert_eq!(operations[0].pointer("/sync/prune"), Some(&json!(true)), "{at}: it prunes as auto-sync does");
            let status = site.backout(&["status"]).expect_code(0);
            assert!(status.stdout.contains("auto-sync paused by backout"), "{at}: {}", status.stdout);
        },
    };
    case.killed_anywhere(&site);
}
