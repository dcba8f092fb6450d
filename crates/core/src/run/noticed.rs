//! What is done about a deploy that was noticed: it is recorded before it is judged, and nobody stands by who could have
//! recorded what was before.

use jiff::Timestamp;

use super::effect::{Act, CapturePurpose, Effect};
use super::next::end;
use super::state::State;
use crate::inventory::Grade;
use crate::journal::{Noticed, RunKind, RunResult};
use crate::policy::{Choice, Verdict};

/// What is said where what went bad stays.
const STAYS: &str =
    "what was noticed is bad or in doubt, and stays until a person decides; go back with `backout rollback`";

impl State {
    /// Whether the run is about a deploy that was noticed.
    #[must_use]
    pub fn is_noticed(&self) -> bool {
        self.noticed().is_some()
    }

    /// What was noticed, where the run is about that.
    #[must_use]
    pub fn noticed(&self) -> Option<&Noticed> {
        match self.started.as_ref().map(|started| &started.run) {
            Some(RunKind::Noticed(noticed)) => Some(noticed.as_ref()),
            _ => None,
        }
    }

    /// Whether there was a deploy, whose consequences stay where nothing more is done.
    #[must_use]
    pub fn has_deploy(&self) -> bool {
        self.exit.is_some() || self.is_noticed()
    }

    /// Until when things were as they were before the deploy: until its command was about to start, or, where it was noticed,
    /// until what ran before it was last seen.
    #[must_use]
    pub fn before_until(&self) -> Option<Timestamp> {
        let last_seen = || self.before.iter().map(|fact| fact.observed_at).max().filter(|_| self.is_noticed());
        self.deploying_since.or_else(last_seen)
    }

    /// Whether nobody has allowed to take back what was noticed.
    pub(super) fn stays_by_itself(&self) -> bool {
        self.noticed().is_some_and(|noticed| !noticed.goes_back)
    }

    /// | what differs now     | recorded | graded | next                               |
    /// |----------------------|----------|--------|------------------------------------|
    /// | nothing, all seen    |          |        | end: it is as it was again         |
    /// | something, or unseen | no       |        | record what is new                 |
    /// | something, or unseen | yes      | no     | grade it `candidate`               |
    /// | something, or unseen | yes      | yes    | watch through the soak             |
    pub(super) fn record_noticed(&self) -> Option<Effect> {
        let is_untouched = self.changed.is_empty() && self.databases_after.changed.is_empty();
        match &self.last_checkpoint {
            None if is_untouched && self.unseen_after().is_none() => {
                Some(end(RunResult::NothingChanged, "what was noticed is as it was again"))
            }
            None => Some(Effect::Do(Act::Capture(CapturePurpose::Noticed))),
            Some((_, None)) => self.grade(Grade::Candidate, "it was noticed, and is not proven yet".to_owned()),
            Some((_, Some(_))) => Some(Effect::Do(Act::Watch)),
        }
    }

    /// The grade of what was noticed comes before what is done about it.
    ///
    /// | decision             | verdict          | grade       | then                               |
    /// |----------------------|------------------|-------------|------------------------------------|
    /// | keep, nothing waited for | healthy      | `good`      | kept                               |
    /// | keep, observe        | any other        | as it is    | kept, not proven                   |
    /// | roll back            |                  | `bad`       | plan the way back                  |
    /// | until it is fixed, fall back |          | as it is    | wait, or switch over               |
    /// | hold                 | a person decides | `candidate` | held                               |
    /// | hold, fix forward    | unhealthy        | `bad`       | held, with the command to go back  |
    pub(super) fn conclude_noticed(&self, choice: Choice) -> Option<Effect> {
        let judgement = self.judgement.as_ref();
        let is_weighed = self.decision.as_ref().is_some_and(|decision| decision.weighed.is_some());
        let is_healthy = judgement.is_some_and(|judgement| judgement.verdict == Verdict::Healthy) && !is_weighed;
        let is_bad = judgement.is_some_and(|j| j.verdict == Verdict::Unhealthy && !j.wants_person);
        let is_graded = self.last_checkpoint.as_ref().is_none_or(|(_, grade)| *grade != Some(Grade::Candidate));
        match choice {
            Choice::Keep if is_healthy && !is_graded => {
                self.grade(Grade::Good, "it held through the soak after it was noticed".to_owned())
            }
            Choice::RollBack | Choice::Hold | Choice::FixForward if is_bad && !is_graded => {
                self.grade(Grade::Bad, "it went bad after it was noticed".to_owned())
            }
            Choice::Keep if is_healthy => Some(end(RunResult::Kept, "what was noticed held through the soak")),
            Choice::Keep | Choice::Observe => {
                Some(end(RunResult::KeptUnproven, "what was noticed could not be proven good"))
            }
            Choice::RollBack => Some(Effect::Do(Act::Plan)),
            Choice::RollBackUnlessFixed => Some(self.await_fix()),
            Choice::FallBack => Some(self.fall_back()),
            Choice::FixForward => Some(end(RunResult::FixForward, STAYS)),
            Choice::Hold => Some(end(RunResult::Held, STAYS)),
        }
    }
}
