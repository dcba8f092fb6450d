//! What goes while something goes back: the namespace, with all that is in it.

use backout_kube_double::{Behaviour, Instruction, Timings};
use backout_testkit::guarded::{Ended, wait_until};
use backout_testkit::kube::Generation;

use crate::manifests::secret;
use crate::releases::both;
use crate::site::{SOON, Site};

/// A destination that was not reached is not tried again unasked.
const AGAIN: [&str; 4] = ["rollback", "--yes", "--force", "destination-unhealthy"];

fn is_there(site: &Site) -> bool {
    site.double.object("v1", "Namespace", "", "default").is_some()
}

fn delete_namespace(site: &Site) {
    assert!(site.double.delete("v1", "Namespace", "", "default"));
    wait_until("the end of the namespace", SOON, || !is_there(site));
}

fn make_again(site: &Site) {
    drop(site.clients.kubectl(&["create", "namespace", "default"]).ok());
}

/// Whether new pods of the good version come up now, or in a minute.
fn come_up(site: &Site, behaviour: Behaviour) {
    site.double.tell(Instruction::Timings(Timings { slow: 60_000, ..Timings::default() }));
    ["shop/web@", "shop/web:1"].iter().for_each(|image| site.double.image(image, behaviour));
}

/// What the Deployment asks for.
fn asks_for(site: &Site, image: &str) -> bool {
    let web = site.double.object("apps/v1", "Deployment", "default", "web");
    web.is_some_and(|web| web["spec"]["template"]["spec"]["containers"][0]["image"].as_str() == Some(image))
}

/// A rollback while whose step waited the namespace went: it was tried in vain, says so soon, and why.
#[track_caller]
fn is_tried_in_vain(site: &Site, waits: impl FnMut() -> bool) {
    let run = site.start(&["rollback", "--yes"]);
    wait_until("the step", SOON, waits);
    delete_namespace(site);
    let ended = run.wait().expect_code(4);
    says(&ended, "namespace `default` is not there (make it again (`kubectl create namespace default`)");
    assert_eq!(site.journal().result().as_deref(), Some("not_verified"));
    let evidence = site.journal().newest("evidence_kept").unwrap();
    assert!(!evidence.body["items"].as_array().unwrap().is_empty());
}

/// A plan and a rollback that are refused for that reason alone, and begin nothing.
#[track_caller]
fn is_refused(site: &Site, why: &str) {
    let before = site.journal().last();
    let planned = site.backout(&["plan"]).expect_code(5);
    assert!(planned.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains(why), "{}", planned.stdout);
    let refused = site.backout(&["rollback", "--yes"]).expect_code(5);
    says(&refused, why);
    assert_eq!(site.journal().newest("refused").unwrap().body["refusals"].as_array().unwrap().len(), 1);
    assert!(site.journal().since(before).iter().all(|record| record.kind != "step_intended"));
}

#[track_caller]
fn says(ended: &Ended, words: &str) {
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[track_caller]
fn is_whole(site: &Site, ended: &Ended, good: &[String]) {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(site.running(), good, "{}", ended.stderr);
    assert_eq!(good.len(), 2);
    assert_eq!(site.says("configmap/web", ".data.MODE"), "fine");
}

/// The old password: there is no newer one any more.
fn has_the_secret(site: &Site) {
    assert_eq!(site.says("secret/db", ".data.PASSWORD"), "b2xk");
}

fn deployed(test: &str) -> Option<(Site, Vec<String>)> {
    let site = Site::workload(test, Generation::Helm4)?;
    let good = site.running();
    drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2"]).ok());
    assert_ne!(site.running(), good);
    Some((site, good))
}

#[test]
fn a_workload_whose_namespace_goes_while_it_goes_back_comes_back_later() {
    let Some((site, good)) = deployed("a_workload_whose_namespace_goes_while_it_goes_back_comes_back_later") else {
        return;
    };
    come_up(&site, Behaviour::Slow);
    is_tried_in_vain(&site, || !asks_for(&site, "shop/web:2"));
    come_up(&site, Behaviour::Ready);
    make_again(&site);
    is_whole(&site, &site.backout(&AGAIN), &good);
    has_the_secret(&site);
}

#[test]
fn a_workload_whose_namespace_went_after_the_plan_is_refused_and_comes_back_later() {
    let Some((site, good)) = deployed("a_workload_whose_namespace_went_after_the_plan_is_refused") else { return };
    site.backout(&["plan"]).expect_code(0);
    // Something that does not go at once keeps the namespace for a while.
    let kept = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, finalizers: [shop.example/kept]}\n";
    site.apply(kept);
    assert!(site.double.delete("v1", "Namespace", "", "default"));
    wait_until("the end of the workload", SOON, || !asks_for(&site, "shop/web:2"));
    is_refused(&site, "namespace `default` is being deleted; wait until `kubectl get namespace default`");
    assert!(is_there(&site));
    let freed = ["patch", "configmap", "kept", "--type=merge", "-p", r#"{"metadata": {"finalizers": null}}"#];
    drop(site.clients.kubectl(&freed).ok());
    wait_until("the end of the namespace", SOON, || !is_there(&site));
    is_refused(&site, "namespace `default` is not there; make it again (`kubectl create namespace default`)");
    make_again(&site);
    is_whole(&site, &site.backout(&["rollback", "--yes"]), &good);
    has_the_secret(&site);
}

fn upgraded(site: &Site) {
    drop(site.clients.helm(&["upgrade", "shop", "chart", "--set", "tag=2", "--wait", "--timeout", "60s"]).ok());
}

#[test]
fn a_release_whose_namespace_goes_while_it_goes_back_comes_back_later() {
    both("a_release_whose_namespace_goes_while_it_goes_back_comes_back_later", |site| {
        let (good, (.., manifest)) = (site.running(), site.released());
        upgraded(site);
        come_up(site, Behaviour::Slow);
        is_tried_in_vain(site, || asks_for(site, "shop/web:1"));
        come_up(site, Behaviour::Ready);
        make_again(site);
        // It is no part of the chart.
        site.apply(&secret("old"));
        is_whole(site, &site.backout(&AGAIN), &good);
        let (_, status, now) = site.released();
        assert_eq!((status.as_str(), now), ("deployed", manifest));
    });
}

/// What a chart does not make is not Helm's to bring back: it is said by name.
#[test]
fn a_release_whose_namespace_went_after_the_plan_is_refused_and_says_what_it_lacks_later() {
    let test = "a_release_whose_namespace_went_after_the_plan_is_refused";
    let Some(site) = Site::release(test, Generation::Helm4) else { return };
    let (good, (.., manifest)) = (site.running(), site.released());
    upgraded(&site);
    site.backout(&["plan"]).expect_code(0);
    delete_namespace(&site);
    is_refused(&site, "namespace `default` is not there; make it again (`kubectl create namespace default`)");
    make_again(&site);
    let lacking = site.backout(&["rollback", "--yes"]).expect_code(4);
    says(&lacking, "secret \"db\" not found");
    site.apply(&secret("old"));
    // Helm had put everything else back: now it comes up, and nothing is left to be done.
    assert_eq!(site.running(), good);
    says(&site.backout(&AGAIN).expect_code(5), "target-is-what-runs");
    assert_eq!(site.says("configmap/web", ".data.MODE"), "fine");
    let (_, status, now) = site.released();
    assert_eq!((status.as_str(), now), ("deployed", manifest));
}
