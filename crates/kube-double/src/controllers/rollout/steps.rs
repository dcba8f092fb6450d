//! The steps of a canary.
//!
//! | step         | it is done when                                                                        |
//! |--------------|----------------------------------------------------------------------------------------|
//! | `setWeight`  | as many pods serve as it asks for                                                      |
//! | `pause`      | its `duration` has passed, or somebody has taken `status.pauseConditions` away         |
//! | any other    | at once                                                                                |

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::cluster::{clock, object};

const REASON: &str = "CanaryPauseStep";

pub(super) fn begin(rollout: &mut Value) {
    let index = if count(rollout) == 0 { Value::Null } else { json!(0) };
    object::set(rollout, &["status", "currentStepIndex"], index);
}

pub(super) fn skip_all(rollout: &mut Value) {
    for name in ["abort", "abortedAt", "pauseConditions", "controllerPause"] {
        object::set(rollout, &["status", name], Value::Null);
    }
    let count = count(rollout);
    object::set(rollout, &["status", "currentStepIndex"], if count == 0 { Value::Null } else { json!(count) });
}

pub(super) fn are_done(rollout: &Value) -> bool {
    index(rollout) >= count(rollout)
}

/// How many of a hundred pods shall be new: what the last step that said so said.
pub(super) fn weight(rollout: &Value) -> i64 {
    if object::is_true(rollout, "/status/abort") {
        return 0;
    }
    if are_done(rollout) {
        return 100;
    }
    let begun = all(rollout).iter().take(index(rollout) + 1);
    begun.filter_map(|step| step.get("setWeight").and_then(Value::as_i64)).next_back().unwrap_or(0)
}

/// Ends the present step where it is done; returns when to look again.
pub(super) fn advance(rollout: &mut Value, is_settled: bool, now: Timestamp) -> Option<Timestamp> {
    let step = all(rollout).get(index(rollout))?.clone();
    let is_paused = !object::list(rollout, "/status/pauseConditions").is_empty();
    if step.get("setWeight").is_some() && !is_settled {
        return None;
    }
    if let Some(pause) = step.get("pause") {
        if !is_paused && !object::is_true(rollout, "/status/controllerPause") {
            let condition = json!([{"reason": REASON, "startTime": clock::text(now)}]);
            object::set(rollout, &["status", "pauseConditions"], condition);
            object::set(rollout, &["status", "controllerPause"], json!(true));
        }
        if is_paused || object::is_true(rollout, "/status/controllerPause") {
            let since: Option<Timestamp> = object::text(rollout, "/status/pauseConditions/0/startTime").parse().ok();
            let until = since.and_then(|since| since.checked_add(SignedDuration::from_secs(seconds(pause)?)).ok());
            let still = !object::list(rollout, "/status/pauseConditions").is_empty();
            if still && until.is_none_or(|until| now < until) {
                return until;
            }
        }
    }
    object::set(rollout, &["status", "pauseConditions"], Value::Null);
    object::set(rollout, &["status", "controllerPause"], Value::Null);
    let next = index(rollout) + 1;
    object::set(rollout, &["status", "currentStepIndex"], json!(next));
    None
}

/// How long a pause takes: a number, or such as `10s`, `5m`, `1h`; none where it is for somebody to end.
fn seconds(pause: &Value) -> Option<i64> {
    let duration = pause.get("duration")?;
    if let Some(seconds) = duration.as_i64() {
        return Some(seconds);
    }
    let text = duration.as_str()?;
    let (number, unit) = text.split_at(text.trim_end_matches(char::is_alphabetic).len());
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(number.parse::<i64>().ok()? * unit)
}

fn all(rollout: &Value) -> &[Value] {
    object::list(rollout, "/spec/strategy/canary/steps")
}

fn count(rollout: &Value) -> usize {
    all(rollout).len()
}

fn index(rollout: &Value) -> usize {
    usize::try_from(object::number(rollout, "/status/currentStepIndex")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_weight_that_was_said_holds_until_an_abort() {
        let steps = json!([{"setWeight": 20}, {"pause": {}}, {"setWeight": 50}]);
        let at = |index: usize, abort: bool| {
            weight(&json!({"spec": {"strategy": {"canary": {"steps": steps}}},
                "status": {"currentStepIndex": index, "abort": abort}}))
        };
        assert_eq!([at(0, false), at(1, false), at(2, false), at(3, false)], [20, 20, 50, 100]);
        assert_eq!(at(2, true), 0);
        assert_eq!(seconds(&json!({"duration": "5m"})), Some(300));
        assert_eq!(seconds(&json!({})), None);
    }
}
