//! One look at an Application: its operation first, then what the repository says against what is there.
//!
//! | there is | then |
//! |---|---|
//! | `operation`, no state of it | the state begins: `Running` |
//! | a running one, its time not yet over | it is looked at again |
//! | a running one whose time is over | its manifests are applied; `Succeeded` or `Failed`; `operation` goes |
//! | a running one that fails and may be tried again | it stays `Running`, with `finishedAt`, and begins anew |
//! | a running one in a closed sync window | it stays `Running` and says so |
//! | a state `Terminating` | `Failed`, `operation` goes |
//! | none, auto-sync, and another revision than the last operation's | an operation of the controller's begins |
//!
//! After an operation health and sync are of before until the status is compared anew, a pause later. The times are whole
//! seconds, and the double is faster: `finishedAt` is the next second where it would otherwise not be after `reconciledAt`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, after, clock, object};
use crate::controllers::argo::{comparison, operation};
use crate::script::milliseconds;

/// The annotation by which a client asks for a comparison.
const REFRESH: &str = "argocd.argoproj.io/refresh";

pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, mut application: Value, now: Timestamp) -> Option<Timestamp> {
    let pause = milliseconds(cluster.script.timings.sync);
    if application.get("operation").is_some() {
        let due = operation::go_on(cluster, key, &mut application, now);
        cluster.store.put(key, application);
        return due;
    }
    let finished = object::text(&application, "/status/operationState/finishedAt").to_owned();
    if let Some(due) = operation::ended(cluster, &application).map(|ended| after(ended, pause)).filter(|due| now < *due)
    {
        return Some(due);
    }
    let is_stale = object::text(&application, "/status/reconciledAt") < finished.as_str();
    let is_asked = !object::annotation(&application, REFRESH).is_empty();
    let compared = comparison::compare(cluster, &application);
    let has_changed = compared.differs_from(&application);
    if is_stale || is_asked || has_changed {
        object::set(&mut application, &["metadata", "annotations", REFRESH], Value::Null);
        compared.write(&mut application);
        let reconciled = clock::text(now).max(finished);
        object::set(&mut application, &["status", "reconciledAt"], json!(reconciled));
        cluster.store.put(key, application);
        return Some(after(now, pause));
    }
    if comparison::is_automated(&application) && compared.needs_sync(&application) {
        let operation = compared.automated_operation(&application);
        object::set(&mut application, &["operation"], operation);
        object::set(&mut application, &["status", "operationState"], Value::Null);
        cluster.store.put(key, application);
    }
    // Its objects change without it being told.
    Some(after(now, pause))
}
