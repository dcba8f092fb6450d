//! What is said to somebody whose configuration, rights or cluster are not as they should be: what, where, and what to do.

use backout_testkit::kube::Generation;

use crate::manifests::web;
use crate::site::Site;

fn site(test: &str, cluster: &str) -> Option<Site> {
    Site::new(test, Generation::Helm4, &format!("web: {{ platform: {{ kubernetes: {{ {cluster} }} }} }}"))
}

#[test]
fn a_context_that_is_not_there_is_named_with_those_that_are() {
    let test = "a_context_that_is_not_there_is_named_with_those_that_are";
    let Some(site) = site(test, "context: duoble, namespace: default") else { return };
    let ended = site.backout(&["checkpoint", "create"]).expect_code(1);
    let what = "there is no context `duoble` in the kubeconfig: it has `double`";
    assert!(ended.stderr.contains(what) && ended.stderr.contains("kubectl config get-contexts"), "{}", ended.stderr);
    let check = site.backout(&["check"]).expect_code(6);
    assert!(check.stdout.contains(what), "{}", check.stdout);
}

/// Without that it reads as if the workload alone were not there.
#[test]
fn a_namespace_that_is_not_there_is_named_by_check() {
    let Some(site) = site("a_namespace_that_is_not_there_is_named_by_check", "namespace: shopp") else { return };
    let check = site.backout(&["check"]).expect_code(6);
    assert!(check.stdout.contains("there is no namespace `shopp` on this cluster"), "{}", check.stdout);
    assert!(check.stdout.contains("kubectl get namespaces"), "{}", check.stdout);
}

#[test]
fn a_role_is_for_the_namespace_that_the_context_means() {
    let test = "a_role_is_for_the_namespace_that_the_context_means";
    let Some(site) = site(test, "kubeconfig: mine.yaml") else { return };
    let kubeconfig = std::fs::read_to_string(site.double.kubeconfig()).unwrap();
    let mine = kubeconfig.replace("\"namespace\": \"default\"", "\"namespace\": \"shop\"");
    assert_ne!(mine, kubeconfig);
    site.clients.write("mine.yaml", &mine);
    let role = site.backout(&["check", "--role"]).expect_code(0).stdout;
    assert!(role.contains("namespace: \"shop\"") && !role.contains("namespace: \"default\""), "{role}");
}

#[test]
fn a_role_allows_programs_in_pods_only_where_some_are_run() {
    let test = "a_role_allows_programs_in_pods_only_where_some_are_run";
    let Some(site) = site(test, "namespace: default") else { return };
    let role = || site.backout(&["check", "--role"]).expect_code(0).stdout;
    assert!(!role().contains("pods/exec"), "{}", role());
    let text = std::fs::read_to_string(site.clients.folder().join("backout.yaml")).unwrap();
    let database = "    databases:\n      main:\n        postgres: { url: \"file:url\" }\n        \
        migrations: { django: { in: web } }\n";
    let smoke =
        "    verify: { smoke: [{ name: orm, exec: [python, manage.py, check], in: container, service: web }] }\n";
    for more in [database, smoke] {
        site.clients.write("backout.yaml", &format!("{text}{more}"));
        let rule = "resources: [\"pods/exec\", \"secrets\"]\n    verbs: [\"create\", \"get\"]";
        assert!(role().contains(rule), "{}", role());
    }
    site.double.deny("create", "pods/exec", "");
    let check = site.backout(&["check"]).expect_code(6);
    assert!(check.stdout.contains("missing: create pods/exec (to run programs in pods)"), "{}", check.stdout);
}

/// It is no image or release that is missing.
#[test]
fn what_the_account_may_not_change_is_refused_with_the_clusters_words() {
    let test = "what_the_account_may_not_change_is_refused_with_the_clusters_words";
    let Some(site) = site(test, "namespace: default") else { return };
    site.apply(&web("shop/web:1", "fine"));
    site.is_good();
    drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2"]).ok());
    site.double.deny("update", "deployments", "");
    let refused = site.backout(&["rollback", "--yes"]).expect_code(5);
    assert!(
        refused.stderr.contains("`web` cannot go back to what it ran: `web` may not be changed"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("cannot update resource \"deployments\""), "{}", refused.stderr);
}
