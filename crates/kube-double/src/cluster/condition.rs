//! Conditions of a status.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{clock, object};

/// Sets the condition of that type; its times move only when it changes, as with Kubernetes' own controllers. An empty
/// `status` removes it.
pub(crate) fn set_condition(target: &mut Value, [kind, status, reason, message]: [&str; 4], now: Timestamp) {
    let mut conditions = object::list(target, "/status/conditions").to_vec();
    let before = conditions.iter().position(|condition| object::text(condition, "/type") == kind);
    if status.is_empty() {
        before.map(|index| conditions.remove(index));
    } else {
        let old = before.map(|index| conditions[index].clone()).unwrap_or_default();
        let is_same =
            ["/status", "/reason", "/message"].map(|part| object::text(&old, part)) == [status, reason, message];
        if is_same {
            return;
        }
        let now = clock::text(now);
        let moved = object::text(&old, "/status") != status;
        let transition = if moved { now.as_str() } else { object::text(&old, "/lastTransitionTime") };
        let condition = json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastUpdateTime": now, "lastTransitionTime": transition,
        });
        match before {
            Some(index) => conditions[index] = condition,
            None => conditions.push(condition),
        }
    }
    let conditions = if conditions.is_empty() { Value::Null } else { Value::Array(conditions) };
    object::set(target, &["status", "conditions"], conditions);
}
