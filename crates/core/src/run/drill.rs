//! Drills: a run whose deploy command breaks a service on purpose. Whatever is noticed and whoever goes on, everything is put
//! back; the policy is not asked, and nothing is called bad.

use super::effect::{Act, Effect};
use super::state::State;
use crate::inventory::Grade;
use crate::journal::{Body, DeployExit, Drill, RunKind};
use crate::policy::{Choice, Decision, Refusal, RefusalName, Verdict};

impl State {
    /// What is rehearsed, where the run is a drill.
    #[must_use]
    pub fn drill(&self) -> Option<&Drill> {
        match self.started.as_ref().map(|started| &started.run) {
            Some(RunKind::Drill(drill)) => Some(drill.as_ref()),
            _ => None,
        }
    }

    /// Nothing is broken where something is wrong already: nobody could tell the two apart.
    pub(super) fn refused_drill(&self) -> Option<Refusal> {
        self.drill()?;
        let is_good = self.last_checkpoint.as_ref().is_some_and(|(_, grade)| *grade == Some(Grade::Good));
        (!is_good).then(|| Refusal {
            name: RefusalName::DrillNotAllowed,
            what: "what runs is not known to be good, so a drill would prove nothing".to_owned(),
            hint: "see what is wrong: `backout verify`, `backout status`".to_owned(),
        })
    }

    /// What follows once the service was to be broken.
    ///
    /// | what breaks it                                        | the process that drilled | next        |
    /// |-------------------------------------------------------|--------------------------|-------------|
    /// | succeeded, or was ended because of what it had broken | is there                 | watch       |
    /// | failed, or was not seen to end                        | is there                 | put it back |
    /// | any                                                   | is gone                  | put it back |
    pub(super) fn after_breaking(&self) -> Effect {
        match &self.exit {
            _ if self.is_resumed => put_back("the process that drilled is gone"),
            Some(DeployExit::Code { code: 0 } | DeployExit::Stopped { .. }) => Effect::Do(Act::Watch),
            _ => put_back("the service could not be broken as was asked for"),
        }
    }

    /// Everything is put back, noticed or not.
    pub(super) fn decide_drill(&self) -> Effect {
        let noticed = self.judgement.as_ref().filter(|judgement| judgement.verdict == Verdict::Unhealthy);
        let Some(judgement) = noticed else { return put_back("what was broken was not noticed in time") };
        let reasons = judgement.findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.what));
        let decision = Decision::plain(Choice::RollBack, reasons.collect(), Vec::new());
        Effect::Record(Body::Decided { decision })
    }

    /// Whether something must be repaired before going back can lead anywhere.
    pub(super) fn is_to_be_repaired(&self) -> bool {
        !self.is_repaired && self.drill().is_some_and(|drill| drill.how.needs_repair())
    }

    /// Whether a person's wish to stop counts here: what a drill broke is put back, whoever wants it to end.
    pub(super) fn may_stop(&self) -> bool {
        self.is_abort_requested && self.drill().is_none()
    }
}

fn put_back(why: &str) -> Effect {
    let decision = Decision::plain(Choice::RollBack, vec![why.to_owned()], Vec::new());
    Effect::Record(Body::Decided { decision })
}
