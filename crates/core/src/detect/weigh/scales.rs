//! The scales: all triggers that compare with before, through one watch.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::comparing::Comparing;
use super::dependencies::Dependencies;
use super::kept;
use super::weighing::{Weighing, seconds};
use crate::config::{Condition, Trigger, TriggerAction};
use crate::detect::evidence::Evidence;
use crate::detect::{Sample, SignalPath, Tally};
use crate::id::{ServiceName, SignalName};
use crate::policy::{Finding, Verdict, Worse};

/// Evidence is told as no more than this.
const MOST: f64 = 1e9;

/// All triggers that compare with before.
#[derive(Debug, Clone)]
pub(crate) struct Scales {
    comparing: Comparing,
    weighings: Vec<Weighing>,
    dependencies: Dependencies,
}

/// Enough evidence against a deploy.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    pub(crate) trigger: Trigger,
    /// In a sentence.
    pub(crate) what: String,
    /// The evidence, as a number.
    pub(crate) evidence: f64,
    /// How much worse it is.
    pub(crate) worse: Option<Worse>,
}

impl Scales {
    /// Of a deploy before which these signals were red, and these services ill.
    pub(crate) fn new(
        comparing: &Comparing,
        triggers: &[Trigger],
        (red_before, ill): (&BTreeSet<SignalPath>, &BTreeSet<ServiceName>),
    ) -> Self {
        let compared = triggers.iter().filter_map(|trigger| match trigger.condition {
            Condition::Baseline(tolerated) => Some((trigger, tolerated)),
            Condition::Above(_) | Condition::Below(_) => None,
        });
        let all: Vec<_> = compared.collect();
        let one = |(trigger, tolerated): &(&Trigger, _)| Weighing::new(comparing, trigger, *tolerated, all.len());
        let weighings = all.iter().map(one).collect();
        let dependencies = Dependencies::new(comparing, red_before, ill);
        Self { comparing: comparing.clone(), weighings, dependencies }
    }

    /// Whether a trigger here is about a signal.
    pub(crate) fn is_about(&self, signal: &SignalPath) -> bool {
        self.weighings.iter().any(|weighing| weighing.trigger.signal == *signal)
    }

    /// Takes in a sample that may be of something that the service depends on.
    pub(crate) fn depend(&mut self, sample: &Sample, is_up: bool) {
        self.dependencies.look(&sample.signal, sample.at, is_up);
    }

    /// Takes in how a platform sees a service that may be depended on.
    pub(crate) fn depend_on(&mut self, service: &ServiceName, at: Timestamp, is_up: bool) {
        self.dependencies.seen(service, at, is_up);
    }

    /// What the service depends on whose failing explains what is seen at a moment.
    pub(crate) fn down(&self, at: Timestamp) -> Vec<SignalPath> {
        self.dependencies.down(at)
    }

    /// Whether the failing of this can be the reason for anything new.
    pub(crate) fn can_explain(&self, signal: &SignalPath) -> bool {
        self.dependencies.can_explain(signal)
    }

    /// Takes in whether a probe answered, or what a service uses.
    pub(crate) fn looked(&mut self, sample: &Sample, value: f64) -> Option<Alarm> {
        let (since, is_held) = (self.comparing.since, self.dependencies.is_failing());
        self.hear(&sample.signal, |weighing| match &sample.signal {
            SignalPath::Used(_, resource) => weighing.used(sample.at, since, (*resource, value, sample.of), is_held),
            _ => weighing.looked(sample.at, since, (value >= 1.0, is_held)),
        })
    }

    /// Takes in how a signal was before, the oldest first.
    pub(crate) fn before(&mut self, signal: &SignalName, looks: &[Tally]) {
        let since = self.comparing.since;
        self.of(&SignalPath::Named(signal.clone())).for_each(|weighing| weighing.before(looks, since));
    }

    /// Takes in what a signal counted.
    pub(crate) fn counted(&mut self, signal: &SignalName, tally: &Tally) -> Option<Alarm> {
        let since = self.comparing.since;
        let failed_within = self.dependencies.failed_at().is_some_and(|at| seconds(at) >= tally.at - tally.span);
        let is_held = failed_within || self.dependencies.is_failing();
        self.hear(&SignalPath::Named(signal.clone()), |weighing| weighing.counted(tally, since, is_held))
    }

    /// Takes in why a signal was not measured.
    pub(crate) fn unmeasured(&mut self, signal: &SignalName, why: &str) {
        self.of(&SignalPath::Named(signal.clone())).for_each(|weighing| weighing.why = Some(why.to_owned()));
    }

    /// Takes in what the dependencies said when they were asked once more: none of these failures confirms the alarms.
    pub(crate) fn asked(&mut self, at: Timestamp, failures: &[String]) -> Option<Alarm> {
        let since = self.comparing.since;
        if let Some(first) = failures.first() {
            self.weighings.iter_mut().for_each(|weighing| weighing.excuse(at, since, first.clone()));
            return None;
        }
        let is_loud =
            |weighing: &&mut Weighing| weighing.alarm.is_some() && weighing.trigger.action != TriggerAction::Observe;
        let weighing = self.weighings.iter_mut().find(is_loud)?;
        let alarm = weighing.alarm.take()?;
        Some(of(weighing, &alarm))
    }

    /// Whether an alarm waits for the dependencies to be asked once more.
    pub(crate) fn is_waiting(&self) -> bool {
        let waits = |weighing: &Weighing| weighing.alarm.is_some() && weighing.trigger.action != TriggerAction::Observe;
        self.weighings.iter().any(waits)
    }

    /// How often each dependency is asked because of the alarms that wait; 0 where none does.
    pub(crate) fn questions(&self) -> u32 {
        let waiting = self.weighings.iter().filter(|weighing| weighing.alarm.is_some());
        waiting.filter_map(|weighing| Some(weighing.detector.as_ref()?.questions())).max().unwrap_or(0)
    }

    /// What stands against calling the deploy healthy at the end of the watch.
    pub(crate) fn shortcomings(&self, now: Timestamp) -> impl Iterator<Item = (Verdict, Finding)> + '_ {
        let watched = now.duration_since(self.comparing.since).max(SignedDuration::ZERO).as_secs_f64();
        let acted_upon = self.weighings.iter().filter(|weighing| weighing.trigger.action != TriggerAction::Observe);
        acted_upon.flat_map(move |weighing| kept::shortcomings(weighing, watched))
    }

    fn of<'a>(&'a mut self, signal: &'a SignalPath) -> impl Iterator<Item = &'a mut Weighing> + 'a {
        self.weighings.iter_mut().filter(move |weighing| weighing.trigger.signal == *signal)
    }

    /// Lets all triggers on a signal weigh it. Where nothing is known that it depends on, an alarm needs nobody's word.
    fn hear(&mut self, signal: &SignalPath, weigh: impl Fn(&mut Weighing) -> Option<Evidence>) -> Option<Alarm> {
        let is_alone = self.dependencies.are_none();
        let mut heard = None;
        for weighing in self.of(signal) {
            let Some(evidence) = weigh(weighing) else { continue };
            if is_alone && weighing.trigger.action != TriggerAction::Observe {
                heard = heard.or_else(|| Some(of(weighing, &evidence)));
            }
        }
        heard
    }
}

fn of(weighing: &Weighing, evidence: &Evidence) -> Alarm {
    let trigger = &weighing.trigger;
    let what = format!("{} got worse than it was: {}", trigger.signal, kept::in_words(evidence));
    Alarm { trigger: trigger.clone(), what, evidence: evidence.value.min(MOST), worse: weighing.worse(evidence) }
}
