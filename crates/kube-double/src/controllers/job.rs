//! Jobs: pods that end, tried again until `backoffLimit`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, after, clock, kinds, object, record_event, set_condition};
use crate::controllers::ownership::{NewPod, suffix};
use crate::script::milliseconds;

pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, mut job: Value, now: Timestamp) -> Option<Timestamp> {
    let conditions = object::list(&job, "/status/conditions").iter();
    let is_over =
        conditions.map(|condition| object::text(condition, "/type")).any(|kind| ["Complete", "Failed"].contains(&kind));
    if is_over || object::is_true(&job, "/spec/suspend") {
        return None;
    }
    let pods = cluster.store.owned(&kinds::PODS, object::uid(&job));
    let of = |phase: &str| pods.iter().filter(|pod| object::text(pod, "/status/phase") == phase).count();
    let (succeeded, failed) = (of("Succeeded"), of("Failed"));
    let active = pods.len() - succeeded - failed;
    count(&mut job, (active, succeeded, failed), now);
    let number = |name: &str| usize::try_from(object::number(&job, &format!("/spec/{name}"))).unwrap_or_default();
    let mut due = None;
    if succeeded >= number("completions").max(1) {
        complete(cluster, &mut job, now);
    } else if failed > number("backoffLimit") {
        fail(cluster, &mut job, now);
    } else if active == 0 && start(cluster, key, &job, now).is_err() {
        due = Some(after(now, milliseconds(200)));
    }
    cluster.store.put(key, job);
    due
}

fn count(job: &mut Value, (active, succeeded, failed): (usize, usize, usize), now: Timestamp) {
    if object::text(job, "/status/startTime").is_empty() {
        object::set(job, &["status", "startTime"], json!(clock::text(now)));
    }
    for (name, count) in [("active", active), ("succeeded", succeeded), ("failed", failed)] {
        object::set(job, &["status", name], if count == 0 { Value::Null } else { json!(count) });
    }
    for name in ["ready", "terminating"] {
        object::set(job, &["status", name], json!(0));
    }
}

fn complete(cluster: &mut Cluster, job: &mut Value, now: Timestamp) {
    let message = "Reached expected number of succeeded pods";
    object::set(job, &["status", "completionTime"], json!(clock::text(now)));
    set_condition(job, ["SuccessCriteriaMet", "True", "CompletionsReached", message], now);
    set_condition(job, ["Complete", "True", "CompletionsReached", message], now);
    record_event(cluster, job, ["Normal", "Completed", "Job completed"], now);
}

fn fail(cluster: &mut Cluster, job: &mut Value, now: Timestamp) {
    let message = "Job has reached the specified backoff limit";
    set_condition(job, ["FailureTarget", "True", "BackoffLimitExceeded", message], now);
    set_condition(job, ["Failed", "True", "BackoffLimitExceeded", message], now);
    record_event(cluster, job, ["Warning", "BackoffLimitExceeded", message], now);
}

fn start(cluster: &mut Cluster, key: &Key, job: &Value, now: Timestamp) -> Result<(), String> {
    let name = format!("{}-{}", key.name, suffix(cluster));
    let template = object::at(job, "/spec/template");
    let labels = vec![
        ("batch.kubernetes.io/job-name", key.name.clone()),
        ("job-name", key.name.clone()),
        ("batch.kubernetes.io/controller-uid", object::uid(job).to_owned()),
    ];
    NewPod { resource: &kinds::JOBS, owner: job, name, template: &template, labels }.create(cluster, now)
}
