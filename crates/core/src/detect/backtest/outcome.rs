//! The outcome: what the detector would have said, when, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counters::SeriesKind;
use super::recording::Recording;
use crate::detect::evidence::{Against, Bucket, Counts, Detector, Evidence, History, Settings, Watched};
use crate::policy::Verdict;

/// What the detector would have said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Backtest {
    /// The verdict.
    pub verdict: Verdict,
    /// The time of the row at which it would have rolled back, in the seconds of the recording.
    pub alarm_at: Option<f64>,
    /// Seconds from the deploy to that.
    pub delay_s: Option<f64>,
    /// What speaks for the verdict, a sentence each, the weightiest first.
    pub reasons: Vec<String>,
    /// The evidence at that moment, or at the end.
    pub evidence: Evidence,
    /// What was compared with.
    pub compared: Compared,
    /// What the numbers were read as.
    pub read_as: SeriesKind,
    /// What a person should know about how the recording was read.
    pub notes: Vec<String>,
}

/// What the new version was compared with, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// Whether with the old version beside it, and not only with how it was before.
    pub beside: bool,
    /// Requests before the deploy.
    pub requests_before: f64,
    /// Requests of the new version.
    pub requests_after: f64,
    /// How long the recording goes on after the deploy, in seconds.
    pub seconds_after: f64,
    /// The share of that for which something was measured: 0 to 1.
    pub measured: f64,
}

/// Evidence of one in so many of what is needed makes a deploy that is kept not a healthy one yet.
const DOUBT: f64 = 10.0;

/// Runs the detector over a recording of a deploy at this time, in the seconds of the recording.
#[must_use]
pub fn backtest(recording: &Recording, deployed_at: f64, settings: &Settings) -> Backtest {
    let (before, after): (Vec<&Bucket>, Vec<&Bucket>) =
        recording.buckets.iter().partition(|bucket| bucket.at < deployed_at);
    let history = history(recording, &before, deployed_at);
    let against = against(&after, deployed_at);
    let seconds_after = after.last().map_or(0.0, |last| last.at + last.span - deployed_at);
    let settings = Settings { horizon: settings.horizon.max(seconds_after), ..settings.clone() };
    let mut detector = Detector::new(settings.clone(), &history, against, Watched::default());
    let mut alarm = None;
    for bucket in &after {
        let bucket = Bucket { at: bucket.at - deployed_at, ..(*bucket).clone() };
        alarm = detector.observe(&bucket);
        if alarm.is_some() {
            break;
        }
    }
    let compared = Compared {
        beside: matches!(against, Against::Beside { .. }),
        requests_before: history.requests(),
        requests_after: detector.requests(),
        seconds_after,
        measured: measured(&after, seconds_after),
    };
    let evidence = alarm.clone().unwrap_or_else(|| detector.evidence(seconds_after));
    let (verdict, reasons) = match &alarm {
        Some(evidence) => (Verdict::Unhealthy, loud(evidence)),
        None => kept(recording, &settings, &history, &compared, &evidence),
    };
    let delay_s = alarm.map(|evidence| evidence.at);
    let alarm_at = delay_s.map(|delay| delay + deployed_at);
    let notes = recording.notes.clone();
    Backtest { verdict, alarm_at, delay_s, reasons, evidence, compared, read_as: recording.kind, notes }
}

/// What it was like before: of a canary, which had no requests then, what the old version did.
fn history(recording: &Recording, before: &[&Bucket], deployed_at: f64) -> History {
    let requests = |of: fn(&Bucket) -> &Option<Counts>| -> f64 {
        before.iter().filter_map(|bucket| of(bucket).as_ref()).map(|counts| counts.requests).sum()
    };
    let by_old = requests(|bucket| &bucket.new) == 0.0 && requests(|bucket| &bucket.old) > 0.0;
    let mut history = History::new(recording.edges.clone());
    for bucket in before {
        let new = if by_old { bucket.old.clone() } else { bucket.new.clone() };
        history.add(&Bucket { at: bucket.at - deployed_at, new, ..(*bucket).clone() });
    }
    history
}

/// With the old version beside it where that had requests after the deploy. How traffic is split is learned from the first
/// minute.
fn against(after: &[&Bucket], deployed_at: f64) -> Against {
    let has_old = after.iter().any(|bucket| bucket.old.as_ref().is_some_and(|counts| counts.requests > 0.0));
    let minute = after.iter().take_while(|bucket| bucket.at < deployed_at + 60.0);
    let (mut new, mut old) = (1.0, 1.0);
    for bucket in minute {
        new += bucket.new.as_ref().map_or(0.0, |counts| counts.requests);
        old += bucket.old.as_ref().map_or(0.0, |counts| counts.requests);
    }
    if has_old { Against::Beside { share: new / (new + old), latencies: false } } else { Against::Before }
}

/// The share of the time after the deploy for which something was measured.
fn measured(after: &[&Bucket], seconds: f64) -> f64 {
    let is_measured = |bucket: &&&Bucket| bucket.new.is_some() || bucket.up.is_some();
    let measured: f64 = after.iter().filter(is_measured).map(|bucket| bucket.span).sum();
    if seconds > 0.0 { (measured / seconds).min(1.0) } else { 0.0 }
}

/// The signals that brought the evidence together, the loudest first: those with at least a tenth of the loudest.
fn loud(evidence: &Evidence) -> Vec<String> {
    let loudest = evidence.signals.first().map_or(0.0, |signal| signal.weight * signal.value);
    let heard = evidence.signals.iter().filter(|signal| signal.weight * signal.value * 10.0 >= loudest);
    heard.map(|signal| format!("{}: {}", signal.signal, signal.what)).collect()
}

/// The verdict on a deploy that would have been kept.
///
/// | what there is after the deploy                                                     | verdict      |
/// |------------------------------------------------------------------------------------|--------------|
/// | nothing, or less than half of the time                                             | unmeasurable |
/// | fewer requests than it takes, or nothing to compare with, or red before, or doubt  | inconclusive |
/// | else                                                                               | healthy      |
fn kept(
    recording: &Recording,
    settings: &Settings,
    history: &History,
    compared: &Compared,
    evidence: &Evidence,
) -> (Verdict, Vec<String>) {
    if compared.measured < 0.5 {
        let percent = compared.measured * 100.0;
        let what = format!("something was measured for {percent:.0} % of the time after the deploy");
        return (Verdict::Unmeasurable, vec![what]);
    }
    let counts_requests = recording.buckets.iter().any(|bucket| bucket.new.is_some());
    let mut doubts = Vec::new();
    #[expect(clippy::cast_precision_loss, reason = "a small number of requests")]
    let least = settings.min_requests as f64;
    if counts_requests && compared.requests_after < least {
        let requests = compared.requests_after;
        doubts.push(format!("the new version had {requests:.0} requests; it takes {least:.0} to call it healthy"));
    }
    if counts_requests && !compared.beside && compared.requests_before < least {
        let requests = compared.requests_before;
        doubts.push(format!("there were {requests:.0} requests before the deploy; too few to compare with"));
    }
    if history.was_red() {
        doubts.push("it was red before the deploy, which is not blamed on it".to_owned());
    }
    if evidence.value * DOUBT >= evidence.needed {
        doubts.push(format!("evidence of {:.0} against it; {:.0} would be enough", evidence.value, evidence.needed));
        doubts.extend(loud(evidence));
    }
    if doubts.is_empty() {
        let what = format!("evidence of {:.2} against it; {:.0} would be enough", evidence.value, evidence.needed);
        return (Verdict::Healthy, vec![what]);
    }
    (Verdict::Inconclusive, doubts)
}
