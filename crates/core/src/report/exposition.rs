//! Metrics of backout itself, in the text format that Prometheus scrapes and its textfile collector reads.
//!
//! Contract: counters are counted from the journal each time, so they rise as it grows and never start anew while it is kept.
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::period::{Scope, Story};
use crate::id::EnvironmentName;

/// Upper edges of the buckets of recovery times, in seconds.
const EDGES: [u32; 10] = [5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400];

/// What there is to tell.
#[derive(Debug)]
pub struct Gauges<'a> {
    /// The version of backout.
    pub version: &'a str,
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// Every run that has ended.
    pub stories: &'a [Story],
    /// Runs that have not.
    pub open_runs: usize,
    /// Incidents, and how many of them are open.
    pub incidents: (usize, usize),
    /// When the last known good checkpoint was taken.
    pub last_good: Option<Timestamp>,
    /// Notices that wait, and that were given up.
    pub notices: (usize, usize),
}

/// The metrics.
#[must_use]
pub fn exposition(of: &Gauges<'_>) -> String {
    let mut page = Page { text: String::new(), environment: escaped(of.environment.as_str()) };
    page.text += "# HELP backout_build_info The version of backout that wrote this.\n# TYPE backout_build_info gauge\n";
    let _ = writeln!(page.text, "backout_build_info{{version=\"{}\"}} 1", escaped(of.version));
    runs(&mut page, of.stories);
    times(&mut page, of.stories);
    page.one("backout_open_runs", "gauge", "Runs that have not ended.", count(of.open_runs));
    page.one("backout_incidents_total", "counter", "Incidents that were opened.", count(of.incidents.0));
    page.one("backout_open_incidents", "gauge", "Incidents that are not restored.", count(of.incidents.1));
    page.one("backout_notices_waiting", "gauge", "Notices that nobody has taken yet.", count(of.notices.0));
    page.one("backout_notices_given_up", "gauge", "Notices of the last 30 days that nobody took.", count(of.notices.1));
    if let Some(at) = of.last_good {
        let help = "When the last known good checkpoint was taken.";
        page.one("backout_last_good_checkpoint_timestamp_seconds", "gauge", help, at.as_second().to_string());
    }
    if let Some(at) = of.stories.iter().map(|story| story.ended_at).max() {
        page.one(
            "backout_last_run_timestamp_seconds",
            "gauge",
            "When the newest run ended.",
            at.as_second().to_string(),
        );
    }
    page.text
}

struct Page {
    text: String,
    environment: String,
}

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: String) {
        self.head(name, kind, help);
        self.sample(name, "", &value);
    }

    /// `labels` begin with a comma, or are empty.
    fn sample(&mut self, name: &str, labels: &str, value: &str) {
        let _ = writeln!(self.text, "{name}{{environment=\"{}\"{labels}}} {value}", self.environment);
    }
}

fn count(number: usize) -> String {
    number.to_string()
}

/// A label's value: what would end it is escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn runs(page: &mut Page, stories: &[Story]) {
    let mut all: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for story in stories {
        let result = serde_json::to_value(story.result).ok().and_then(|value| value.as_str().map(str::to_owned));
        let kind = if story.is_deploy { "guard" } else { "rollback" };
        *all.entry((kind, result.unwrap_or_default())).or_default() += 1;
    }
    page.head("backout_runs_total", "counter", "Runs that ended, by kind and by how.");
    for ((kind, result), number) in all {
        page.sample("backout_runs_total", &format!(",kind=\"{kind}\",result=\"{}\"", escaped(&result)), &count(number));
    }
}

/// How long going back took, from the decision to verified, by how much went back.
fn times(page: &mut Page, stories: &[Story]) {
    let name = "backout_rollback_duration_seconds";
    let mut all: BTreeMap<Scope, Vec<i64>> = BTreeMap::new();
    for story in stories.iter().filter(|story| story.went_back()) {
        if let (Some(scope), Some(took)) = (story.scope, story.times.to_go_back_ms) {
            all.entry(scope).or_default().push(took);
        }
    }
    page.head(name, "histogram", "How long going back took, from the decision to verified.");
    for (scope, took) in all {
        let scope = format!(",scope=\"{}\"", scope.word());
        for edge in EDGES {
            let within = took.iter().filter(|ms| **ms <= i64::from(edge) * 1000).count();
            page.sample(&format!("{name}_bucket"), &format!("{scope},le=\"{edge}\""), &count(within));
        }
        page.sample(&format!("{name}_bucket"), &format!("{scope},le=\"+Inf\""), &count(took.len()));
        let sum: i64 = took.iter().sum();
        page.sample(&format!("{name}_sum"), &scope, &format!("{}.{:03}", sum / 1000, sum % 1000));
        page.sample(&format!("{name}_count"), &scope, &count(took.len()));
    }
}
