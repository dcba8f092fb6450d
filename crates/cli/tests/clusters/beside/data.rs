//! Code and data that go back together: a release or an Application is quiet while its database is swapped, and stays what
//! it is.

use std::path::Path;

use backout_testkit::guarded::wait_until;
use backout_testkit::kube::Generation;
use serde_json::{Value, json};

use crate::argocd::stage::{self as argo, PIN, shop};
use crate::beside::database::Database;
use crate::manifests::CHART;
use crate::site::{SOON, Site};

const BACK: [&str; 6] = ["rollback", "--stack", "--database", "main", "--yes", "--accept-loss=1000"];

/// The orders of the shop, and what becomes of them.
impl Database {
    fn of_shop() -> Self {
        let database = Self::new("shop");
        database
            .run("shop", "CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 500)");
        database
    }

    /// What a bad deploy does.
    fn damage(&self) {
        self.run("shop", "DELETE FROM orders WHERE id <= 20");
        assert_eq!(self.orders(), 480);
    }

    /// How many orders there are; `None` while the database cannot be reached.
    fn seen(&self) -> Option<i64> {
        self.asked("shop", "SELECT count(*)::text FROM orders")?.first()?.parse().ok()
    }

    fn orders(&self) -> i64 {
        self.seen().unwrap()
    }
}

/// Gives a site a database, and what runs and is in it a good checkpoint.
fn with_database(site: &Site) -> Database {
    let database = Database::of_shop();
    let file: &Path = &site.clients.folder().join("backout.yaml");
    let text = std::fs::read_to_string(file).unwrap().replace("soak: 4s", "soak: 1s");
    let more = "    databases:\n      main:\n        postgres: { url: \"file:url\" }\n        backup: { store: \"file:backups/\" }\n";
    site.clients.write("backout.yaml", &format!("{text}{more}"));
    site.clients.write("url", &database.url());
    site.backout(&["guard", "--", "true"]).expect_code(0);
    database
}

/// The ids of what the chart makes beside pods: they change where something is taken away and made again.
fn ids(site: &Site) -> [String; 2] {
    ["configmap/web", "deployment/web"].map(|object| site.says(object, ".metadata.uid"))
}

fn mark(site: &Site) -> String {
    site.says("deployment/web", r".metadata.annotations.backout\.dev/stopped")
}

/// A release whose chart says how many pods there are, or leaves that to an autoscaler, which asks for three.
fn release(test: &str, generation: Generation, is_counted: bool) -> Option<(Site, Database)> {
    let site = Site::new(test, generation, "shop: { platform: { helm: { namespace: default } } }")?;
    let (file, content) = CHART[2];
    site.clients.write(file, &if is_counted { content.to_owned() } else { content.replace("  replicas: 2\n", "") });
    drop(site.clients.helm(&["install", "shop", "chart", "--wait", "--timeout", "60s"]).ok());
    if !is_counted {
        drop(site.clients.kubectl(&["scale", "deployment/web", "--replicas=3"]).ok());
        drop(site.clients.kubectl(&["rollout", "status", "deployment/web", "--timeout=30s"]).ok());
    }
    let database = with_database(&site);
    Some((site, database))
}

#[test]
fn a_release_is_quiet_while_its_database_goes_back_and_nothing_of_it_is_taken_away() {
    let test = "a_release_is_quiet_while_its_database_goes_back_and_nothing_of_it_is_taken_away";
    std::thread::scope(|scope| {
        for (generation, is_counted) in Generation::BOTH.into_iter().zip([true, false]) {
            scope.spawn(move || {
                let Some((site, database)) = release(test, generation, is_counted) else { return };
                let (good, had) = (site.running(), ids(&site));
                upgraded(&site);
                database.damage();
                let ended = site.backout(&BACK).expect_code(0);
                assert_eq!(database.orders(), 500, "{}", ended.stderr);
                assert_eq!((site.running(), ids(&site)), (good, had), "{}", ended.stderr);
                assert_eq!((site.released().0, site.released().1.as_str(), mark(&site).as_str()), (3, "deployed", ""));
                assert_eq!(site.says("configmap/web", ".data.MODE"), "fine");
            });
        }
    });
}

fn upgraded(site: &Site) {
    let upgrade = ["upgrade", "shop", "chart", "--set", "tag=2,mode=new", "--wait", "--timeout", "60s"];
    drop(site.clients.helm(&upgrade).ok());
}

/// A workload that cannot be scaled to zero.
const AGENT: &str = "apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec: { containers: [{ name: app, image: shop/agent:1 }] }
";

#[test]
fn a_release_that_would_go_on_writing_is_found_out_before_anything_is_restored() {
    let test = "a_release_that_would_go_on_writing_is_found_out_before_anything_is_restored";
    let Some((site, database)) = release(test, Generation::Helm4, true) else { return };
    site.clients.write("chart/templates/agent.yaml", AGENT);
    upgraded(&site);
    database.damage();
    let (bad, had) = (site.running(), ids(&site));
    let ended = site.backout(&BACK).expect_code(5);
    assert!(ended.stderr.contains("database-not-ready") && ended.stderr.contains("`daemonset/agent`"), "{ended:?}");
    assert_eq!((database.orders(), site.running(), ids(&site)), (480, bad, had), "nothing was touched");
    assert!(!ended.stderr.contains("restore"), "{}", ended.stderr);
}

/// Kills a rollback of code and data at a moment, and has it arrive: by `resume`, or by the dead-man's switch of the run.
#[track_caller]
fn killed(site: &Site, (moment, is_there): (&str, &dyn Fn() -> bool)) {
    let before = site.journal().last();
    let mut run = site.start(&BACK);
    let mut is_reached = false;
    wait_until(moment, SOON, || {
        is_reached = is_there();
        is_reached || !run.is_running()
    });
    assert!(is_reached, "{moment} was not reached: {:?}", run.wait());
    run.kill();
    let has_ended = || site.journal().since(before).last().is_some_and(|newest| newest.kind == "run_ended");
    wait_until("the run to be gone on with", SOON, || {
        let ended = site.backout(&["resume"]);
        assert!([0, 7].contains(&ended.code) || has_ended(), "killed at {moment}: {ended:?}");
        has_ended()
    });
    assert_eq!(site.journal().result().as_deref(), Some("rolled_back"), "killed at {moment}");
}

/// What the Deployment is, as the API server has it: how many pods it shall have, and of which image.
fn wanted(site: &Site) -> (i64, String) {
    let web = site.double.object("apps/v1", "Deployment", "default", "web").unwrap_or_default();
    let image = web.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str);
    (web.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(-1), image.unwrap_or_default().to_owned())
}

#[test]
fn a_rollback_of_a_release_and_its_data_killed_while_it_is_quiet_arrives_at_the_same_end() {
    let test = "a_rollback_of_a_release_and_its_data_killed_while_it_is_quiet_arrives_at_the_same_end";
    let Some((site, database)) = release(test, Generation::Helm4, false) else { return };
    let (good, had) = (site.running(), ids(&site));
    let moments: [(&str, &dyn Fn() -> bool); 3] = [
        ("it is scaled to zero", &|| wanted(&site).0 == 0),
        ("its database has gone back", &|| wanted(&site).0 == 0 && database.seen() == Some(500)),
        ("`helm` has gone back and it is at zero", &|| wanted(&site) == (0, "shop/web:1".to_owned())),
    ];
    for moment in moments {
        upgraded(&site);
        database.damage();
        killed(&site, moment);
        assert_eq!((database.orders(), site.running(), ids(&site)), (500, good.clone(), had.clone()), "{}", moment.0);
        assert_eq!((mark(&site).as_str(), site.released().1.as_str()), ("", "deployed"), "{}", moment.0);
    }
}

/// The annotations of the Application that are ours.
fn held(site: &Site) -> [Option<Value>; 2] {
    let annotations = shop(site)["metadata"]["annotations"].clone();
    ["backout.dev/stopped", "backout.dev/paused-auto-sync"].map(|name| annotations.get(name).cloned())
}

#[test]
fn an_application_is_quiet_while_its_database_goes_back_also_where_that_is_killed() {
    let test = "an_application_is_quiet_while_its_database_goes_back_also_where_that_is_killed";
    let Some(site) = argo::site(test, &argo::automated()) else { return };
    let database = with_database(&site);
    let (good, id) = (site.running(), site.says("deployment/web", ".metadata.uid"));
    let moments: [(&str, &dyn Fn() -> bool); 3] = [
        ("it is marked", &|| held(&site)[0].is_some()),
        ("its database has gone back", &|| wanted(&site).0 == 0 && database.seen() == Some(500)),
        ("it was synced and is marked", &|| held(&site)[0].is_some() && argo::state(&site)[0] == "aaa"),
    ];
    for moment in [None].into_iter().chain(moments.map(Some)) {
        let is_paused = shop(&site).pointer("/spec/syncPolicy/automated").is_none();
        if is_paused {
            site.backout(&["rearm"]).expect_code(0);
        } else {
            assert!(site.shell(PIN).output().unwrap().status.success());
        }
        argo::until(&site, "the bad sync", |site| argo::is_settled(site) && argo::state(site)[0] == "bbb");
        database.damage();
        let at = moment.map_or("undisturbed", |(at, _)| at);
        match moment {
            Some(moment) => killed(&site, moment),
            None => drop(site.backout(&BACK).expect_code(0)),
        }
        assert_eq!((database.orders(), site.running()), (500, good.clone()), "{at}");
        assert_eq!((site.says("deployment/web", ".metadata.uid"), mark(&site)), (id.clone(), String::new()), "{at}");
        assert_eq!(held(&site), [None, Some(json!(r#"{"prune":true}"#))], "{at}");
        assert_eq!(argo::state(&site)[0], "aaa");
    }
}
