//! Executing one step of a plan, and observing whether its target is there.
//!
//! Architecture invariants: an exit code is not evidence; a step in doubt is looked at, not repeated.

use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::{FileRef, Seen};
use backout_core::journal::{Body, StepOutcome};
use backout_core::plan::{Action, Step, explain, runs};
use backout_core::policy::Check;
use backout_core::port::PortError;
use backout_core::run::{GateVerdict, gate};

use super::switch::{Act, in_words};
use crate::look::{are_back, is_stopped, observe_one, survey, until_well};

/// How long services may settle after a batch before it is judged.
const SETTLE: Duration = Duration::from_secs(2);

impl Act<'_> {
    /// Does a step.
    pub(super) async fn execute(&self, step: &Step, before: &Before<'_>) -> StepOutcome {
        let limit = Duration::from_millis(step.limit_ms);
        match &step.action {
            Action::KeepEvidence { service } => self.keep_evidence(service, limit).await,
            Action::Switch(switch) => self.switch(switch, limit).await,
            Action::RestoreFiles { files, .. } => self.put_files_back(files).await,
            Action::Stop { service, grace_ms } => self.stop(service, *grace_ms, limit).await,
            Action::AwaitHealthy { service, within_ms } => {
                match until_well(self.world, service, Duration::from_millis(*within_ms), before.red).await {
                    Ok(seen) => StepOutcome::Done { seen },
                    Err(why) => StepOutcome::Failed { why },
                }
            }
            Action::Data(data) => self.data(data, limit).await,
            Action::Flush { cache } => self.flush(cache, limit).await,
            Action::Gate { .. } => self.gate(before.checks).await,
        }
    }

    /// Looks whether the target of a step is there. What only looks is done again: it changes nothing.
    pub(super) async fn reobserve(&self, step: &Step) -> StepOutcome {
        if let Action::Data(data) = &step.action
            && !step.action.is_read_only()
        {
            return self.reobserve_data(step.id, data).await;
        }
        if let Action::Switch(switch) = &step.action
            && switch.only.is_some()
        {
            return match self.configured(switch, None).await {
                StepOutcome::Done { seen } => StepOutcome::AlreadyThere { seen },
                StepOutcome::Failed { why } => StepOutcome::NotThere { seen: why },
                other => other,
            };
        }
        let Some(service) = step.action.service().filter(|_| !step.action.is_read_only()) else {
            return StepOutcome::NotThere { seen: "it was interrupted, and can be done again".to_owned() };
        };
        let fact = observe_one(self.world, service).await;
        if let Seen::Unknown { why } = &fact.seen {
            return StepOutcome::Unclear { why: why.clone() };
        }
        let is_there = match &step.action {
            // Whether it was started again with its files cannot be seen, so that is done again.
            Action::Switch(switch) if switch.starts_anew() && switch.to.files.iter().any(|file| file.needs_restart) => {
                false
            }
            Action::Switch(switch) => {
                fact.running().is_some_and(|running| runs(&switch.to, running)) && are_back(&switch.files, &fact)
            }
            Action::RestoreFiles { files, .. } => are_back(files, &fact),
            Action::Stop { .. } => is_stopped(&fact),
            Action::KeepEvidence { .. } | Action::AwaitHealthy { .. } | Action::Gate { .. } => false,
            Action::Data(_) | Action::Flush { .. } => false,
        };
        let seen = explain::fact(&fact);
        if is_there { StepOutcome::AlreadyThere { seen } } else { StepOutcome::NotThere { seen } }
    }

    async fn keep_evidence(&self, service: &ServiceName, limit: Duration) -> StepOutcome {
        let Some(platform) = self.world.platform_of(service) else {
            return StepOutcome::Failed { why: format!("no platform runs `{service}`") };
        };
        let evidence = tokio::select! {
            evidence = platform.evidence(service) => evidence,
            () = self.world.clock.sleep(limit) => return StepOutcome::Failed { why: "took too long".to_owned() },
        };
        let items = match self.keep_pieces(&evidence).await {
            Ok(items) => items,
            Err(error) => return StepOutcome::Failed { why: in_words(&error) },
        };
        let seen = format!("kept {} pieces of evidence", items.len());
        match self.record(&Body::EvidenceKept { service: service.clone(), items }).await {
            Ok(()) => StepOutcome::Done { seen },
            Err(error) => StepOutcome::Failed { why: in_words(&error) },
        }
    }

    /// Puts files back, and looks whether they are.
    pub(super) async fn put_files_back(&self, files: &[FileRef]) -> StepOutcome {
        match self.restore_files(files).await {
            Ok(changed) if changed.is_empty() => StepOutcome::AlreadyThere { seen: "every file was so".to_owned() },
            Ok(changed) => StepOutcome::Done { seen: format!("put back {}", changed.join(", ")) },
            Err(error) => StepOutcome::Failed { why: in_words(&error) },
        }
    }

    async fn stop(&self, service: &ServiceName, grace_ms: u64, limit: Duration) -> StepOutcome {
        let Some(platform) = self.world.platform_of(service) else {
            return StepOutcome::Failed { why: format!("no platform runs `{service}`") };
        };
        let told = tokio::select! {
            told = platform.stop(service, grace_ms) => told,
            () = self.world.clock.sleep(limit) => Err(PortError::new(format!("took longer than {} s", limit.as_secs()))),
        };
        let fact = observe_one(self.world, service).await;
        let seen = explain::fact(&fact);
        match told {
            _ if is_stopped(&fact) => StepOutcome::Done { seen },
            Ok(()) => StepOutcome::Failed { why: seen },
            Err(error) => StepOutcome::Failed { why: format!("{}; {seen}", in_words(&error)) },
        }
    }

    async fn gate(&self, before: &[Check]) -> StepOutcome {
        self.world.clock.sleep(SETTLE).await;
        let now = survey(self.world).await.checks;
        match gate(before, &now) {
            GateVerdict::GoOn => StepOutcome::Done { seen: "neither recovered nor worse".to_owned() },
            GateVerdict::Recovered => StepOutcome::Recovered { seen: "every check holds".to_owned() },
            GateVerdict::Worsened(what) => StepOutcome::Worsened { seen: what },
        }
    }
}

/// How it was before the first step.
pub(super) struct Before<'a> {
    /// The checks.
    pub(super) checks: &'a [Check],
    /// Names of signals that were red before the deploy.
    pub(super) red: &'a [String],
}
