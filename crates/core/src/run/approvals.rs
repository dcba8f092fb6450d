//! A plan that waits for people: it runs once as many have agreed as must, and only that very plan.
//!
//! | people are needed | agreed to this plan          | next                                             |
//! |-------------------|------------------------------|--------------------------------------------------|
//! | no                |                              | the plan runs                                    |
//! | yes               | by enough, with the request  | the plan runs                                    |
//! | yes               | by enough, while it waited   | the plan runs                                    |
//! | yes               | another plan was agreed to   | it waits anew                                    |
//! | yes               | somebody does not agree      | the run ends                                     |
//! | yes               | the time was over            | the run ends                                     |
//! | it is a drill     |                              | what was broken on purpose is put back at once   |

use std::time::Duration;

use jiff::Timestamp;

use super::effect::{Act, Effect};
use super::next::end;
use super::state::{Phase, State};
use crate::id::Digest;
use crate::journal::{Body, RunResult};
use crate::plan::{Agreed, Plan};
use crate::policy::{ApprovalsOutcome, Needed, RefusalName, is_enough, people};

impl State {
    /// How many people must agree to the plan, and to what; none where nobody is needed.
    #[must_use]
    pub fn needed_people(&self) -> Option<&Needed> {
        self.plan.as_ref()?.approvals.as_ref()
    }

    /// Asks nobody about a plan that only puts back what a drill broke.
    pub fn excuse(&self, plan: &mut Plan) {
        if self.drill().is_some() {
            plan.approvals = None;
            plan.blocked_by.retain(|refusal| refusal.name != RefusalName::ApprovalMissing);
        }
    }

    /// Until when the plan waits for people; none where it does not wait.
    #[must_use]
    pub fn waits_for_people_until(&self) -> Option<Timestamp> {
        let (_, since) = self.asked_people.as_ref().filter(|_| self.phase == Phase::AwaitingApprovals)?;
        Some(*since + Duration::from_millis(self.needed_people()?.within_ms))
    }

    /// The digest of the plan, where fewer have agreed to it than must.
    pub(super) fn lacks_approval(&self) -> Option<Digest> {
        let (plan, needed) = (self.plan.as_ref()?, self.needed_people()?);
        let starter = self.started.as_ref().map_or("", |started| started.actor.as_str());
        let named = people(plan.request.data.approved_by.iter().map(String::as_str), starter);
        if is_enough(named.len(), needed.people) {
            return None;
        }
        let digest = Agreed::of(plan).digest;
        let is_given = matches!(self.approvals, Some(ApprovalsOutcome::Given { .. }));
        let is_this = self.asked_people.as_ref().is_some_and(|(asked, _)| *asked == digest);
        (!is_given || !is_this).then_some(digest)
    }

    /// Where the run stands once people are asked about this very plan, and once waiting for them has ended; none where that
    /// cannot be here, or too few have agreed.
    pub(super) fn among_people(&self, body: &Body) -> Option<Phase> {
        match (self.phase, body) {
            (Phase::Planned, Body::ApprovalsWanted { plan, .. }) => {
                (self.lacks_approval().as_ref() == Some(plan)).then_some(Phase::AwaitingApprovals)
            }
            (Phase::AwaitingApprovals, Body::ApprovalsEnded { outcome }) => self.after_approvals(outcome),
            _ => None,
        }
    }

    fn after_approvals(&self, outcome: &ApprovalsOutcome) -> Option<Phase> {
        match outcome {
            ApprovalsOutcome::Given { by } => {
                let needed = self.needed_people()?;
                is_enough(by.len(), needed.people).then_some(Phase::Planned)
            }
            ApprovalsOutcome::Declined { .. } | ApprovalsOutcome::TooLate { .. } => Some(Phase::AwaitingApprovals),
        }
    }

    pub(super) fn await_approvals(&self) -> Option<Effect> {
        let why = match &self.approvals {
            None => {
                let by = self.waits_for_people_until()?;
                return Some(Effect::Do(Act::AwaitApprovals { by }));
            }
            Some(ApprovalsOutcome::Given { .. }) => return None,
            Some(ApprovalsOutcome::Declined { by, reason }) => {
                let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                format!("{by} does not agree{reason}")
            }
            Some(ApprovalsOutcome::TooLate { by }) => {
                let needed = self.needed_people().map_or(0, |needed| needed.people);
                format!("{} of {needed} people agreed in time", by.len())
            }
        };
        let (result, what) = match (self.tried.is_empty(), self.has_deploy()) {
            (false, _) => (RunResult::NotVerified, "going back was not tried again"),
            (true, true) => (RunResult::Held, "what was deployed went bad and is still there"),
            (true, false) => (RunResult::Refused, "nothing was changed"),
        };
        Some(end(result, &format!("{what}: {why}")))
    }

    /// The record that people are asked, where they must be.
    pub(super) fn ask_people(&self) -> Option<Effect> {
        let (plan, needed) = (self.lacks_approval()?, self.needed_people()?.clone());
        Some(Effect::Record(Body::ApprovalsWanted { needed, plan }))
    }
}
