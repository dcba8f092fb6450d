//! A sync operation, from `operation` to its result.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, after, clock, object};
use crate::controllers::argo::comparison::{namespace, target};
use crate::script::milliseconds;
use crate::wire;

/// What [`Cluster::progress`] says of an Application whose operation is over.
const ENDED: &str = "ended";

/// When the last operation ended, more exactly than `finishedAt` says.
pub(crate) fn ended(cluster: &Cluster, application: &Value) -> Option<Timestamp> {
    let (what, when) = cluster.progress.get(object::uid(application))?;
    (what == ENDED).then_some(*when)
}

/// Brings the operation a step further; returns when to look at it again.
pub(crate) fn go_on(cluster: &mut Cluster, key: &Key, application: &mut Value, now: Timestamp) -> Option<Timestamp> {
    let pause = milliseconds(cluster.script.timings.sync);
    let state = object::at(application, "/status/operationState");
    let phase = object::text(&state, "/phase");
    if !["Running", "Terminating"].contains(&phase) {
        begin(cluster, application, now);
        mark(cluster, application, "running", now);
        return Some(after(now, pause));
    }
    if phase == "Terminating" {
        end(cluster, application, ("Failed", "Operation terminated"), now);
        return Some(after(now, pause));
    }
    if cluster.script.closed_windows.contains(&key.name) {
        say(application, "Running", "Sync operation blocked by sync window");
        return Some(after(now, pause));
    }
    let began = cluster.progress.get(object::uid(application)).map_or(now, |(_, began)| *began);
    if now < after(began, pause) {
        return Some(after(began, pause));
    }
    object::set(application, &["status", "operationState", "finishedAt"], Value::Null);
    match deploy(cluster, key, application) {
        Ok(()) => {
            note(application, now);
            end(cluster, application, ("Succeeded", "successfully synced (all tasks run)"), now);
        }
        Err(message) if may_retry(&state) => retry(cluster, application, &message, now),
        Err(message) => end(cluster, application, ("Failed", &message), now),
    }
    Some(after(now, pause))
}

fn mark(cluster: &mut Cluster, application: &Value, what: &str, now: Timestamp) {
    cluster.progress.insert(object::uid(application).to_owned(), (what.to_owned(), now));
}

fn may_retry(state: &Value) -> bool {
    object::number(state, "/retryCount") < object::number(state, "/operation/retry/limit")
}

/// It stays `Running`; that it has an end says that it waits to be tried again.
fn retry(cluster: &mut Cluster, application: &mut Value, message: &str, now: Timestamp) {
    let count = object::number(application, "/status/operationState/retryCount") + 1;
    object::set(application, &["status", "operationState", "retryCount"], json!(count));
    object::set(application, &["status", "operationState", "finishedAt"], json!(clock::text(now)));
    say(application, "Running", &format!("{message}. Retrying attempt #{count}."));
    mark(cluster, application, "running", now);
}

fn begin(cluster: &Cluster, application: &mut Value, now: Timestamp) {
    let operation = object::at(application, "/operation");
    let source = match object::at(&operation, "/sync/source") {
        Value::Null => object::at(application, "/spec/source"),
        source => source,
    };
    let wanted = match object::text(&operation, "/sync/revision") {
        "" => object::text(&source, "/targetRevision"),
        revision => revision,
    };
    let (_, revision) = target(cluster, application, wanted);
    let state = json!({
        "operation": operation,
        "phase": "Running",
        "message": "waiting for completion of tasks",
        "startedAt": clock::text(now),
        "syncResult": {"revision": revision, "source": source},
    });
    object::set(application, &["status", "operationState"], state);
}

/// Applies the manifests of the operation's revision; the message where one is refused or the test says so.
fn deploy(cluster: &mut Cluster, key: &Key, application: &Value) -> Result<(), String> {
    if let Some(message) = cluster.script.failing_syncs.get(&key.name) {
        return Err(message.clone());
    }
    let revision = object::text(application, "/status/operationState/syncResult/revision");
    let (repository, revision) = target(cluster, application, revision);
    let is_dry_run = object::is_true(application, "/operation/sync/dryRun");
    if !repository.commits.is_empty() && !repository.commits.contains_key(&revision) {
        return Err(format!("ComparisonError: unable to resolve '{revision}' to a commit SHA"));
    }
    for manifest in repository.commits.get(&revision).into_iter().flatten().filter(|_| !is_dry_run) {
        let mut manifest = manifest.clone();
        let namespace = namespace(application, &manifest).to_owned();
        object::set(&mut manifest, &["metadata", "namespace"], json!(namespace));
        wire::apply(cluster, "argocd-controller", &manifest)?;
    }
    Ok(())
}

/// Adds the revision to the history, which keeps the newest ten or as many as the Application says.
fn note(application: &mut Value, now: Timestamp) {
    if object::is_true(application, "/operation/sync/dryRun") {
        return;
    }
    let mut history = object::list(application, "/status/history").to_vec();
    let id = history.last().map_or(0, |last| object::number(last, "/id") + 1);
    history.push(json!({
        "id": id,
        "revision": object::text(application, "/status/operationState/syncResult/revision"),
        "deployStartedAt": object::text(application, "/status/operationState/startedAt"),
        "deployedAt": clock::text(now),
        "source": object::at(application, "/status/operationState/syncResult/source"),
        "initiatedBy": object::at(application, "/operation/initiatedBy"),
    }));
    let limit = application.pointer("/spec/revisionHistoryLimit").and_then(Value::as_u64).unwrap_or(10);
    let surplus = history.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    history.drain(..surplus);
    object::set(application, &["status", "history"], json!(history));
}

fn say(application: &mut Value, phase: &str, message: &str) {
    object::set(application, &["status", "operationState", "phase"], json!(phase));
    object::set(application, &["status", "operationState", "message"], json!(message));
}

fn end(cluster: &mut Cluster, application: &mut Value, (phase, message): (&str, &str), now: Timestamp) {
    say(application, phase, message);
    // Later than what was compared before, though both are whole seconds.
    let compared = clock::parse(object::text(application, "/status/reconciledAt"));
    let next = compared.map(|compared| clock::text(after(compared, milliseconds(1_000))));
    let finished = clock::text(now).max(next.unwrap_or_default());
    object::set(application, &["status", "operationState", "finishedAt"], json!(finished));
    object::set(application, &["operation"], Value::Null);
    mark(cluster, application, ENDED, now);
}
