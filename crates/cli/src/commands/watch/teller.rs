//! What `backout watch` prints: what is new, once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use backout_core::config::Trigger;
use backout_core::detect::{Measured, Sample, SignalPath, is_red};
use backout_core::id::ServiceName;
use backout_core::inventory::Fact;
use backout_core::journal::{Body, Record};
use backout_core::plan::explain;
use backout_core::policy::{Judgement, Verdict};
use backout_core::port::{Progress, Watcher};
use backout_core::report::Timeline;
use backout_core::schedule::{Counted, Tally};
use jiff::Timestamp;
use serde::Serialize;

use crate::ui::{Paint, Ui, clock_time, line_text};

/// Remembers what it told last, and tells what is new.
pub(super) struct Teller {
    ui: Ui,
    triggers: Vec<Trigger>,
    signals: Mutex<BTreeMap<SignalPath, State>>,
    services: Mutex<BTreeMap<ServiceName, String>>,
    /// How much was left out when it was last told of.
    left_out: Mutex<u64>,
    probed: Mutex<Counted>,
    timeline: Mutex<Timeline>,
    said: Mutex<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Holds,
    Red,
    Unmeasured,
    Changed,
    Unhealthy,
    Recorded,
}

/// One change: a line of the output.
#[derive(Debug, PartialEq, Serialize)]
struct Change {
    at: Timestamp,
    subject: String,
    is: State,
    what: String,
}

impl Teller {
    pub(super) fn new(ui: Ui, triggers: Vec<Trigger>) -> Self {
        Self {
            ui,
            triggers,
            signals: Mutex::default(),
            services: Mutex::default(),
            left_out: Mutex::default(),
            probed: Mutex::default(),
            timeline: Mutex::default(),
            said: Mutex::default(),
        }
    }

    pub(super) fn facts(&self, facts: &[Fact]) {
        for fact in facts {
            let what = explain::fact(fact);
            let was =
                self.services.lock().unwrap_or_else(PoisonError::into_inner).insert(fact.service.clone(), what.clone());
            if was.as_ref() != Some(&what) {
                let subject = fact.service.to_string();
                self.tell(&Change { at: fact.observed_at, subject, is: State::Changed, what });
            }
        }
    }

    pub(super) fn judgement(&self, judgement: &Judgement) {
        if judgement.verdict != Verdict::Unhealthy {
            return;
        }
        for finding in judgement.findings.iter().filter(|finding| !finding.was_before) {
            let (subject, what) = (finding.subject.clone(), finding.what.clone());
            self.tell(&Change { at: judgement.at, subject, is: State::Unhealthy, what });
        }
        self.ui.say(&format!("{} see the way back: `backout plan`", Paint::hint("hint:")));
    }

    /// What became of the probes that were due, as Prometheus reads it.
    pub(super) fn probed(&self) -> String {
        self.probed.lock().unwrap_or_else(PoisonError::into_inner).exposition()
    }

    /// Talks to the person who looks on, unless that was the last that was said.
    pub(super) fn say(&self, what: &str) {
        let was = std::mem::replace(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner), what.to_owned());
        if was != what && !what.is_empty() {
            self.ui.say(what);
        }
    }

    /// Takes notice of what was told before: a run is gone on with.
    pub(super) fn catch_up(&self, records: &[Record]) {
        let mut timeline = self.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().for_each(|record| drop(timeline.line(record)));
    }

    fn tell(&self, change: &Change) {
        if self.ui.json {
            // The value is text and times: it can be written.
            let _ = self.ui.document_line(change);
        } else {
            self.ui.data(&line(change));
        }
    }
}

impl Progress for Teller {
    fn moved(&self, _what: &str, _done: u64, _of: Option<u64>) {}
}

impl Watcher for Teller {
    fn recorded(&self, record: &Record) {
        let line = self.timeline.lock().unwrap_or_else(PoisonError::into_inner).line(record);
        if let Some(line) = line {
            let subject = record.run.as_ref().map_or_else(|| record.body.kind().to_owned(), ToString::to_string);
            match self.ui.json {
                true => {
                    let what = format!("{}: {}", line.label, line.text);
                    self.tell(&Change { at: line.at, subject, is: State::Recorded, what });
                }
                false => self.ui.data(&line_text(&line)),
            }
        }
        if let Body::Judged { judgement } = &record.body {
            self.judgement(judgement);
        }
    }

    fn probing(&self, tally: &Tally) {
        self.probed.lock().unwrap_or_else(PoisonError::into_inner).tell(tally);
        let left_out = tally.skipped + tally.crowded_out + tally.starved;
        let was = std::mem::replace(&mut *self.left_out.lock().unwrap_or_else(PoisonError::into_inner), left_out);
        // Each pass counts anew.
        if left_out > was {
            let of = tally.begun + tally.skipped + tally.crowded_out;
            self.ui.say(&format!(
                "{} prober overloaded: {left_out} of {of} probes were left out or say nothing; probe less often, or give \
                 `backout` more of a processor",
                Paint::warning("warning:")
            ));
        }
    }

    fn sampled(&self, sample: &Sample) {
        let is = match sample.measured {
            Measured::Unmeasurable { .. } => State::Unmeasured,
            Measured::Value { .. } if is_red(&self.triggers, sample) => State::Red,
            Measured::Value { .. } => State::Holds,
        };
        let was = self.signals.lock().unwrap_or_else(PoisonError::into_inner).insert(sample.signal.clone(), is);
        let is_news = was.map_or(is != State::Holds, |was| was != is);
        if is_news {
            let subject = sample.signal.to_string();
            self.tell(&Change { at: sample.at, subject, is, what: sample.what.clone() });
        }
    }
}

fn line(change: &Change) -> String {
    let label = match change.is {
        State::Holds => "holds",
        State::Red => "FAILS",
        State::Unmeasured => "no measure",
        State::Changed => "service",
        State::Unhealthy => "UNHEALTHY",
        State::Recorded => "recorded",
    };
    let label = format!("{label:<10}");
    let label = match change.is {
        State::Red | State::Unhealthy => Paint::error(&label),
        State::Unmeasured => Paint::warning(&label),
        State::Holds | State::Changed | State::Recorded => Paint::strong(&label),
    };
    let about = if change.is == State::Changed { String::new() } else { format!("{}: ", change.subject) };
    format!("{} {label} {about}{}", Paint::faint(&clock_time(change.at)), change.what)
}
