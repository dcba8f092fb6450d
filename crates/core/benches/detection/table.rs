//! The tables: one row a scenario, one column a rule; and one row a rule.

use crate::measure::{Outcomes, Row};
use crate::scenario::{Mode, Scenario};

/// What all rules did in one scenario, in the order of the rules.
pub(crate) struct Result {
    pub(crate) scenario: Scenario,
    pub(crate) rules: Vec<(&'static str, Outcomes)>,
}

pub(crate) fn rows(results: &[Result]) -> Vec<Row> {
    let of = |result: &Result| {
        let Scenario { name, mode, onset, .. } = result.scenario;
        let row = move |(rule, outcomes): &(&'static str, Outcomes)| Row {
            scenario: format!("{name} {}", letter(mode)),
            mode: if mode == Mode::Canary { "canary" } else { "replace" },
            rule,
            runs: outcomes.runs,
            false_per_10k: onset.is_none().then(|| outcomes.false_per_10k()),
            interval_per_10k: onset.is_none().then(|| outcomes.interval()),
            found: onset.map(|_| outcomes.found()),
            median_s: onset.and_then(|_| outcomes.delay(0.5)),
            p95_s: onset.and_then(|_| outcomes.delay(0.95)),
            digest: format!("{:016x}", outcomes.digest),
        };
        result.rules.iter().map(row).collect::<Vec<_>>()
    };
    results.iter().flat_map(of).collect()
}

fn letter(mode: Mode) -> &'static str {
    if mode == Mode::Canary { "C" } else { "R" }
}

/// The tables as Markdown.
pub(crate) fn markdown(results: &[Result]) -> String {
    let Some(first) = results.first() else { return String::new() };
    let names: Vec<&str> = first.rules.iter().map(|(name, _)| *name).collect();
    let header = format!("| scenario | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    let (healthy, bad): (Vec<&Result>, Vec<&Result>) =
        results.iter().partition(|result| result.scenario.onset.is_none());
    let mut text = format!("False rollbacks in 10,000 healthy deploys\n\n{header}");
    for result in &healthy {
        text += &line(result, |outcomes| format!("{:.1}", outcomes.false_per_10k()));
    }
    text += &format!("\nFound; median / 95th percentile in seconds after the onset\n\n{header}");
    for result in &bad {
        text += &line(result, found);
    }
    text += "\n| rule | worst false in 10k | mean | bad scenarios found >= 95 % | mean found | geometric mean of median delay |\n";
    text += "|---|---|---|---|---|---|\n";
    for (index, name) in names.iter().enumerate() {
        text += &summary(name, index, &healthy, &bad);
    }
    text
}

fn line(result: &Result, cell: impl Fn(&Outcomes) -> String) -> String {
    let cells: Vec<String> = result.rules.iter().map(|(_, outcomes)| cell(outcomes)).collect();
    format!("| {} {} | {} |\n", result.scenario.name, letter(result.scenario.mode), cells.join(" | "))
}

fn found(outcomes: &Outcomes) -> String {
    let share = outcomes.found();
    let seconds = |share| outcomes.delay(share).map_or_else(|| "-".to_owned(), |delay| format!("{delay:.0}"));
    let delays = format!("{}/{}", seconds(0.5), seconds(0.95));
    if share == 0.0 {
        "missed".to_owned()
    } else if share < 0.995 {
        format!("{:.0} % {delays}", share * 100.0)
    } else {
        delays
    }
}

/// What is a mean over scenarios leaves out what no rule can be right about: slow noise, and an outage that nobody asks
/// about.
#[expect(clippy::cast_precision_loss, reason = "a count of scenarios")]
fn summary(name: &str, index: usize, healthy: &[&Result], bad: &[&Result]) -> String {
    let counted =
        healthy.iter().filter(|r| !r.scenario.name.starts_with("H3b") && !r.scenario.name.ends_with("not asked"));
    let rates: Vec<f64> = counted.map(|result| result.rules[index].1.false_per_10k()).collect();
    let worst = rates.iter().copied().fold(0.0, f64::max);
    let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    let of_bad: Vec<&Outcomes> = bad.iter().map(|result| &result.rules[index].1).collect();
    let well = of_bad.iter().filter(|outcomes| outcomes.found() >= 0.95).count();
    let found = of_bad.iter().map(|outcomes| outcomes.found()).sum::<f64>() / of_bad.len().max(1) as f64;
    let logs: f64 = of_bad.iter().map(|outcomes| outcomes.delay(0.5).unwrap_or(1800.0).ln()).sum();
    let geometric = (logs / of_bad.len().max(1) as f64).exp();
    format!(
        "| {name} | {worst:.1} | {mean:.1} | {well}/{} | {:.1} % | {geometric:.0} s |\n",
        of_bad.len(),
        found * 100.0
    )
}
