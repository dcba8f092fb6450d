//! The summary as Markdown, which reads as text.

use std::collections::BTreeMap;

use super::dora::Dora;
use super::goal::Goal;
use super::kind::{Figures, Kind};
use super::summary::{Period, Share, Spread};
use crate::report::chart::seconds;
use crate::report::result_text;

/// The summary as Markdown.
#[must_use]
pub fn period_markdown(environment: &str, period: &Period) -> String {
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
    let mut text = format!("# `{environment}`, {} to {} (UTC)\n\n", day(period.since), day(period.until));
    let all: usize = period.deploys.values().sum();
    text += &format!("- Guarded deploys: {all} ({:.1} a day)", period.deploys_a_day);
    let by_result: Vec<String> =
        period.deploys.iter().map(|(result, times)| format!("{} {times}", result_text(*result))).collect();
    text += &if by_result.is_empty() { "\n".to_owned() } else { format!(": {}\n", by_result.join(", ")) };
    text += &format!("- Deploys that failed: {}\n", share_text(period.change_failures));
    let verified = period.goals.verified.map(|goal| format!(", agreed {:.0} %: {}", goal.agreed * 100.0, goal.word()));
    text +=
        &format!("- Rollbacks that were verified: {}{}\n", share_text(period.rollbacks), verified.unwrap_or_default());
    text += &goals_text(period);
    for (scope, met) in &period.objectives {
        text += &format!("- Within the time agreed for a {}: {}\n", scope.word(), share_text(*met));
    }
    let times = [
        ("decided", period.to_decide),
        ("gone back", period.to_go_back),
        ("verified, after the last step", period.verifying),
        ("recovered", period.to_recover),
    ];
    if times.iter().any(|(_, spread)| spread.is_some()) {
        text += "\n| until | times | average | median | 95 of 100 |\n|---|---|---|---|---|\n";
        text.extend(times.into_iter().filter_map(|(what, spread)| Some(row(what, spread?))));
    }
    text += &kinds(&period.by_kind);
    text += "\n## The four keys of DORA\n\n";
    let dora = Dora::of(period);
    text += &format!("- Deployment frequency: {:.2} a day\n", dora.deployments_a_day);
    let median = |spread: Option<Spread>, none: &str| {
        spread.map_or_else(|| none.to_owned(), |spread| format!("{} (median)", seconds(spread.median_ms)))
    };
    text += &format!(
        "- Lead time for changes: {}\n",
        median(dora.lead_time, "not known: say when a change was committed with `guard --committed-at TIME`")
    );
    text += &format!("- Change failure rate: {}\n", share_text(dora.change_failure_rate));
    text += &format!("- Time to restore: {}\n", median(dora.time_to_restore, "none"));
    text += &counted("service", period.by_service.iter().map(|(service, times)| (service.to_string(), *times)));
    text += &counted("cause", period.by_cause.iter().map(|(cause, times)| (cause.clone(), *times)));
    text
}

fn row(what: &str, spread: Spread) -> String {
    let (average, median, p95) = (tenths(spread.average_ms), tenths(spread.median_ms), tenths(spread.p95_ms));
    format!("| {what} | {} | {average} | {median} | {p95} |\n", spread.times)
}

/// In seconds with tenths.
fn tenths(ms: i64) -> String {
    let (whole, tenths) = (ms / 1000, ms % 1000 / 100);
    format!("{whole}.{tenths} s")
}

/// What was agreed of the time as a whole, beside the share that was verified; and what of going back is verifying.
fn goals_text(period: &Period) -> String {
    let average = |what: &str, spread: Option<Spread>, goal: Option<Goal>| {
        let goal = goal?;
        let is = spread.map_or_else(|| "none".to_owned(), |spread| tenths(spread.average_ms));
        Some(format!("- {what} on average: {is}, agreed {:.1} s: {}\n", goal.agreed / 1000.0, goal.word()))
    };
    let of = |what: &str, share: Share| (share.all > 0).then(|| format!("- {what}: {}\n", share_text(share)));
    let share = period
        .verifying_share
        .map(|share| format!("- Of the time to go back verifying took: {:.0} %\n", share * 100.0));
    let all = [
        average("Gone back", period.to_go_back, period.goals.to_go_back),
        average("Recovered", period.to_recover, period.goals.to_recover),
        of("Within the time agreed for an emergency", period.emergencies),
        of("Within the time agreed for falling back", period.fallbacks),
        share,
    ];
    all.into_iter().flatten().collect()
}

/// A table of the kinds of ways back; nothing where nothing went back.
fn kinds(by_kind: &BTreeMap<Kind, Figures>) -> String {
    if by_kind.is_empty() {
        return String::new();
    }
    let average = |spread: Option<Spread>| spread.map_or_else(|| "not known".to_owned(), |it| tenths(it.average_ms));
    let row = |(kind, figures): (&Kind, &Figures)| {
        let (back, recovered) = (average(figures.to_go_back), average(figures.to_recover));
        format!("| {} | {} | {back} | {recovered} |\n", kind.words(), share_text(figures.verified))
    };
    let rows: String = by_kind.iter().map(row).collect();
    format!("\n| went back | verified | on average back | on average recovered |\n|---|---|---|---|\n{rows}")
}

/// `3 of 4 (75 %)`.
pub(super) fn share_text(share: Share) -> String {
    match share.percent() {
        Some(percent) => format!("{} of {} ({percent:.0} %)", share.some, share.all),
        None => "none".to_owned(),
    }
}

/// A table of how often, the most first; nothing where there is nothing.
fn counted(what: &str, rows: impl Iterator<Item = (String, usize)>) -> String {
    let mut rows: Vec<(String, usize)> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    // A cell ends at a bar, and a row at a line break.
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let lines: String = rows.iter().map(|(name, times)| format!("| {} | {times} |\n", cell(name))).collect();
    format!("\n| {what} | rollbacks |\n|---|---|\n{lines}")
}
