//! Drills on a cluster: a workload is broken as a bad deploy breaks it, noticed, put back, and measured; also where the process
//! that drills is killed.

use backout_kube_double::Program;
use backout_testkit::guarded::{Ended, wait_until};
use backout_testkit::kube::Generation;
use serde_json::Value;

use crate::manifests::{DB, web};
use crate::site::{SOON, Site};

const MARKED: &str = "    drill: { allowed: true, within: 20s, environment: { BROKEN: \"yes\" } }\n";

/// A site that is marked for drills.
fn mark(site: &Site) {
    let text = std::fs::read_to_string(site.clients.folder().join("backout.yaml")).unwrap();
    site.clients.write("backout.yaml", &format!("{text}{MARKED}"));
}

/// Has pods run a real process, which ends at once where its environment says that it is broken.
fn serves_unless_broken(site: &Site) {
    let serve = "[ \"$BROKEN\" ] && exit 1; exec /usr/bin/python3 -m http.server --bind 127.0.0.1 $PORT";
    site.double.run(Program {
        image: "shop/web".to_owned(),
        command: ["sh", "-c", serve].map(str::to_owned).to_vec(),
        folder: site.clients.folder().to_owned(),
        variables: std::collections::BTreeMap::new(),
    });
}

/// The template of the workload, as it is written down.
fn template(site: &Site, workload: &str) -> Value {
    serde_json::from_str(&site.says(workload, ".spec.template")).unwrap()
}

#[track_caller]
fn is_put_back(site: &Site, ended: &Ended, how: &str) {
    assert_eq!(ended.code, 0, "{how}: {}{}", ended.stdout, ended.stderr);
    assert_eq!(site.journal().result().as_deref(), Some("rolled_back"), "{}", ended.stderr);
    let line = &ended.stdout;
    assert!(line.starts_with("good: ") && line.contains(&format!("({how})")), "{line}");
    assert!(line.contains("noticed after"), "{line}");
}

#[test]
fn a_workload_is_broken_in_each_way_and_put_back() {
    let Some(site) = Site::new(
        "a_workload_is_broken_in_each_way_and_put_back",
        Generation::Helm4,
        "web: { platform: { kubernetes: { namespace: default } } }",
    ) else {
        return;
    };
    serves_unless_broken(&site);
    mark(&site);
    site.apply(&web("shop/web:1", "fine"));
    site.is_good();
    let good = site.running();
    let containers = |site: &Site| template(site, "deployment/web")["spec"]["containers"].clone();
    let before = containers(&site);
    let shown = site.backout(&["drill", "--dry-run", "--break", "image"]).expect_code(0);
    assert!(shown.stderr.contains("which does not exist"), "{}", shown.stderr);
    for how in ["image", "crash", "config"] {
        let ended = site.backout(&["drill", "--yes", "--break", how]);
        is_put_back(&site, &ended, how);
        assert_eq!(site.running(), good, "{how}: {}", ended.stderr);
        let mut now = containers(&site);
        // Where no pod proves what the name means any more, it comes back by its digest.
        now[0]["image"] = before[0]["image"].clone();
        assert_eq!(now, before, "{how}: {}", ended.stderr);
        let mark = &template(&site, "deployment/web")["metadata"]["annotations"]["backout.dev/drill"];
        assert_eq!(mark, &Value::Null, "{how}");
    }
    let list = site.backout(&["drill", "list", "--json"]).expect_code(0);
    assert_eq!(list.stdout.matches("\"is_good\": true").count(), 3, "{}", list.stdout);
}

/// The chart as it is stays; the revision that broke it and the one that went back are in the history.
#[track_caller]
fn release_is_broken_in_each_way_and_put_back(test: &str, generation: Generation) {
    let service = "shop: { platform: { helm: { namespace: default } } }";
    let Some(site) = Site::new(test, generation, service) else { return };
    serves_unless_broken(&site);
    mark(&site);
    drop(site.clients.helm(&["install", "shop", "chart", "--wait", "--timeout", "60s"]).ok());
    site.is_good();
    let (good, (.., manifest)) = (site.running(), site.released());
    let shown = site.backout(&["drill", "--dry-run", "--break", "image"]).expect_code(0);
    assert!(shown.stderr.contains("no hook of the chart runs"), "{}", shown.stderr);
    for (number, how) in [(3, "image"), (5, "crash"), (7, "config")] {
        let ended = site.backout(&["drill", "--yes", "--break", how]);
        is_put_back(&site, &ended, how);
        assert_eq!(site.running(), good, "{how}: {}", ended.stderr);
        assert_eq!(site.released(), (number, "deployed".to_owned(), manifest.clone()), "{how}: {}", ended.stderr);
        let annotations = &template(&site, "deployment/web")["metadata"]["annotations"];
        assert_eq!(annotations["backout.dev/drill"], Value::Null, "{how}");
    }
    let broken = site.clients.helm(&["get", "manifest", "shop", "--revision", "2"]).ok();
    assert!(broken.contains("backout-drill.invalid/no-such-image:drill"), "{broken}");
}

#[test]
fn a_release_is_broken_in_each_way_and_put_back() {
    let test = "a_release_is_broken_in_each_way_and_put_back";
    release_is_broken_in_each_way_and_put_back(test, Generation::Helm4);
}

#[test]
fn a_release_of_the_older_helm_is_broken_in_each_way_and_put_back() {
    let test = "a_release_of_the_older_helm_is_broken_in_each_way_and_put_back";
    release_is_broken_in_each_way_and_put_back(test, Generation::Helm3);
}

#[test]
fn a_stateful_set_is_broken_and_put_back() {
    let service = "db: { platform: { kubernetes: { namespace: default } }, statefulset: db }";
    let Some(site) = Site::new("a_stateful_set_is_broken_and_put_back", Generation::Helm4, service) else { return };
    mark(&site);
    site.apply(DB);
    drop(site.clients.kubectl(&["rollout", "status", "statefulset/db", "--timeout=30s"]).ok());
    site.backout(&["checkpoint", "create"]).expect_code(0);
    let ended = site.backout(&["drill", "--yes", "--break", "crash"]);
    is_put_back(&site, &ended, "crash");
    assert_eq!(site.says("statefulset/db", ".status.readyReplicas"), "2");
    assert_eq!(template(&site, "statefulset/db")["spec"]["containers"][0].get("command"), None);
}

/// What a way back could not mend is left as it is.
#[test]
fn a_workload_that_could_not_go_back_is_not_broken() {
    let service = "db: { platform: { kubernetes: { namespace: default } }, statefulset: db }";
    let Some(site) = Site::new("a_workload_that_could_not_go_back_is_not_broken", Generation::Helm4, service) else {
        return;
    };
    mark(&site);
    site.apply(&DB.replace("serviceName: db", "serviceName: db\n  updateStrategy: {type: OnDelete}"));
    drop(site.clients.kubectl(&["rollout", "status", "statefulset/db", "--timeout=30s"]));
    wait_until("the pods", SOON, || site.says("statefulset/db", ".status.readyReplicas") == "2");
    site.backout(&["checkpoint", "create"]).expect_code(0);
    let before = site.says("statefulset/db", ".metadata.generation");
    let ended = site.backout(&["drill", "--yes", "--break", "crash"]);
    assert_ne!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("OnDelete"), "{}", ended.stderr);
    assert_eq!(site.says("statefulset/db", ".metadata.generation"), before, "{}", ended.stderr);
}

#[test]
fn a_drill_that_is_killed_at_any_record_leaves_nothing_broken() {
    let test = "a_drill_that_is_killed_at_any_record_leaves_nothing_broken";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    is_put_back_wherever_it_is_killed(&site);
}

/// `helm` may have outlived the process that broke the release, or have been cut off in the midst of its upgrade.
#[test]
fn a_drill_of_a_release_that_is_killed_at_any_record_leaves_nothing_broken() {
    let test = "a_drill_of_a_release_that_is_killed_at_any_record_leaves_nothing_broken";
    let Some(site) = Site::release(test, Generation::Helm4) else { return };
    let (.., manifest) = site.released();
    is_put_back_wherever_it_is_killed(&site);
    let (_, status, now) = site.released();
    assert_eq!((status.as_str(), now), ("deployed", manifest));
}

#[track_caller]
fn is_put_back_wherever_it_is_killed(site: &Site) {
    mark(site);
    let good = site.running();
    let before = site.journal().last();
    let ended = site.backout(&["drill", "--yes", "--break", "image"]);
    is_put_back(site, &ended, "image");
    let points = site.journal().since(before).len();
    assert!(points >= 8, "a drill has {points} records only");
    for point in 1..=points {
        let before = site.journal().last();
        let mut run = site.start(&["drill", "--yes", "--break", "image"]);
        let wanted = before + i64::try_from(point).unwrap();
        let is_over = || site.journal().since(before).iter().any(|record| record.kind == "run_ended");
        // One that is noticed at once has fewer records, and one that comes while the last one is still held has none.
        wait_until("the record", SOON, || {
            if site.journal().last() == before && !run.is_running() {
                run = site.start(&["drill", "--yes", "--break", "image"]);
            }
            site.journal().last() >= wanted || is_over()
        });
        run.kill();
        let kind = site.journal().since(before).last().map(|record| record.kind.clone()).unwrap_or_default();
        let at = format!("killed at record {point}, {kind}");
        // Whoever is first ends it: the switch that stands by, or a person.
        wait_until(&format!("{at}: the run to end"), SOON, || {
            drop(site.backout(&["resume"]));
            is_over()
        });
        assert_eq!(site.running(), good, "{at}");
        let annotations = &template(site, "deployment/web")["metadata"]["annotations"];
        assert_eq!(annotations["backout.dev/drill"], Value::Null, "{at}");
    }
}
