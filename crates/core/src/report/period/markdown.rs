//! The summary as Markdown, which reads as text.

use super::story::Scope;
use super::summary::{Period, Share, Spread};
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
    text += &format!("- Deploys that failed: {}\n", share(period.change_failures));
    text += &format!("- Rollbacks that were verified: {}\n", share(period.rollbacks));
    for (scope, met) in &period.objectives {
        text += &format!("- Within the time agreed for a {}: {}\n", scope_text(*scope), share(*met));
    }
    let times = [("decided", period.to_decide), ("gone back", period.to_go_back), ("recovered", period.to_recover)];
    if times.iter().any(|(_, spread)| spread.is_some()) {
        text += "\n| until | times | median | 95 of 100 |\n|---|---|---|---|\n";
        text.extend(times.into_iter().filter_map(|(what, spread)| Some(row(what, spread?))));
    }
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

fn share(share: Share) -> String {
    match share.percent() {
        Some(percent) => format!("{} of {} ({percent:.0} %)", share.some, share.all),
        None => "none".to_owned(),
    }
}

fn scope_text(scope: Scope) -> &'static str {
    match scope {
        Scope::Service => "service",
        Scope::Stack => "stack",
        Scope::Database => "database",
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
