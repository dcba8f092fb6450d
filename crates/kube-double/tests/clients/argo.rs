//! Argo CD's Applications, as one sees them who writes `operation` and waits for its end.

use backout_kube_double::Instruction;
use serde_json::{Value, json};

use crate::ground::{Ground, both};
use crate::manifest::workload;

const REPOSITORY: &str = "https://git.example/shop";

fn commit(ground: &Ground, revision: &str, image: &str) {
    let manifests = vec![workload("Deployment", "web", image)];
    let (repository, revision) = (REPOSITORY.to_owned(), revision.to_owned());
    ground.double.tell(Instruction::Commit { repository, revision, manifests });
}

fn application(name: &str, repository: &str, automated: Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default", "source": {"repoURL": repository, "targetRevision": "HEAD", "path": "."},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
            "syncPolicy": {"automated": automated},
        },
    })
}

fn shop(ground: &Ground) -> Value {
    ground.double.object("argoproj.io/v1alpha1", "Application", "argocd", "shop").unwrap()
}

fn state(ground: &Ground) -> [String; 4] {
    let found = shop(ground);
    [
        "/status/operationState/syncResult/revision",
        "/status/operationState/phase",
        "/status/sync/status",
        "/status/health/status",
    ]
    .map(|pointer| found.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned())
}

fn is_done(ground: &Ground) -> bool {
    let found = shop(ground);
    let finished = found.pointer("/status/operationState/finishedAt").and_then(Value::as_str).unwrap_or("9");
    found.get("operation").is_none() && found["status"]["reconciledAt"].as_str().unwrap_or("0") >= finished
}

fn patch(ground: &Ground, patch: &Value) {
    let file = ground.clients.write("patch.json", &patch.to_string());
    ground.kubectl(&format!("patch application shop -n argocd --type=merge --patch-file={}", file.display()));
}

fn roll_back(ground: &Ground, revision: &str) {
    let sync = json!({"revision": revision, "syncStrategy": {"apply": {}}});
    patch(
        ground,
        &json!({"operation": {"sync": sync, "initiatedBy": {"username": "me"}}, "status": {"operationState": null}}),
    );
}

fn begin(ground: &Ground) {
    commit(ground, "aaa", "shop/web:1");
    ground.kubectl("create namespace argocd");
    ground.apply(&application("shop", REPOSITORY, json!({})));
    ground.until("the first sync", |ground| {
        is_done(ground) && state(ground) == ["aaa", "Succeeded", "Synced", "Healthy"]
    });
}

#[test]
fn a_rollback_with_auto_sync_paused_stays_and_is_out_of_sync() {
    both("a_rollback_with_auto_sync_paused_stays_and_is_out_of_sync", |ground| {
        begin(ground);
        commit(ground, "bbb", "shop/web:2-crash");
        ground.until("the bad sync", |ground| {
            is_done(ground) && state(ground) == ["bbb", "Succeeded", "Synced", "Progressing"]
        });
        patch(ground, &json!({"spec": {"syncPolicy": {"automated": null}}}));
        roll_back(ground, "aaa");
        ground.until("the rollback", |ground| {
            is_done(ground) && state(ground) == ["aaa", "Succeeded", "OutOfSync", "Healthy"]
        });
        assert_eq!(ground.deployment("web")["spec"]["template"]["spec"]["containers"][0]["image"], "shop/web:1");
        let history = shop(ground)["status"]["history"].clone();
        let revisions: Vec<&str> =
            history.as_array().unwrap().iter().map(|entry| entry["revision"].as_str().unwrap()).collect();
        assert_eq!(revisions, ["aaa", "bbb", "aaa"]);
        assert_eq!(history[2]["id"], 2);
    });
}

#[test]
fn auto_sync_undoes_a_rollback() {
    both("auto_sync_undoes_a_rollback", |ground| {
        begin(ground);
        commit(ground, "bbb", "shop/web:2");
        ground.until("the second sync", |ground| is_done(ground) && state(ground)[0] == "bbb");
        roll_back(ground, "aaa");
        ground.until("the head again", |ground| {
            let history = shop(ground)["status"]["history"].as_array().unwrap().len();
            history == 4 && is_done(ground) && state(ground)[0] == "bbb"
        });
    });
}

#[test]
fn a_parent_switches_auto_sync_on_again() {
    both("a_parent_switches_auto_sync_on_again", |ground| {
        begin(ground);
        let manifests = vec![application("shop", REPOSITORY, json!({}))];
        let (repository, revision) = ("https://git.example/apps".to_owned(), "ppp".to_owned());
        ground.double.tell(Instruction::Commit { repository: repository.clone(), revision, manifests });
        ground.apply(&application("apps", &repository, json!({"selfHeal": true})));
        ground.until("the parent", |ground| {
            let parent = ground.double.object("argoproj.io/v1alpha1", "Application", "argocd", "apps").unwrap();
            parent["status"]["sync"]["status"] == "Synced"
        });
        patch(ground, &json!({"spec": {"syncPolicy": {"automated": null}}}));
        ground.until("auto-sync again", |ground| shop(ground)["spec"]["syncPolicy"].get("automated").is_some());
    });
}

#[test]
fn windows_block_failures_are_told_and_operations_can_be_terminated() {
    both("windows_block_failures_are_told_and_operations_can_be_terminated", |ground| {
        begin(ground);
        patch(ground, &json!({"spec": {"syncPolicy": {"automated": null}}}));
        let window = |is_closed| Instruction::SyncWindow { application: "shop".to_owned(), is_closed };
        ground.double.tell(window(true));
        roll_back(ground, "aaa");
        let message = |ground: &Ground| shop(ground)["status"]["operationState"]["message"].clone();
        ground.until("a window", |ground| message(ground) == "Sync operation blocked by sync window");
        assert_eq!(state(ground)[1], "Running");
        patch(ground, &json!({"status": {"operationState": {"phase": "Terminating"}}}));
        ground.until("an end", |ground| is_done(ground) && state(ground)[1] == "Failed");
        assert_eq!(message(ground), "Operation terminated");
        ground.double.tell(window(false));
        let message_said = Some("one or more objects failed to apply".to_owned());
        ground.double.tell(Instruction::FailSync { application: "shop".to_owned(), message: message_said });
        roll_back(ground, "aaa");
        ground.until("a failure", |ground| message(ground) == "one or more objects failed to apply");
        ground.until("its end", |ground| is_done(ground) && state(ground)[1] == "Failed");
        // The controller's own operations are tried again, and run all the while.
        commit(ground, "bbb", "shop/web:2");
        patch(ground, &json!({"spec": {"syncPolicy": {"automated": {}}}}));
        ground.until("a retry", |ground| {
            let is_waiting = shop(ground).pointer("/status/operationState/finishedAt").is_some();
            is_waiting && state(ground)[1] == "Running" && message(ground).to_string().contains("Retrying attempt #1")
        });
        ground.until("the last", |ground| is_done(ground) && state(ground)[1] == "Failed");
    });
}
