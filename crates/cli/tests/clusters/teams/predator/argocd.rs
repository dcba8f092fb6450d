//! The page's usual way: Argo CD.

use backout_kube_double::Instruction;
use backout_testkit::measured::{Recorded as _, Table, What};
use serde_json::{Value, json};

use super::stage::Predator;
use crate::site::SOON;

const REPOSITORY: &str = "https://git.predator.example.com/deploy.git";

/// What the team calls a deploy: a push, and Argo CD syncs it.
const PUSH: &str = r#"curl --silent --fail --data @push.json "$SIDE/double/script" &&
    kubectl wait application/predator-prod --namespace argocd --timeout=30s \
        --for=jsonpath='{.status.operationState.syncResult.revision}'=bbb &&
    kubectl rollout status deployment/backend --namespace production --timeout=30s"#;

/// A commit of the repository: what the chart makes with that tag.
fn commit(predator: &Predator, revision: &str, tag: &str) -> Instruction {
    let text = predator.template("predator", &format!("tag={tag}"));
    let documents = text.split("\n---").map(|it| it.trim_start_matches("---").trim()).filter(|it| it.contains("kind:"));
    let manifests = documents.map(|it| serde_saphyr::from_str(it).unwrap()).collect();
    Instruction::Commit { repository: REPOSITORY.to_owned(), revision: revision.to_owned(), manifests }
}

fn application(predator: &Predator) -> Value {
    predator.team.double.object("argoproj.io/v1alpha1", "Application", "argocd", "predator-prod").unwrap_or_default()
}

/// Waits until that revision is synced and well, and nothing is under way.
#[track_caller]
fn until_synced(predator: &Predator, revision: &str) {
    let is_so = || {
        let it = application(predator);
        let text = |at: &str| it.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let said =
            ["/status/operationState/syncResult/revision", "/status/operationState/phase", "/status/health/status"];
        let finished = text("/status/operationState/finishedAt");
        said.map(text) == [revision, "Succeeded", "Healthy"]
            && it.get("operation").is_none()
            && text("/status/reconciledAt") >= finished
    };
    assert!(predator.team.double.eventually(SOON, |_| is_so()), "{revision}: {:#}", application(predator));
}

fn automated(predator: &Predator) -> Option<Value> {
    application(predator).pointer("/spec/syncPolicy/automated").cloned()
}

#[test]
fn predator_application_goes_back_and_auto_sync_waits_for_the_fix() {
    let test = "predator_application_goes_back_and_auto_sync_waits_for_the_fix";
    let Some(mut predator) = Predator::open(test, "production") else { return };
    let mut table = Table::of("predator, Argo CD");
    drop(predator.team.clients.kubectl(&["create", "namespace", "argocd"]).ok());
    predator.migrate();
    predator.team.double.tell(commit(&predator, "aaa", "1.4.2"));
    drop(predator.team.clients.kubectl(&["apply", "--filename", "argocd/predator-prod.yaml"]).ok());
    until_synced(&predator, "aaa");
    predator.begin();
    let (team, good) = (&predator.team, predator.running());

    let bad = serde_json::to_string(&commit(&predator, "bbb", "1.5.0-errors")).unwrap();
    team.clients.write("push.json", &bad);
    let since = team.journal().last();
    let guard = ["guard", "--soak", "60s", "--", "sh", "-c", PUSH];
    let ended = team.start(&guard, &[("SIDE", team.double.side_url()), ("OBSERVE", "8s")]).wait();
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    assert_eq!((predator.running(), automated(&predator)), (good.clone(), None), "{}", ended.stderr);
    until_synced(&predator, "aaa");
    assert!(predator.is_well());
    table.add(team, since, ("a sync with more than 5 % errors", What::Service));

    // Nothing comes by itself until somebody says that the fix is merged.
    team.double.tell(commit(&predator, "ccc", "1.5.0"));
    assert_eq!((automated(&predator), predator.version().as_deref()), (None, Some("1.4.2")));
    team.backout(&["rearm"]).expect_code(0);
    until_synced(&predator, "ccc");
    assert_eq!(automated(&predator), Some(json!({"prune": true})));
    assert_eq!(predator.version().as_deref(), Some("1.5.0"));

    let since = team.journal().last();
    let back = ["rollback", "--stack", "--reason", "errors since the sync of 03:10", "--yes"];
    team.backout(&back).expect_code(0);
    assert_eq!((predator.running(), predator.version().as_deref()), (good, Some("1.4.2")));
    assert!(predator.is_well());
    table.add(team, since, ("the whole stack, by a person", What::Stack));
    table.print_and_hold();
}
