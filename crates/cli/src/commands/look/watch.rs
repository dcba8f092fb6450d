//! `backout watch`: watches in the foreground and says what changes. It decides nothing and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_core::config::Trigger;
use backout_core::detect::{Comparing, Counting, Measured, Rules, Sample, SignalPath, is_red};
use backout_core::id::ServiceName;
use backout_core::inventory::Fact;
use backout_core::journal::Record;
use backout_core::plan::explain;
use backout_core::policy::{Judgement, Verdict};
use backout_core::port::{Progress, Watcher};
use backout_core::schedule::Tally;
use backout_engine::{Interrupt, Pace, Watching, World, ask_all, red, survey};
use jiff::Timestamp;
use serde::Serialize;

use crate::args::Global;
use crate::error::CliError;
use crate::ui::{Paint, Ui, clock_time, count};
use crate::wire::{Access, Setup, Telling, interrupts};

/// How long one pass lasts. Platform events and probes are told at once; what no event tells of (a deploy, a recovery
/// without a probe) is told at the next pass.
const PASS: Duration = Duration::from_secs(30);

/// The part of the budget for false alarms that one pass has.
const PARTS: f64 = 100.0;

/// Watches until interrupted.
pub(crate) async fn watch(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let mut interrupt = interrupts()?;
    let teller = Arc::new(Teller::new(ui, setup.environment.triggers.clone()));
    let world = setup.world(None, Arc::clone(&teller), interrupt.clone())?;
    let telling = Telling::of_onlooker(&setup).await;
    let probes = backout_engine::probes(&world).count();
    let services = count(setup.environment.services.len(), "service");
    let signals = match setup.environment.signals.len() + setup.environment.counted.len() {
        0 => String::new(),
        some => format!(", {}", count(some, "signal")),
    };
    let probes = count(probes, "probe");
    ui.say(&format!("watching `{}`: {services}, {probes}{signals}; Ctrl-C ends it", setup.environment.name));
    tokio::select! {
        () = pass_after_pass(&world, &teller) => {}
        _ = interrupt.wait_for(|wish| *wish > Interrupt::None) => {}
    }
    drop(telling);
    Ok(ExitCode::SUCCESS)
}

async fn pass_after_pass(world: &World, teller: &Teller) {
    loop {
        let (mut seen, signals) = tokio::join!(survey(world), ask_all(world));
        seen.samples.extend(signals);
        teller.facts(&seen.facts);
        let since = world.clock.now();
        let rules = Rules {
            triggers: world.environment.triggers.clone(),
            required: Vec::new(),
            // What is red has been told; it fires again once it has been green.
            red_before: red(world, &seen.samples).into_iter().collect::<BTreeSet<_>>(),
            before: seen.facts,
            comparing: comparing(world, since),
        };
        let watching = Watching { pace: Pace::AtRest, until: since + PASS, deployed_at: since };
        teller.judgement(&backout_engine::watch(world, rules, watching).await.judgement);
    }
}

/// Each pass is compared with the time before it. There are many passes in a day, so that each has a small part of the budget.
fn comparing(world: &World, since: Timestamp) -> Comparing {
    let environment = &world.environment;
    Comparing {
        since,
        horizon: PASS.as_secs_f64(),
        false_alarms: environment.guard.false_alarms / PARTS,
        counted: environment.counted.values().map(Counting::of).collect(),
        dependencies: environment.dependencies(&[]),
    }
}

/// Remembers what it told last, and tells what is new.
struct Teller {
    ui: Ui,
    triggers: Vec<Trigger>,
    signals: Mutex<BTreeMap<SignalPath, State>>,
    /// How much was left out when it was last told of.
    left_out: Mutex<u64>,
    services: Mutex<BTreeMap<ServiceName, String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Holds,
    Red,
    Unmeasured,
    Changed,
    Unhealthy,
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
    fn new(ui: Ui, triggers: Vec<Trigger>) -> Self {
        Self { ui, triggers, signals: Mutex::default(), left_out: Mutex::default(), services: Mutex::default() }
    }

    fn facts(&self, facts: &[Fact]) {
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

    fn judgement(&self, judgement: &Judgement) {
        if judgement.verdict != Verdict::Unhealthy {
            return;
        }
        for finding in judgement.findings.iter().filter(|finding| !finding.was_before) {
            let (subject, what) = (finding.subject.clone(), finding.what.clone());
            self.tell(&Change { at: judgement.at, subject, is: State::Unhealthy, what });
        }
        self.ui.say(&format!("{} see the way back: `backout plan`", Paint::hint("hint:")));
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
    fn recorded(&self, _record: &Record) {}

    fn probing(&self, tally: &Tally) {
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
    };
    let label = format!("{label:<10}");
    let label = match change.is {
        State::Red | State::Unhealthy => Paint::error(&label),
        State::Unmeasured => Paint::warning(&label),
        State::Holds | State::Changed => Paint::strong(&label),
    };
    let about = if change.is == State::Changed { String::new() } else { format!("{}: ", change.subject) };
    format!("{} {label} {about}{}", Paint::faint(&clock_time(change.at)), change.what)
}
