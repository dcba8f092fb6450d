//! What stands against calling a deploy healthy, at the end of a watch without an alarm.
//!
//! | what there is                                                                          | verdict      |
//! |----------------------------------------------------------------------------------------|--------------|
//! | no answer about the time before, or nothing measured for half of the watch              | unmeasurable |
//! | too few requests before to compare with, or too few of the new version                 | inconclusive |
//! | red before                                                                              | inconclusive |
//! | an alarm while something that it depends on failed, or that failed for half of the watch | inconclusive |
//! | a tenth of the evidence that it takes                                                   | inconclusive |

use crate::policy::{Finding, Verdict};

use super::weighing::Weighing;
use crate::detect::evidence::{Evidence, Signal};

/// Evidence of one in so many of what is needed makes a deploy that is kept not a healthy one yet.
const DOUBT: f64 = 10.0;

/// What stands against calling it healthy after a watch of so many seconds, the gravest first.
pub(super) fn shortcomings(weighing: &Weighing, watched: f64) -> Vec<(Verdict, Finding)> {
    let subject = format!("trigger {}", weighing.trigger.name);
    let finding = |was_before| move |what| Finding { subject: subject.clone(), what, was_before };
    if let Some(what) = unmeasured(weighing, watched) {
        return vec![(Verdict::Unmeasurable, finding(false)(what))];
    }
    let was_red = weighing.history.as_ref().is_some_and(|past| past.history.was_red());
    let red = was_red.then(|| "was red before the deploy, which is not blamed on it".to_owned());
    let doubts = [few(weighing), held(weighing, watched), doubtful(weighing)].into_iter().flatten();
    let doubts = doubts.map(|what| (Verdict::Inconclusive, finding.clone()(false)(what)));
    doubts.chain(red.map(|what| (Verdict::Inconclusive, finding.clone()(true)(what)))).collect()
}

fn unmeasured(weighing: &Weighing, watched: f64) -> Option<String> {
    let signal = &weighing.counting.as_ref()?.name;
    let why = weighing.why.as_deref().unwrap_or("too little was asked for");
    if weighing.history.is_none() {
        return Some(format!("how `{signal}` was before the deploy could not be asked for: {why}"));
    }
    let share = if watched > 0.0 { weighing.measured / watched } else { 0.0 };
    (share < 0.5).then(|| format!("`{signal}` was measured for {:.0} % of the watch: {why}", share * 100.0))
}

fn few(weighing: &Weighing) -> Option<String> {
    let least = weighing.counting.as_ref()?.min_samples;
    let past = weighing.history.as_ref()?;
    if !weighing.can_be_compared() {
        let before = past.history.requests();
        return Some(format!("there were {before:.0} requests before the deploy, too few to compare with: {least}"));
    }
    let after = weighing.detector.as_ref().map_or(0.0, |detector| detector.requests());
    let is_few = after < f64::from(least);
    is_few.then(|| format!("the new version had {after:.0} requests; it takes {least} to call it healthy"))
}

fn held(weighing: &Weighing, watched: f64) -> Option<String> {
    if let Some(why) = &weighing.excused {
        return Some(format!(
            "it got worse while something that it depends on failed, which is not held against it: {why}"
        ));
    }
    let is_long = weighing.held * 2.0 > watched;
    is_long.then(|| {
        let held = weighing.held;
        format!(
            "something that it depends on failed for {held:.0} s of {watched:.0} s: nothing was held against it then"
        )
    })
}

fn doubtful(weighing: &Weighing) -> Option<String> {
    let evidence = weighing.detector.as_ref()?.evidence(weighing.measured);
    (weighing.can_be_compared() && evidence.value * DOUBT >= evidence.needed).then(|| in_words(&evidence))
}

/// The evidence with the signals that brought it together: those with at least a tenth of the loudest.
pub(super) fn in_words(evidence: &Evidence) -> String {
    let loudest = evidence.signals.first().map_or(0.0, |signal| signal.weight * signal.value);
    let heard = evidence.signals.iter().filter(|signal| signal.weight * signal.value * 10.0 >= loudest);
    let heard: Vec<String> = heard.map(|signal| format!("{}: {}", signal.signal, signal.what)).collect();
    // The rules for memory are no matter of chance.
    if evidence.signals.first().is_some_and(|first| first.signal == Signal::Memory) {
        return heard.join("; ");
    }
    let (value, needed) = (evidence.value.min(1e9), evidence.needed);
    format!("{}; evidence of {value:.0} against it, and {needed:.0} is enough", heard.join("; "))
}
