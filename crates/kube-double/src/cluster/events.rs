//! Events, as `kubectl get events` and `kubectl describe` show them.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cluster::{Cluster, Key, clock, kinds, object};

/// Records that something happened to an object: once more where the same was said of it before.
///
/// `type` is `Normal` or `Warning`.
pub(crate) fn record_event(cluster: &mut Cluster, about: &Value, [kind, reason, message]: [&str; 3], now: Timestamp) {
    let (namespace, name) = (object::namespace(about).to_owned(), object::name(about));
    let digest = Sha256::digest(format!("{}{reason}{message}", object::uid(about)));
    let suffix: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let key = Key::new(&kinds::EVENTS, &namespace, &format!("{name}.{suffix}"));
    let before = cluster.store.get(&key).cloned();
    let now = clock::text(now);
    let first = before.as_ref().map_or(now.as_str(), |event| object::text(event, "/firstTimestamp")).to_owned();
    let event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": key.name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": object::text(about, "/apiVersion"),
            "kind": object::text(about, "/kind"),
            "namespace": namespace,
            "name": name,
            "uid": object::uid(about),
        },
        "type": kind,
        "reason": reason,
        "message": message,
        "count": before.as_ref().map_or(0, |event| object::number(event, "/count")) + 1,
        "firstTimestamp": first,
        "lastTimestamp": now,
        "source": {"component": "backout-kube-double"},
        "reportingComponent": "backout-kube-double",
    });
    cluster.store.put(&key, event);
}
