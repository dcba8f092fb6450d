//! The summary as Markdown, which reads as text.

use super::dora::Dora;
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
    text += &format!("- Rollbacks that were verified: {}\n", share_text(period.rollbacks));
    for (scope, met) in &period.objectives {
        text += &format!("- Within the time agreed for a {}: {}\n", scope.word(), share_text(*met));
    }
    let times = [("decided", period.to_decide), ("gone back", period.to_go_back), ("recovered", period.to_recover)];
    if times.iter().any(|(_, spread)| spread.is_some()) {
        text += "\n| until | times | median | 95 of 100 |\n|---|---|---|---|\n";
        text.extend(times.into_iter().filter_map(|(what, spread)| Some(row(what, spread?))));
    }
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
    let seconds = |ms: i64| {
        let (whole, tenths) = (ms / 1000, ms % 1000 / 100);
        format!("{whole}.{tenths} s")
    };
    format!("| {what} | {} | {} | {} |\n", spread.times, seconds(spread.median_ms), seconds(spread.p95_ms))
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
