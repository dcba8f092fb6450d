//! Telling a person what a run does, while it does it: each record a line, and in between what is being waited for.

use std::sync::Mutex;
use std::time::Duration;

use backout_core::detect::{Measured, Sample};
use backout_core::journal::{Body, Record};
use backout_core::port::{Clock, Progress, Watcher};
use backout_core::report::{Line, Timeline};
use backout_engine::clock::SystemClock;
use indicatif::{ProgressBar, ProgressStyle};

use super::amount::Amount;
use super::{Paint, Ui, clock_time};

/// How often the moving line moves.
const TICK: Duration = Duration::from_millis(120);

/// Looks on for a person.
pub(crate) struct Narrator {
    ui: Ui,
    timeline: Mutex<Timeline>,
    bar: ProgressBar,
    amount: Mutex<Option<Amount>>,
}

impl Narrator {
    pub(crate) fn new(ui: Ui) -> Self {
        // Hidden by itself where standard error is no terminal.
        let bar = if ui.quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Self { ui, timeline: Mutex::new(Timeline::default()), bar, amount: Mutex::new(None) }
    }

    /// Takes notice of what was told before: a run is gone on with.
    pub(crate) fn catch_up(&self, records: &[Record]) {
        if let Ok(mut timeline) = self.timeline.lock() {
            records.iter().for_each(|record| drop(timeline.line(record)));
        }
    }

    /// Takes the moving line away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn wait_for(&self, body: &Body) {
        let message = match body {
            Body::RunStarted(_) => "looking at what runs",
            Body::AfterSeen { .. } => "watching",
            Body::DeploySpawned { .. } => {
                // The deploy command has the terminal now.
                self.bar.finish_and_clear();
                return;
            }
            Body::PlanMade { .. } => "going back",
            Body::ObservationStarted { .. } => "observing",
            _ => return,
        };
        self.bar.reset();
        self.bar.set_message(message);
        self.bar.enable_steady_tick(TICK);
    }
}

impl Watcher for Narrator {
    fn recorded(&self, record: &Record) {
        let line = match self.timeline.lock() {
            Ok(mut timeline) => timeline.line(record),
            Err(_) => None,
        };
        if let Some(line) = line {
            self.bar.suspend(|| self.ui.say(&line_text(&line)));
        }
        self.wait_for(&record.body);
    }

    fn finishing(&self, what: &str) {
        self.bar.suspend(|| self.ui.say(&format!("{} {what}", Paint::warning("interrupted:"))));
    }

    fn sampled(&self, sample: &Sample) {
        if !self.bar.is_hidden() && !matches!(sample.measured, Measured::Unmeasurable { .. }) {
            self.bar.set_message(format!("watching: {} {}", sample.signal, sample.what));
        }
    }
}

/// On a terminal the moving line says how far it is; elsewhere now and then a line of its own does.
impl Progress for Narrator {
    fn moved(&self, what: &str, done: u64, of: Option<u64>) {
        let Ok(mut amount) = self.amount.lock() else { return };
        let now = SystemClock.now();
        let amount = match amount.as_mut().filter(|amount| amount.is_of(what)) {
            Some(amount) => amount,
            None => amount.insert(Amount::begun(what, now)),
        };
        if self.bar.is_hidden() {
            if amount.is_worth_a_line(done, of, now) {
                self.ui.say(&format!("{} {}", Paint::faint(&clock_time(now)), amount.text(done, of, now)));
            }
            return;
        }
        self.bar.set_message(amount.text(done, of, now));
        self.bar.enable_steady_tick(TICK);
    }
}

/// A line of the timeline as people read it.
pub(crate) fn line_text(line: &Line) -> String {
    let label = format!("{:<11}", line.label);
    let label = if line.is_bad { Paint::error(&label) } else { Paint::strong(&label) };
    let mut text = format!("{} {label} {}", Paint::faint(&clock_time(line.at)), line.text);
    for detail in &line.details {
        text.push_str(&format!("\n{:24} {}", "", detail));
    }
    text
}
