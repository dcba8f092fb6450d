//! The judge: turns samples and facts into a verdict. Four-valued: what cannot be measured condemns nobody, and what was red
//! before the deploy is not blamed on it until it has been green once since.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::weigh::{Alarm, Comparing, Scales};
use super::{Ailment, Bar, Measured, News, Sample, SignalPath, ailment, is_down};
use crate::config::{Condition, Trigger, TriggerAction};
use crate::id::{ServiceName, TriggerName};
use crate::inventory::{Fact, Seen};
use crate::policy::{Finding, Fired, Judgement, OwnCheck, Verdict};

/// What the judge goes by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The triggers.
    pub triggers: Vec<Trigger>,
    /// Signals that must have been measured, and hold, for a healthy verdict.
    pub required: Vec<SignalPath>,
    /// Signals that were red before the deploy.
    pub red_before: BTreeSet<SignalPath>,
    /// What ran before the deploy.
    pub before: Vec<Fact>,
    /// Services that are known to be bad, and that it was seen to already: neither they nor what triggers look at of them
    /// count again until they have been well once.
    #[serde(default)]
    pub excused: BTreeSet<ServiceName>,
    /// From when on an instance's own health check counts, where that is not from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_checks_from: Option<Timestamp>,
    /// What triggers that compare with before go by.
    pub comparing: Comparing,
    /// What signals must stay on the right side of, after a rollback. Older versions wrote one, or none.
    #[serde(default, alias = "bar", deserialize_with = "one_or_many")]
    pub bars: Vec<Bar>,
}

fn one_or_many<'de, D: Deserializer<'de>>(written: D) -> Result<Vec<Bar>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Bars {
        Many(Vec<Bar>),
        One(Option<Bar>),
    }
    Ok(match Bars::deserialize(written)? {
        Bars::Many(bars) => bars,
        Bars::One(bar) => bar.into_iter().collect(),
    })
}

/// Weighs samples and facts through one watch.
#[derive(Debug, Clone)]
pub struct Judge {
    rules: Rules,
    /// Which of the triggers look at a signal: ten thousand targets have as many triggers.
    triggers_of: BTreeMap<SignalPath, Vec<usize>>,
    streaks: BTreeMap<TriggerName, Streak>,
    /// Red before, and not green since.
    excused: BTreeSet<SignalPath>,
    last: BTreeMap<SignalPath, Sample>,
    scales: Scales,
    ailments: BTreeMap<ServiceName, Ailment>,
    /// Ill before, and not well since.
    excused_services: BTreeSet<ServiceName>,
    /// Services that nobody has looked at yet, and those that could not be seen the last time, with the reason.
    unseen: BTreeMap<ServiceName, String>,
    first_bad_at: Option<Timestamp>,
}

/// Bad samples in a row.
#[derive(Debug, Clone, Default)]
struct Streak {
    length: u32,
    since: Option<Timestamp>,
}

impl Judge {
    /// A judge who has seen nothing yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let was_ill = |fact: &&Fact| ailment(None, fact).is_some();
        let ill: BTreeSet<ServiceName> = rules.before.iter().filter(was_ill).map(|fact| fact.service.clone()).collect();
        let is_excused = |signal: &&SignalPath| signal.service().is_some_and(|name| rules.excused.contains(name));
        let looked_at = rules.triggers.iter().map(|trigger| &trigger.signal).filter(is_excused);
        let mut triggers_of: BTreeMap<SignalPath, Vec<usize>> = BTreeMap::new();
        for (place, trigger) in rules.triggers.iter().enumerate() {
            triggers_of.entry(trigger.signal.clone()).or_default().push(place);
        }
        Self {
            triggers_of,
            excused: rules.red_before.iter().chain(looked_at).cloned().collect(),
            scales: Scales::new(&rules.comparing, &rules.triggers, (&rules.red_before, &ill)),
            excused_services: &ill | &rules.excused,
            unseen: rules.before.iter().map(|f| (f.service.clone(), "was never looked at".to_owned())).collect(),
            rules,
            streaks: BTreeMap::new(),
            last: BTreeMap::new(),
            ailments: BTreeMap::new(),
            first_bad_at: None,
        }
    }

    /// Weighs whatever there is. Answers with a verdict as soon as it is certain that it is `Unhealthy`.
    pub fn hear(&mut self, news: &News) -> Option<Judgement> {
        match news {
            News::Sample(sample) => self.sample(sample),
            News::Fact(fact) => self.fact(fact),
            News::Before { signal, looks } => {
                self.scales.before(signal, looks);
                None
            }
            News::Counted { signal, at, tally } => {
                let alarm = self.scales.counted(signal, tally)?;
                Some(self.alarm(*at, &alarm))
            }
            News::Uncounted { signal, why } => {
                self.scales.unmeasured(signal, why);
                None
            }
            News::Asked { at, failures, .. } => {
                let alarm = self.scales.asked(*at, failures)?;
                Some(self.alarm(*at, &alarm))
            }
        }
    }

    /// Whether there is an alarm that waits for the dependencies to be asked once more ([`News::Asked`]).
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.scales.is_waiting()
    }

    /// How often each dependency is to be asked then.
    #[must_use]
    pub fn questions(&self) -> u32 {
        self.scales.questions()
    }

    /// The same verdict with what was down when the dependencies were asked because of it (see [`Judgement::is_unexplained`]).
    #[must_use]
    pub fn explained(&self, judgement: Judgement, asked: &News) -> Judgement {
        let News::Asked { down, .. } = asked else { return judgement };
        let mut judgement = judgement;
        if let Some(explained) = judgement.dependencies_down_mut() {
            *explained = down.iter().filter(|signal| self.scales.can_explain(signal)).cloned().collect();
        }
        judgement
    }

    fn alarm(&mut self, at: Timestamp, alarm: &Alarm) -> Judgement {
        let first = *self.first_bad_at.get_or_insert(at);
        let finding =
            Finding { subject: format!("trigger {}", alarm.trigger.name), what: alarm.what.clone(), was_before: false };
        let judgement = self.unhealthy(at, Some(first), finding, alarm.trigger.action == TriggerAction::Hold);
        let fired = alarm.worse.map(|worse| {
            let Trigger { name: trigger, signal, impact, .. } = alarm.trigger.clone();
            let (worse, dependencies_down) = (Some(worse), Vec::new());
            Box::new(Fired { trigger, signal, value: alarm.evidence, times: 0, impact, worse, dependencies_down })
        });
        Judgement { fired, ..judgement }
    }

    /// Weighs one sample. Answers with a verdict as soon as it is certain that it is `Unhealthy`.
    pub fn sample(&mut self, sample: &Sample) -> Option<Judgement> {
        self.last.insert(sample.signal.clone(), sample.clone());
        let mut fired = None;
        let places = self.triggers_of.get(&sample.signal).map(Vec::as_slice).unwrap_or_default();
        for trigger in places.iter().filter_map(|place| self.rules.triggers.get(*place)) {
            match is_bad(&trigger.condition, sample) {
                // What compares with before is weighed below.
                _ if matches!(trigger.condition, Condition::Baseline(_)) => {}
                // Neither good nor bad: a streak is not broken by a failure to measure, and not lengthened either.
                None => {}
                Some(false) => {
                    self.streaks.remove(&trigger.name);
                    self.excused.remove(&sample.signal);
                }
                Some(true) if self.excused.contains(&sample.signal) => {}
                Some(true) => {
                    let streak = self.streaks.entry(trigger.name.clone()).or_default();
                    streak.length += 1;
                    streak.since.get_or_insert(sample.at);
                    self.first_bad_at = Some(self.first_bad_at.map_or(sample.at, |at| at.min(sample.at)));
                    if streak.length >= trigger.consecutive && fired.is_none() {
                        fired = Some((trigger.clone(), streak.clone()));
                    }
                }
            }
        }
        let left = self.rules.bars.iter_mut().find_map(|bar| bar.sample(sample));
        if let Some(finding) = left {
            return Some(self.unhealthy(sample.at, None, finding, false));
        }
        let fired = fired.and_then(|(trigger, streak)| self.fire(&trigger, &streak, sample));
        fired.or_else(|| self.compare(sample))
    }

    /// Weighs a sample against how it was before.
    fn compare(&mut self, sample: &Sample) -> Option<Judgement> {
        let Measured::Value { value } = sample.measured else { return None };
        let is_up = match &sample.signal {
            SignalPath::Used(..) => !sample.is_near_limit(),
            _ => value >= 1.0,
        };
        self.scales.depend(sample, is_up);
        if is_up && self.scales.is_about(&sample.signal) {
            self.excused.remove(&sample.signal);
        }
        if self.excused.contains(&sample.signal) {
            return None;
        }
        let alarm = self.scales.looked(sample, value)?;
        Some(self.alarm(sample.at, &alarm))
    }

    fn fire(&self, trigger: &Trigger, streak: &Streak, sample: &Sample) -> Option<Judgement> {
        let wants_person = match trigger.action {
            TriggerAction::Rollback => false,
            TriggerAction::Hold => true,
            TriggerAction::Observe => return None,
        };
        let times = if streak.length == 1 { "once".to_owned() } else { format!("{} times in a row", streak.length) };
        let finding = Finding {
            subject: format!("trigger {}", trigger.name),
            what: format!("{} {times}: {}", sample.signal, sample.what),
            was_before: false,
        };
        let judgement = self.unhealthy(sample.at, streak.since, finding, wants_person);
        Some(Judgement { fired: self.fired(trigger, streak, sample), ..judgement })
    }

    fn fired(&self, trigger: &Trigger, streak: &Streak, sample: &Sample) -> Option<Box<Fired>> {
        let Measured::Value { value } = sample.measured else { return None };
        let (signal, times, impact) = (sample.signal.clone(), streak.length, trigger.impact);
        let (trigger, dependencies_down) = (trigger.name.clone(), self.scales.down(sample.at));
        Some(Box::new(Fired { trigger, signal, value, times, impact, worse: None, dependencies_down }))
    }

    /// Weighs what a platform sees of one service. Answers with a verdict as soon as it is certain that it is `Unhealthy`.
    pub fn fact(&mut self, fact: &Fact) -> Option<Judgement> {
        if let Seen::Unknown { why } = &fact.seen {
            self.unseen.insert(fact.service.clone(), format!("could not be seen: {why}"));
            return None;
        }
        self.unseen.remove(&fact.service);
        let before = self.rules.before.iter().find(|f| f.service == fact.service);
        self.scales.depend_on(&fact.service, fact.observed_at, !is_down(before, fact));
        let Some(now) = ailment(before, fact) else {
            self.ailments.remove(&fact.service);
            self.excused_services.remove(&fact.service);
            return None;
        };
        self.ailments.insert(fact.service.clone(), now.clone());
        let own = matches!(now, Ailment::Unready(_)).then(|| self.own_check(fact));
        let (Ailment::Ended(what) | Ailment::Failing(what) | Ailment::Unready(what)) = now else { return None };
        let is_early = own.is_some() && self.rules.own_checks_from.is_some_and(|from| fact.observed_at < from);
        if is_early || self.excused_services.contains(&fact.service) {
            return None;
        }
        self.first_bad_at = Some(self.first_bad_at.map_or(fact.observed_at, |at| at.min(fact.observed_at)));
        let finding = Finding { subject: fact.service.to_string(), what, was_before: false };
        Some(Judgement { own_check: own, ..self.unhealthy(fact.observed_at, None, finding, false) })
    }

    fn own_check(&self, fact: &Fact) -> Box<OwnCheck> {
        let dependencies_down = self.scales.down(fact.observed_at);
        Box::new(OwnCheck { service: fact.service.clone(), dependencies_down })
    }

    fn unhealthy(&self, at: Timestamp, since: Option<Timestamp>, finding: Finding, wants_person: bool) -> Judgement {
        let findings = [finding].into_iter().chain(self.excused_findings()).collect();
        let first_bad_at = since.or(self.first_bad_at);
        Judgement { first_bad_at, findings, wants_person, ..Judgement::plain(Verdict::Unhealthy, at) }
    }

    fn excused_findings(&self) -> impl Iterator<Item = Finding> + '_ {
        let excused = self.excused.iter().filter(|signal| self.last.contains_key(signal));
        excused.map(|signal| Finding {
            subject: signal.to_string(),
            what: "was red before the deploy and has not been green since; not blamed on it".to_owned(),
            was_before: true,
        })
    }

    /// The verdict at the end of a watch in which nothing was certain.
    ///
    /// | required signals and instances                   | verdict      |
    /// |--------------------------------------------------|--------------|
    /// | a signal on the wrong side of its bar            | unhealthy    |
    /// | all measured and good, all instances well        | healthy      |
    /// | else: one could not be measured or seen          | unmeasurable |
    /// | else: one is bad now, was red before, or unsettled | inconclusive |
    #[must_use]
    pub fn conclude(&self, now: Timestamp) -> Judgement {
        if let Some(finding) = self.rules.bars.iter().find_map(Bar::shortcoming) {
            return self.unhealthy(now, None, finding, false);
        }
        let mut findings: Vec<Finding> = self.excused_findings().collect();
        let mut verdict = if findings.is_empty() { Verdict::Healthy } else { Verdict::Inconclusive };
        for (service, ailment) in &self.ailments {
            verdict = Verdict::Inconclusive;
            let (Ailment::Ended(what) | Ailment::Failing(what) | Ailment::Unready(what) | Ailment::Unsettled(what)) =
                ailment;
            let was_before = self.excused_services.contains(service);
            findings.push(Finding { subject: service.to_string(), what: what.clone(), was_before });
        }
        for (service, why) in &self.unseen {
            verdict = Verdict::Unmeasurable;
            findings.push(Finding { subject: service.to_string(), what: why.clone(), was_before: false });
        }
        for (shortcoming, finding) in self.scales.shortcomings(now) {
            if verdict != Verdict::Unmeasurable {
                verdict = shortcoming;
            }
            findings.push(finding);
        }
        for signal in &self.rules.required {
            let Some((shortcoming, what)) = self.shortcoming(signal) else { continue };
            if verdict != Verdict::Unmeasurable {
                verdict = shortcoming;
            }
            findings.push(Finding { subject: signal.to_string(), what, was_before: self.excused.contains(signal) });
        }
        Judgement { first_bad_at: self.first_bad_at, findings, ..Judgement::plain(verdict, now) }
    }

    fn shortcoming(&self, signal: &SignalPath) -> Option<(Verdict, String)> {
        let Some(last) = self.last.get(signal) else {
            return Some((Verdict::Unmeasurable, "was never measured".to_owned()));
        };
        if let Measured::Unmeasurable { why } = &last.measured {
            return Some((Verdict::Unmeasurable, why.clone()));
        }
        let is_red = is_red(&self.rules.triggers, last);
        is_red.then(|| (Verdict::Inconclusive, format!("bad in its last sample: {}", last.what)))
    }
}

/// Whether a sample is red by any trigger on its signal; a probe that does not hold is red even without a trigger. Memory that is
/// compared with before is red near its limit.
#[must_use]
pub fn is_red(triggers: &[Trigger], sample: &Sample) -> bool {
    let by_trigger =
        triggers.iter().filter(|t| t.signal == sample.signal).any(|t| is_bad(&t.condition, sample) == Some(true));
    let is_down = matches!(
        (&sample.signal, &sample.measured),
        (SignalPath::Up(..), Measured::Value { value }) if *value < 1.0
    );
    let is_compared =
        || triggers.iter().any(|t| t.signal == sample.signal && matches!(t.condition, Condition::Baseline(_)));
    by_trigger || is_down || (sample.is_near_limit() && is_compared())
}

/// Whether the sample is bad by this condition; `None` where nothing was measured.
fn is_bad(condition: &Condition, sample: &Sample) -> Option<bool> {
    match sample.measured {
        Measured::Value { value } => Some(condition.holds(value)),
        Measured::Unmeasurable { .. } => None,
    }
}
