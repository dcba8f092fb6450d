//! One container over time, by its behaviour.
//!
//! A crashing one is started again at once after its first end and then after waits that grow; between the ends it waits
//! with the reason `CrashLoopBackOff`. A pod that is not restarted (a Job's) is over with the first end.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{after, clock};
use crate::script::{Behaviour, Timings, milliseconds};

/// How long a container that crashes runs.
const RUNS: u64 = 20;

/// What is to be said of a container now.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// `waiting`, `running` or `terminated`, as the status has it.
    pub(crate) state: Value,
    pub(crate) last_state: Value,
    pub(crate) is_ready: bool,
    pub(crate) restarts: u64,
    /// The code with which it ended for good.
    pub(crate) ended: Option<i64>,
    /// When it will look different.
    pub(crate) due: Option<Timestamp>,
}

/// A container that started at `started`, looked at `now`. `ends` says that it is not restarted, as in a Job's pod.
pub(crate) fn look(behaviour: Behaviour, timings: Timings, ends: bool, (started, now): (Timestamp, Timestamp)) -> Look {
    let elapsed = u64::try_from(now.duration_since(started).as_millis()).unwrap_or_default();
    let running = |is_ready: bool, due: Option<u64>| Look {
        state: json!({"running": {"startedAt": clock::text(started)}}),
        is_ready,
        due: due.map(|due| after(started, milliseconds(due))),
        ..Look::nothing()
    };
    let ready_after = if behaviour == Behaviour::Slow { timings.slow } else { timings.ready };
    match behaviour {
        Behaviour::NeverReady => running(false, None),
        Behaviour::Missing => missing(timings, (started, elapsed)),
        Behaviour::Crash => crash((1, "Error"), timings, ends, (started, elapsed)),
        Behaviour::Oom => crash((137, "OOMKilled"), timings, ends, (started, elapsed)),
        Behaviour::Ready | Behaviour::Slow | Behaviour::Erring if elapsed < ready_after => {
            running(false, Some(ready_after))
        }
        Behaviour::Ready | Behaviour::Slow | Behaviour::Erring if ends => Look {
            state: json!({"terminated": terminated((0, "Completed"), started, ready_after)}),
            ended: Some(0),
            ..Look::nothing()
        },
        Behaviour::Ready | Behaviour::Slow | Behaviour::Erring => running(true, None),
    }
}

impl Look {
    fn nothing() -> Self {
        Self { state: json!({}), last_state: json!({}), is_ready: false, restarts: 0, ended: None, due: None }
    }

    /// A container that is not started yet, and why.
    pub(crate) fn waiting(reason: &str, message: &str) -> Self {
        let mut waiting = json!({"reason": reason});
        if !message.is_empty() {
            waiting["message"] = json!(message);
        }
        Self { state: json!({"waiting": waiting}), ..Self::nothing() }
    }
}

fn missing(timings: Timings, (started, elapsed): (Timestamp, u64)) -> Look {
    if elapsed < timings.pull {
        let due = Some(after(started, milliseconds(timings.pull)));
        return Look { due, ..Look::waiting("ErrImagePull", "failed to pull and unpack image: not found") };
    }
    Look::waiting("ImagePullBackOff", "Back-off pulling image: ErrImagePull: not found")
}

fn crash((code, reason): (i64, &str), timings: Timings, ends: bool, (started, elapsed): (Timestamp, u64)) -> Look {
    let (mut begin, mut restarts) = (0, 0);
    // The wait before the restart of that number: none before the first, then longer and longer.
    let wait = |restart: u64| timings.back_off * restart.saturating_sub(1).min(8);
    while !ends && elapsed >= begin + RUNS + wait(restarts + 1) {
        restarts += 1;
        begin += RUNS + wait(restarts);
    }
    let last = match restarts {
        0 => json!({}),
        _ => json!({"terminated": terminated((code, reason), started, begin.saturating_sub(wait(restarts)))}),
    };
    let at = |offset: u64| Some(after(started, milliseconds(offset)));
    if elapsed < begin + RUNS {
        let state = json!({"running": {"startedAt": clock::text(after(started, milliseconds(begin)))}});
        return Look { state, last_state: last, restarts, due: at(begin + RUNS), ..Look::nothing() };
    }
    let end = terminated((code, reason), started, begin + RUNS);
    if ends {
        return Look { state: json!({"terminated": end}), ended: Some(code), ..Look::nothing() };
    }
    let look = Look::waiting("CrashLoopBackOff", "back-off restarting failed container");
    Look { last_state: json!({"terminated": end}), restarts, due: at(begin + RUNS + wait(restarts + 1)), ..look }
}

fn terminated((code, reason): (i64, &str), started: Timestamp, end: u64) -> Value {
    json!({
        "exitCode": code,
        "reason": reason,
        "startedAt": clock::text(started),
        "finishedAt": clock::text(after(started, milliseconds(end))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(behaviour: Behaviour, ends: bool, elapsed: u64) -> Look {
        let started = clock::parse("2026-01-01T00:00:00Z").unwrap();
        look(behaviour, Timings::default(), ends, (started, after(started, milliseconds(elapsed))))
    }

    #[test]
    fn a_crash_is_restarted_at_once_and_then_backed_off() {
        assert_eq!(at(Behaviour::Crash, false, 0).restarts, 0);
        assert_eq!(at(Behaviour::Crash, false, 20).restarts, 1);
        let waiting = at(Behaviour::Crash, false, 45);
        assert_eq!(waiting.state["waiting"]["reason"], "CrashLoopBackOff");
        assert_eq!(waiting.last_state["terminated"]["exitCode"], 1);
        assert_eq!(at(Behaviour::Oom, false, 2_000).restarts, 3);
    }

    #[test]
    fn a_container_of_a_job_ends() {
        assert_eq!(at(Behaviour::Ready, true, 1_000).ended, Some(0));
        assert_eq!(at(Behaviour::Crash, true, 1_000).ended, Some(1));
        assert_eq!(at(Behaviour::Ready, false, 1_000).ended, None);
    }
}
