//! Shifting replicas from the old ReplicaSets to the new one, as `k8s.io/kubernetes/pkg/controller/deployment` does it.
//!
//! | strategy | up | down |
//! |---|---|---|
//! | `Recreate` | once no old pod is left | all old ones at once |
//! | `RollingUpdate` | as far as `maxSurge` allows | never below `replicas - maxUnavailable` available ones; those that serve nobody first |

use jiff::Timestamp;
use serde_json::Value;

use crate::cluster::{Cluster, object, record_event};
use crate::controllers::deployment::controller::scale;

/// The numbers of one step.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    desired: i64,
    surge: i64,
    unavailable: i64,
}

pub(crate) fn step(cluster: &mut Cluster, deployment: &Value, newest: &Value, others: &[Value], now: Timestamp) {
    let numbers = Numbers::of(deployment);
    let asked = |set: &Value| object::number(set, "/spec/replicas");
    let old: i64 = others.iter().map(asked).sum();
    let is_recreated = object::text(deployment, "/spec/strategy/type") == "Recreate";
    let old_pods: i64 = others.iter().map(|set| object::number(set, "/status/replicas")).sum();
    let new = match is_recreated {
        true if old + old_pods > 0 => asked(newest),
        true => numbers.desired,
        false => numbers.up(asked(newest), asked(newest) + old),
    };
    if new != asked(newest) {
        let message = format!("Scaled replica set {} from {} to {new}", object::name(newest), asked(newest));
        record_event(cluster, deployment, ["Normal", "ScalingReplicaSet", &message], now);
        scale(cluster, newest, new);
        return;
    }
    let mut spare = if is_recreated { old } else { numbers.spare(newest, others) };
    // First those that serve nobody, then the oldest of those that do.
    for is_serving in [false, true] {
        for set in others {
            let replicas = asked(set);
            let serving = object::number(set, "/status/availableReplicas").min(replicas);
            let room = if is_serving { numbers.spare_available(newest, others, is_recreated) } else { i64::MAX };
            let candidates = if is_serving { serving } else { replicas - serving };
            let gone = candidates.min(spare).min(room).max(0);
            if gone > 0 {
                scale(cluster, set, replicas - gone);
                spare -= gone;
                if is_serving {
                    return;
                }
            }
        }
        if !is_serving && others.iter().any(|set| object::number(set, "/status/replicas") > asked(set)) {
            return;
        }
    }
}

impl Numbers {
    fn of(deployment: &Value) -> Self {
        let desired = object::number(deployment, "/spec/replicas");
        let part = |name: &str, rounds_up: bool| {
            let value = deployment.pointer(&format!("/spec/strategy/rollingUpdate/{name}"));
            share(value, desired, rounds_up)
        };
        let surge = part("maxSurge", true);
        let unavailable = part("maxUnavailable", false);
        // Both zero would never come further.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { desired, surge, unavailable }
    }

    /// How many replicas the new ReplicaSet may ask for.
    fn up(self, new: i64, all: i64) -> i64 {
        if new > self.desired {
            return self.desired;
        }
        let room = (self.desired + self.surge - all).max(0);
        new + room.min(self.desired - new)
    }

    /// How many old pods may go, those of the new ReplicaSet that do not serve yet set aside.
    fn spare(self, newest: &Value, others: &[Value]) -> i64 {
        let asked = |set: &Value| object::number(set, "/spec/replicas");
        let all: i64 = asked(newest) + others.iter().map(asked).sum::<i64>();
        let idle = asked(newest) - object::number(newest, "/status/availableReplicas");
        (all - (self.desired - self.unavailable) - idle).max(0)
    }

    /// How many pods that serve may go.
    fn spare_available(self, newest: &Value, others: &[Value], is_recreated: bool) -> i64 {
        let available =
            |set: &Value| object::number(set, "/status/availableReplicas").min(object::number(set, "/spec/replicas"));
        let all: i64 = available(newest) + others.iter().map(available).sum::<i64>();
        if is_recreated { i64::MAX } else { (all - (self.desired - self.unavailable)).max(0) }
    }
}

/// A count, or a percentage of all; 25 % where nothing is said.
fn share(value: Option<&Value>, all: i64, rounds_up: bool) -> i64 {
    if let Some(count) = value.and_then(Value::as_i64) {
        return count;
    }
    let percent = value.and_then(Value::as_str).and_then(|text| text.trim_end_matches('%').parse().ok()).unwrap_or(25);
    let hundredths: i64 = all * percent;
    if rounds_up { (hundredths + 99) / 100 } else { hundredths / 100 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shares_round_towards_more_pods() {
        assert_eq!((share(None, 3, true), share(None, 3, false)), (1, 0));
        assert_eq!((share(Some(&json!("50%")), 3, true), share(Some(&json!(2)), 3, false)), (2, 2));
    }

    #[test]
    fn a_new_set_that_is_not_ready_keeps_the_old_pods() {
        let numbers = Numbers { desired: 3, surge: 1, unavailable: 0 };
        let set = |asked: i64, available: i64| json!({"spec": {"replicas": asked}, "status": {"availableReplicas": available}});
        assert_eq!(numbers.up(0, 3), 1);
        assert_eq!(numbers.spare(&set(1, 0), &[set(3, 3)]), 0);
        assert_eq!(numbers.spare(&set(1, 1), &[set(3, 3)]), 1);
    }
}
