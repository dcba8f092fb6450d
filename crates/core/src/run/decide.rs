//! What a run does about what it has seen. Whatever a deploy may be to blame for is put to the policy.

use jiff::Timestamp;

use super::effect::{Act, Effect};
use super::next::end;
use super::state::{Phase, State};
use super::told::exit_in_words;
use crate::inventory::Seen;
use crate::journal::{ActStage, Body, DeployExit, FallbackSwitching, RunResult};
use crate::plan::safety;
use crate::policy::{Choice, Decision, Judgement, Quarantined, RefusalName, Verdict, brought_back};

impl State {
    /// What a deploy brings back from quarantine goes at once, however its command ended. Otherwise:
    ///
    /// | deploy command      | services or schemas changed | next                                           |
    /// |---------------------|-----------------------------|------------------------------------------------|
    /// | succeeded           | none                        | keep: there is nothing to watch                |
    /// | succeeded or unseen | some, or one not seen       | watch                                          |
    /// | never seen to start | none                        | watch: it may run, and may still change something |
    /// | failed or unseen    | none                        | verify: there is nothing to undo               |
    /// | failed              | some                        | ask the policy                                 |
    /// | failed              | none, but one not seen      | hold: nobody knows whether anything was changed |
    pub(super) fn judge_deploy(&self) -> Effect {
        if let Some(it) = self.brought_back() {
            return decided(Choice::RollBack, safety::quarantined(it).what);
        }
        let is_untouched = self.changed.is_empty() && self.databases_after.changed.is_empty();
        match (&self.exit, is_untouched, self.unseen_after()) {
            (Some(DeployExit::Code { code: 0 }), true, None) => {
                decided(Choice::Keep, "the deploy changed nothing".to_owned())
            }
            (Some(DeployExit::Code { code: 0 } | DeployExit::Unseen), false, _)
            | (Some(DeployExit::Code { code: 0 } | DeployExit::Unseen), true, Some(_)) => Effect::Do(Act::Watch),
            (Some(DeployExit::Unseen), true, None) if self.deploy.is_none() => Effect::Do(Act::Watch),
            (_, true, None) => Effect::Do(Act::Verify),
            (exit, true, Some(unseen)) => {
                let exit = exit_in_words(exit.as_ref());
                decided(Choice::Hold, format!("{exit}, and what it did to `{unseen}` cannot be seen"))
            }
            (_, false, _) => Effect::Do(Act::Decide),
        }
    }

    /// What the deploy brought back although it is in quarantine and nobody insisted.
    fn brought_back(&self) -> Option<&Quarantined> {
        brought_back(&self.quarantined, &self.before, &self.after).filter(|_| !self.is_quarantine_forced())
    }

    pub(super) fn is_quarantine_forced(&self) -> bool {
        self.started.as_ref().is_some_and(|started| started.request.forced.contains(&RefusalName::Quarantined))
    }

    /// The name of a service or a database of which nobody can say what the deploy command did to it.
    pub(super) fn unseen_after(&self) -> Option<String> {
        let service = self.after.iter().find(|fact| matches!(fact.seen, Seen::Unknown { .. }));
        let database = self.databases_after.unseen.first().map(|unseen| unseen.database.to_string());
        service.map(|fact| fact.service.to_string()).or(database)
    }

    /// | verdict                      | while a fix was waited for | else             |
    /// |------------------------------|----------------------------|------------------|
    /// | healthy                      | keep: it is fixed          | keep             |
    /// | unhealthy                    | roll back                  | ask the policy   |
    /// | inconclusive                 | roll back: it was bad      | keep             |
    /// | unmeasurable                 | hold: nobody knows         | keep             |
    pub(super) fn decide(&self) -> Effect {
        let Some(judgement) = &self.judgement else { return decided(Choice::Hold, "there is no verdict".to_owned()) };
        if let Some((by, before)) = self.decision.as_ref().and_then(|decision| Some((decision.fix_by()?, decision))) {
            return Effect::Record(Body::Decided { decision: after_waiting(by, before, judgement) });
        }
        let (choice, reasons_for, reasons_against) = match judgement.verdict {
            Verdict::Unhealthy if self.stays_by_itself() => {
                let against = "`watch.automatic` does not allow to go back without being asked".to_owned();
                (Choice::Hold, findings(judgement, false), [findings(judgement, true), vec![against]].concat())
            }
            Verdict::Unhealthy => return Effect::Do(Act::Decide),
            Verdict::Healthy => {
                let why = "everything required held through the soak".to_owned();
                (Choice::Keep, vec![why], findings(judgement, true))
            }
            Verdict::Inconclusive | Verdict::Unmeasurable => {
                let why = "nothing that the deploy could be blamed for was seen; failing to measure is not failing";
                let all = [findings(judgement, false), findings(judgement, true)].concat();
                (Choice::Keep, vec![why.to_owned()], all)
            }
        };
        Effect::Record(Body::Decided { decision: Decision::plain(choice, reasons_for, reasons_against) })
    }

    pub(super) fn await_fix(&self) -> Effect {
        match self.decision.as_ref().and_then(Decision::fix_by) {
            Some(by) => Effect::Do(Act::AwaitFix { by }),
            None => decided(Choice::Hold, "until when a fix is waited for was not recorded".to_owned()),
        }
    }

    /// Intent, act, outcome, one fallback after the other. One whose outcome nobody recorded is switched on once more.
    pub(super) fn fall_back(&self) -> Effect {
        if let (Phase::FallingBack, Some(name)) = (self.phase, &self.falling_back) {
            return Effect::Do(Act::FallBack { name: name.clone() });
        }
        match self.fallbacks_left().next() {
            None => end(RunResult::Held, "a person is needed: there is nothing to fall back to"),
            Some(name) => {
                let (name, by, stage) = (name.clone(), "the run".to_owned(), ActStage::Intended);
                let switching = Box::new(FallbackSwitching { name, on: true, by, stage });
                Effect::Record(Body::FallbackSwitched { switching })
            }
        }
    }

    /// Whether something is on in place of going back.
    #[must_use]
    pub fn has_fallen_back(&self) -> bool {
        self.fallbacks.values().any(|is_on| *is_on)
    }

    /// The fallbacks of the decision that were not tried yet.
    pub(super) fn fallbacks_left(&self) -> impl Iterator<Item = &String> {
        let weighed = self.decision.as_ref().and_then(|decision| decision.weighed.as_ref());
        let all = weighed.map(|weighed| weighed.fallbacks.as_slice()).unwrap_or_default();
        all.iter().filter(|name| !self.fallbacks.contains_key(*name))
    }
}

/// What was found, sentence by sentence: what was so before the deploy, or what was not.
pub(super) fn findings(judgement: &Judgement, was_before: bool) -> Vec<String> {
    let found = judgement.findings.iter().filter(move |finding| finding.was_before == was_before);
    found.map(|finding| format!("{}: {}", finding.subject, finding.what)).collect()
}

/// The decision once a fix was waited for. It stays as severe as it was.
fn after_waiting(by: Timestamp, before: &Decision, judgement: &Judgement) -> Decision {
    let (choice, why) = match judgement.verdict {
        Verdict::Healthy => (Choice::Keep, format!("it is healthy again, before {by:.0}")),
        Verdict::Unhealthy | Verdict::Inconclusive => (Choice::RollBack, format!("it was not fixed by {by:.0}")),
        Verdict::Unmeasurable => (Choice::Hold, format!("whether it was fixed by {by:.0} cannot be measured")),
    };
    let found = findings(judgement, false);
    let (reasons_for, reasons_against) = match choice {
        Choice::Keep => (vec![why], [found, findings(judgement, true)].concat()),
        _ => ([vec![why], found].concat(), findings(judgement, true)),
    };
    let mut weighed = before.weighed.clone();
    if let Some(weighed) = &mut weighed {
        weighed.fix_by = None;
    }
    Decision { choice, reasons_for, reasons_against, weighed }
}

fn decided(choice: Choice, reason: String) -> Effect {
    Effect::Record(Body::Decided { decision: Decision::plain(choice, vec![reason], Vec::new()) })
}
