//! What a run does where its way back is refused or not verified, and how it ends.
//!
//! Architecture invariant: a way back is never repeated blindly. One more try begins by looking at what runs and planning
//! anew, it is made by automatic runs only, and every try is recorded with what is the matter before the next begins. A person
//! who started the run is told what else there is, and decides.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{CheckpointId, ServiceName};
use crate::inventory::{Graded, Version, older_good, suspect};
use crate::journal::{Body, MaintenanceOutcome, Recourse, RunResult};
use crate::plan::{Request, safety};
use crate::policy::{Refusal, RefusalName};
use crate::run::effect::Effect;
use crate::run::state::State;
use crate::run::told::{exit_in_words, how_far};

/// A way back that was tried and is not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Where it led; `None` where going there was refused.
    pub target: Option<CheckpointId>,
    /// What was the matter.
    pub why: String,
    /// What came next.
    pub next: Recourse,
}

impl State {
    /// What the next plan is made for. Plan B names the next older good checkpoint than the one that was tried, and is no
    /// rollback of a rollback: what was reached is not what was aimed at.
    ///
    /// # Errors
    /// A refusal where there is no older good checkpoint.
    pub fn wish(&self, checkpoints: &[Graded]) -> Result<Request, Refusal> {
        let request = self.started.as_ref().map_or_else(Request::automatic, |started| started.request.clone());
        let Some(tried) = self.tried.iter().find_map(|tried| tried.target.as_ref()).filter(|_| self.is_plan_b()) else {
            return Ok(request);
        };
        let older = older_good(checkpoints, tried).ok_or_else(|| safety::no_older_good_checkpoint(tried))?;
        let forced: BTreeSet<RefusalName> =
            request.forced.iter().copied().chain([RefusalName::RollbackOfRollback]).collect();
        Ok(Request { target: Some(older.checkpoint.id.clone()), named: Vec::new(), forced, ..request })
    }

    /// The versions under suspicion: those that the deploy put there. Once a way back was tried it has moved them itself.
    #[must_use]
    pub fn suspect(&self) -> BTreeMap<ServiceName, Version> {
        match self.tried.is_empty() {
            true => suspect(&self.before, &self.after, &self.changed),
            false => BTreeMap::new(),
        }
    }

    fn is_plan_b(&self) -> bool {
        self.tried.iter().any(|tried| tried.next == Recourse::OlderCheckpoint)
    }

    /// What comes after a try that is not verified, or after one that was refused.
    ///
    /// | the run        | tries so far          | plan B        | maintenance | next             |
    /// |----------------|-----------------------|---------------|-------------|------------------|
    /// | of a person, or stopped by one |       |               |             | it ends          |
    /// | automatic      | fewer than `attempts`, not refused |  |             | again            |
    /// | automatic      | enough, or refused    | allowed, not tried yet |    | older checkpoint |
    /// | automatic      | enough, or refused    | otherwise     | configured  | maintenance      |
    /// | automatic      | enough, or refused    | otherwise     | otherwise   | it ends          |
    fn recourse(&self, is_refused: bool) -> Option<Recourse> {
        let is_automatic = self.started.as_ref().is_some_and(|started| started.request.is_automatic);
        if !is_automatic || self.may_stop() {
            return None;
        }
        let tries = self.tried.len() + 1;
        if !is_refused && !self.is_plan_b() && tries < self.means.attempts as usize {
            Some(Recourse::Again)
        } else if self.means.plan_b && !self.is_plan_b() {
            Some(Recourse::OlderCheckpoint)
        } else {
            self.means.maintenance.then_some(Recourse::Maintenance)
        }
    }

    /// The end of a run that was verified or not, or the record of a try.
    pub(in crate::run) fn conclude(&self) -> Effect {
        let (result, summary) = self.reached();
        if result == RunResult::RolledBack {
            return match self.observed(&summary) {
                Ok((result, summary)) => self.end_with(result, summary),
                Err(for_ms) => Effect::Record(Body::ObservationStarted { for_ms }),
            };
        }
        let next = self.recourse(false).filter(|_| result == RunResult::NotVerified);
        match (&self.plan, next) {
            (Some(plan), Some(next)) => self.try_next(Some(plan.target.clone()), summary, next),
            _ => self.end_with(result, summary),
        }
    }

    /// A refused way back after a bad deploy leaves that deploy in place: a person is needed, and must not read that
    /// nothing was changed. One that is refused after a try leaves what that try left.
    pub(in crate::run) fn refused(&self) -> Effect {
        let why: Vec<String> = self.refusals.iter().map(|r| format!("{}: {}", r.name, r.what)).collect();
        let why = why.join("; ");
        if !self.tried.is_empty() {
            let why = format!("going on was refused: {why}");
            return match self.recourse(true) {
                Some(next) => self.try_next(None, why, next),
                None => self.end_with(RunResult::NotVerified, why),
            };
        }
        if self.drill().is_some() && self.has_deploy() {
            end(RunResult::Held, format!("what the drill broke is still broken; going back is refused: {why}"))
        } else if self.has_deploy() {
            let what = "what was deployed went bad and is still there; going back is refused";
            end(RunResult::Held, format!("{what}: {why}"))
        } else {
            end(RunResult::Refused, format!("refused, and nothing was changed: {why}"))
        }
    }

    /// The end of a run that put up the maintenance page, or could not.
    pub(in crate::run) fn escalated(&self) -> Effect {
        let page = match &self.maintenance {
            Some(MaintenanceOutcome::Done { .. }) => {
                "maintenance mode is on; `backout maintenance off` ends it".to_owned()
            }
            Some(MaintenanceOutcome::Failed { why, .. }) => {
                format!("maintenance mode could not be switched on: {}", why.join("; "))
            }
            None => "maintenance mode was not switched".to_owned(),
        };
        let why: Vec<&str> = self.tried.iter().map(|tried| tried.why.as_str()).collect();
        end(RunResult::NotVerified, format!("{}; {page}", why.join("; then ")))
    }

    fn try_next(&self, target: Option<CheckpointId>, why: String, next: Recourse) -> Effect {
        let attempt = u32::try_from(self.tried.len() + 1).unwrap_or(u32::MAX);
        Effect::Record(Body::AttemptFailed { attempt, target, why, next })
    }

    fn end_with(&self, result: RunResult, summary: String) -> Effect {
        let before: Vec<&str> = self.tried.iter().map(|tried| tried.why.as_str()).collect();
        match before.is_empty() {
            true => end(result, summary),
            false => end(result, format!("{summary}; at try {}, after: {}", before.len() + 1, before.join("; then "))),
        }
    }

    /// What the checks say that the way back came to.
    fn reached(&self) -> (RunResult, String) {
        let blocking: Vec<String> =
            self.checks.iter().filter(|check| check.blocks()).map(|c| format!("{}: {}", c.name, c.what)).collect();
        let exit = exit_in_words(self.exit.as_ref());
        match (&self.plan, &self.stopped, blocking.is_empty()) {
            (None, _, true) => (RunResult::NothingChanged, format!("{exit}, and had changed nothing")),
            (None, _, false) => {
                (RunResult::NotVerified, format!("{exit}, had changed nothing, and yet: {}", blocking.join("; ")))
            }
            (Some(_), Some((true, seen)), true) => {
                (RunResult::RolledBack, format!("health recovered before everything was back: {seen}"))
            }
            (Some(plan), Some((_, why)), _) => {
                (RunResult::NotVerified, format!("the way back stopped: {why}; {}", how_far(plan, &self.facts)))
            }
            (Some(plan), None, true) => {
                (RunResult::RolledBack, format!("back at checkpoint `{}`, verified", plan.target))
            }
            (Some(plan), None, false) => {
                let (blocking, far) = (blocking.join("; "), how_far(plan, &self.facts));
                (RunResult::NotVerified, format!("not verified: {blocking}; {far}"))
            }
        }
    }
}

fn end(result: RunResult, summary: String) -> Effect {
    Effect::Record(Body::RunEnded { result, summary })
}
