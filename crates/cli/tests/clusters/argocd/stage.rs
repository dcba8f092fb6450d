//! The stage of Argo CD: an Application, its repository, and what its resource says.

use backout_kube_double::Instruction;
use backout_testkit::kube::Generation;
use serde_json::{Value, json};

use crate::site::{SOON, Site};

pub(crate) const REPOSITORY: &str = "https://git.example/shop";
const APPLICATION: (&str, &str, &str) = ("argoproj.io/v1alpha1", "Application", "argocd");

/// Takes the Application to a revision as a pin in its resource does, and waits until Argo CD has taken it up.
pub(crate) const PIN: &str = r#"kubectl patch application shop -n argocd --type=merge -p '{"spec":{"source":{"targetRevision":"bbb"}}}' &&
    kubectl wait application/shop -n argocd --for=jsonpath='{.status.operationState.syncResult.revision}'=bbb --timeout=20s"#;

pub(crate) fn deployment(image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 2, "progressDeadlineSeconds": 1, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "app", "image": image}]},
            },
        },
    })
}

pub(crate) fn application(name: &str, repository: &str, revision: &str, policy: &Value) -> Value {
    let (version, kind, namespace) = APPLICATION;
    json!({
        "apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "project": "default", "source": {"repoURL": repository, "targetRevision": revision, "path": "."},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
            "syncPolicy": policy,
        },
    })
}

pub(crate) fn commit(site: &Site, repository: &str, revision: &str, manifests: Vec<Value>) {
    let (repository, revision) = (repository.to_owned(), revision.to_owned());
    site.double.tell(Instruction::Commit { repository, revision, manifests });
}

pub(crate) fn shop(site: &Site) -> Value {
    let (version, kind, namespace) = APPLICATION;
    site.double.object(version, kind, namespace, "shop").unwrap_or_default()
}

pub(crate) fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The newest revision, its phase, sync and health.
pub(crate) fn state(site: &Site) -> [String; 4] {
    let shop = shop(site);
    let newest = shop.pointer("/status/history").and_then(Value::as_array).and_then(|all| all.last());
    let revision = newest.map(|entry| text(entry, "/revision")).unwrap_or_default();
    let [phase, sync, health] =
        ["/status/operationState/phase", "/status/sync/status", "/status/health/status"].map(|at| text(&shop, at));
    [revision, phase, sync, health]
}

pub(crate) fn is_settled(site: &Site) -> bool {
    let shop = shop(site);
    let finished = text(&shop, "/status/operationState/finishedAt");
    shop.get("operation").is_none() && !finished.is_empty() && text(&shop, "/status/reconciledAt") >= finished
}

#[track_caller]
pub(crate) fn until(site: &Site, what: &str, is_so: impl Fn(&Site) -> bool) {
    assert!(site.double.eventually(SOON, |_| is_so(site)), "{what}: {:#}", shop(site));
}

/// An Application with auto-sync, pinned to the good commit and recorded as good; the bad one is in the repository.
pub(crate) fn site(test: &str, policy: &Value) -> Option<Site> {
    let site = Site::new(test, Generation::Helm4, "shop: { platform: { argocd: {} } }")?;
    commit(&site, REPOSITORY, "bbb", vec![deployment("shop/web:2-crash")]);
    commit(&site, REPOSITORY, "aaa", vec![deployment("shop/web:1")]);
    site.double.apply(&application("shop", REPOSITORY, "aaa", policy)).unwrap();
    if policy.get("automated").is_none() {
        sync(&site, "aaa");
    }
    until(&site, "the first sync", |site| is_settled(site) && state(site) == ["aaa", "Succeeded", "Synced", "Healthy"]);
    site.backout(&["checkpoint", "create"]).expect_code(0);
    Some(site)
}

pub(crate) fn automated() -> Value {
    json!({"automated": {"prune": true}})
}

/// Sets an operation as `argocd app sync` does.
pub(crate) fn sync(site: &Site, revision: &str) {
    let operation = json!({"sync": {"revision": revision}, "initiatedBy": {"username": "me"}});
    let patch = json!({"operation": operation, "status": {"operationState": null}}).to_string();
    drop(site.clients.kubectl(&["patch", "application", "shop", "-n", "argocd", "--type=merge", "-p", &patch]).ok());
}

pub(crate) fn window(site: &Site, is_closed: bool) {
    site.double.tell(Instruction::SyncWindow { application: "shop".to_owned(), is_closed });
}
