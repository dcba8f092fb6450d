//! The safety refusals: each is a function that says why nothing may be changed, or nothing.
//!
//! Architecture invariant: whatever could make a rollback worse than the fault is refused by name before anything is
//! touched, and only a person overrides it, by that name.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::data::facts_digest as data_digest;
use super::{Agreed, Change, Plan, StepClass};
use crate::data::DatabaseFact;
use crate::id::{CheckpointId, DatabaseName, Digest, EnvironmentName, ServiceName};
use crate::inventory::{Checkpoint, Detail, Fact, Grade, Graded, Version, facts_digest};
use crate::policy::{Quarantined, Refusal, RefusalName};
use crate::port::{PortError, Preflight};

/// How many changes a refusal tells one by one.
const TOLD: usize = 8;

fn refusal(name: RefusalName, what: String, hint: impl Into<String>) -> Refusal {
    Refusal { name, what, hint: hint.into() }
}

/// There is nothing to go back to.
#[must_use]
pub fn no_good_checkpoint(environment: &EnvironmentName) -> Refusal {
    refusal(
        RefusalName::NoGoodCheckpoint,
        format!("`{environment}` has no good checkpoint to go back to"),
        "record one while the environment is healthy: `backout checkpoint create`; or name a target; a first deploy is guarded \
         with `--force no-good-checkpoint`",
    )
}

/// There is nothing to go back to but what was tried.
#[must_use]
pub fn no_older_good_checkpoint(tried: &CheckpointId) -> Refusal {
    refusal(
        RefusalName::NoGoodCheckpoint,
        format!("there is no good checkpoint older than `{tried}`, which was tried"),
        "see what runs: `backout status`; any checkpoint can be named as the target: `backout checkpoint list`",
    )
}

/// A version that went bad before.
#[must_use]
pub fn quarantined(it: &Quarantined) -> Refusal {
    let (what, id) = (it.in_words(), &it.checkpoint);
    refusal(
        RefusalName::Quarantined,
        format!("what the deploy brings back is in quarantine: {what} went bad before (`{id}`: {})", it.why),
        format!(
            "deploy something that is fixed; `backout checkpoint grade {id} candidate` lifts the quarantine, and \
             `--force quarantined` deploys it once more"
        ),
    )
}

/// The checkpoint that was asked for is not among those of the environment.
#[must_use]
pub fn no_such_checkpoint(id: &CheckpointId, environment: &EnvironmentName) -> Refusal {
    refusal(
        RefusalName::TargetDoesNotFit,
        format!("`{environment}` has no checkpoint `{id}`"),
        "see `backout checkpoint list` for those it has, or leave the target out to take the last known good one",
    )
}

/// The target says neither what a service ran nor that it was absent, so nothing says what going back means for it.
#[must_use]
pub fn service_not_in_target(service: &ServiceName, target: &Checkpoint) -> Option<Refusal> {
    let is_known = target.artifacts.contains_key(service) || target.absent.contains(service);
    (!is_known).then(|| {
        refusal(
            RefusalName::TargetDoesNotFit,
            format!(
                "checkpoint `{}` knows nothing of `{service}`: it was taken before the service was configured",
                target.id
            ),
            "name the services that shall go back with `--service`, or a checkpoint that has this one",
        )
    })
}

/// Only what is known to have worked is a target.
#[must_use]
pub fn target_not_good(target: &Graded) -> Option<Refusal> {
    let id = &target.checkpoint.id;
    (target.grade != Grade::Good).then(|| {
        refusal(
            RefusalName::TargetNotGood,
            format!("checkpoint `{id}` is graded {}: {}", target.grade, target.why),
            "leave the target out to take the last known good one, or override with `--force target-not-good`",
        )
    })
}

/// A checkpoint of another environment, or one whose images were let go of.
#[must_use]
pub fn target_does_not_fit(target: &Graded, environment: &EnvironmentName) -> Option<Refusal> {
    let id = &target.checkpoint.id;
    if target.checkpoint.environment != *environment {
        let what = format!("checkpoint `{id}` is of `{}`, not of `{environment}`", target.checkpoint.environment);
        return Some(refusal(RefusalName::TargetDoesNotFit, what, "see `backout checkpoint list` for those that fit"));
    }
    (!target.is_retained).then(|| {
        refusal(
            RefusalName::TargetGone,
            format!("checkpoint `{id}` was pruned: its images and files are no longer kept"),
            "choose a retained checkpoint: `backout checkpoint list`",
        )
    })
}

/// Everything is as the target has it.
#[must_use]
pub fn target_is_what_runs(plan: &Plan) -> Option<Refusal> {
    plan.steps.is_empty().then(|| {
        refusal(
            RefusalName::TargetIsWhatRuns,
            format!("what runs is checkpoint `{}` already", plan.target),
            "see `backout status` for how it is; an older checkpoint can be named as the target",
        )
    })
}

/// Only configuration was asked for, of something that has it and the rest in one piece.
#[must_use]
pub fn goes_back_whole(change: &Change<'_>) -> Option<Refusal> {
    let Change::Switch(artifact, _) = change else { return None };
    let (what, instead) = match &artifact.detail {
        Detail::Helm(release) => {
            ("release of Helm", format!("`helm upgrade {} CHART --reuse-values --set …`", release.release))
        }
        Detail::Argocd(_) => ("Application of Argo CD", "a commit in its repository".to_owned()),
        _ => return None,
    };
    let service = &artifact.service;
    Some(refusal(
        RefusalName::TargetDoesNotFit,
        format!(
            "`{service}` is not as it was, and its configuration cannot go back alone: it is one {what}, whose configuration \
             and images are one revision"
        ),
        format!(
            "take all of it back: `backout rollback --service {service}`; or change its configuration by {instead}"
        ),
    ))
}

/// What runs could not be seen.
#[must_use]
pub fn unknown_facts(service: &ServiceName, change: &Change<'_>) -> Option<Refusal> {
    let Change::Unknown(why) = change else { return None };
    Some(refusal(
        RefusalName::UnknownFacts,
        format!("`{service}` could not be seen: {why}"),
        "make its platform reachable, or leave the service out with `--service`",
    ))
}

/// How long an operation may be under way before whoever started it is taken to be gone: twice what Helm waits by default.
const ABANDONED_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Somebody else's operation on a service that has to change is under way. A guard ended the deploy before it goes back, so
/// what is under way then is what the deploy left.
///
/// | operation | it is that of our own deploy | since           | refused |
/// |-----------|------------------------------|-----------------|---------|
/// | none      |                              |                 | no      |
/// | some      | yes                          |                 | no      |
/// | some      | no                           | over 10 minutes | no      |
/// | some      | no                           | less, unknown   | yes     |
#[must_use]
pub fn operation_in_progress(service: &ServiceName, facts: &[Fact], is_own: bool, now: Timestamp) -> Option<Refusal> {
    let running = facts.iter().find(|fact| fact.service == *service)?.running()?;
    let busy = running.busy.as_ref().filter(|_| !is_own)?;
    let is_abandoned = busy.since.is_some_and(|since| now.duration_since(since) > ABANDONED_AFTER);
    (!is_abandoned).then(|| {
        refusal(
            RefusalName::OperationInProgress,
            format!("`{service}` is in the middle of another operation: {}", busy.what),
            "let it end; if whoever started it is gone, override with `--force operation-in-progress`",
        )
    })
}

/// The image, release or files of the target are gone, or nobody can say.
#[must_use]
pub fn target_gone(service: &ServiceName, preflight: Option<&Preflight>) -> Option<Refusal> {
    let what = match preflight {
        Some(Preflight::Present | Preflight::Fetched { .. }) => return None,
        Some(Preflight::Gone { why }) => format!("`{service}` cannot go back to what it ran: {why}"),
        Some(Preflight::Unknown { why }) => format!("whether `{service}` can go back to what it ran is unknown: {why}"),
        None => format!("whether what `{service}` ran is still there was not looked at"),
    };
    Some(refusal(
        RefusalName::TargetGone,
        what,
        "nothing was touched; see to that (an image or a release can be brought back), or name another checkpoint (`backout \
         checkpoint list`)",
    ))
}

/// What runs was reached by a rollback; going back further would walk away from what is known to work. Going to a newer
/// checkpoint is going forward again: identifiers sort by time.
#[must_use]
pub fn rollback_of_rollback(arrived_at: Option<&CheckpointId>, target: &CheckpointId) -> Option<Refusal> {
    let arrived_at = arrived_at.filter(|id| target < *id)?;
    Some(refusal(
        RefusalName::RollbackOfRollback,
        format!(
            "what runs was reached by a rollback to `{arrived_at}`; going on to `{target}` would be a rollback of a rollback"
        ),
        "look at the incident first; override with `--force rollback-of-rollback`",
    ))
}

/// The version under suspicion must be what runs: a deploy that never arrived is not undone.
#[must_use]
pub fn suspect_not_running(suspect: &BTreeMap<ServiceName, Version>, facts: &[Fact]) -> Option<Refusal> {
    let moved = suspect.iter().find_map(|(service, version)| {
        let now = facts.iter().find(|fact| fact.service == *service)?.version()?;
        (now != version).then_some(service)
    })?;
    Some(refusal(
        RefusalName::SuspectNotRunning,
        format!("`{moved}` no longer runs the version under suspicion: somebody changed it meanwhile"),
        "look at `backout status`, then plan again: `backout plan`",
    ))
}

/// The world moved since the plan was made.
#[must_use]
pub fn stale_facts(planned: &Digest, facts: &[Fact]) -> Option<Refusal> {
    (facts_digest(facts) != *planned).then(|| {
        refusal(
            RefusalName::StaleFacts,
            "what runs has changed since the plan was made".to_owned(),
            "nothing was touched; plan again: `backout plan`",
        )
    })
}

/// A schema, or what was applied to a database, moved since the plan was made. Plans of an older version know no databases.
#[must_use]
pub fn stale_data(planned: Option<&Digest>, facts: &BTreeMap<DatabaseName, DatabaseFact>) -> Option<Refusal> {
    let planned = planned?;
    (data_digest(facts) != *planned).then(|| {
        refusal(
            RefusalName::StaleFacts,
            "a database, its schema or its migrations have changed since the plan was made".to_owned(),
            "nothing was touched; plan again: `backout plan`",
        )
    })
}

/// The plan that somebody agreed to is not the one that would run.
#[must_use]
pub fn stale_plan(agreed: &Agreed, plan: &Plan) -> Option<Refusal> {
    let now = Agreed::of(plan);
    let mut changes = agreed.differences(&now);
    let more = changes.len().saturating_sub(TOLD);
    changes.truncate(TOLD);
    if more > 0 {
        changes.push(format!("and {more} more"));
    }
    (agreed.digest != now.digest).then(|| {
        refusal(
            RefusalName::StaleFacts,
            format!("the plan that was agreed to is not what would be done now: {}", changes.join("; ")),
            "nothing was touched; look at what would be done now, and agree to that: `backout plan`",
        )
    })
}

/// An irreversible step that nobody agreed to.
#[must_use]
pub fn approval_missing(plan: &Plan) -> Option<Refusal> {
    let step = plan.steps.iter().find(|step| step.class == StepClass::Irreversible)?;
    plan.request.is_automatic.then(|| {
        refusal(
            RefusalName::ApprovalMissing,
            format!("step {} cannot be undone, and an automatic run may not take it", step.id),
            "run it yourself: `backout rollback`",
        )
    })
}

/// A service that must not write while data goes back goes on writing.
#[must_use]
pub fn never_quiet(service: &ServiceName, error: &PortError) -> Refusal {
    let hint = error.hint.as_deref().unwrap_or("stop it yourself for the time of the rollback");
    let what = format!("`{service}` cannot be made quiet while the data goes back: {}", error.what);
    refusal(RefusalName::DatabaseNotReady, what, hint)
}

/// A rollback to that very target failed its verification after it was graded.
#[must_use]
pub fn destination_unhealthy(target: &CheckpointId, failed_since: Option<Timestamp>) -> Option<Refusal> {
    let at = failed_since?;
    Some(refusal(
        RefusalName::DestinationUnhealthy,
        format!("the last rollback to `{target}`, at {at}, could not be verified"),
        "name an older good checkpoint, or override with `--force destination-unhealthy`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Running, Seen, Standing};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn somebody_elses_operation_is_left_alone_until_nobody_can_be_behind_it() {
        let service = ServiceName::new("api").unwrap();
        let refused = |since: Option<i64>, is_own: bool| {
            let busy = Some(Standing { what: "pending-upgrade".to_owned(), since: since.map(at) });
            let (label, instances, unready) = (String::new(), Vec::new(), Vec::new());
            let running = Running { label, wanted: 0, instances, unready, trouble: None, busy, next: None };
            let (seen, files) = (Seen::Present(running), BTreeMap::new());
            let fact = Fact { service: service.clone(), observed_at: at(20), seen, files };
            operation_in_progress(&service, &[fact], is_own, at(20)).is_some()
        };
        assert!(refused(Some(15), false));
        assert!(refused(None, false), "since when is not known");
        assert!(!refused(Some(9), false), "older than ten minutes");
        assert!(!refused(Some(15), true), "that of our own deploy");
    }
}
