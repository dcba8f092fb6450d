//! The summary as a page, with charts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::dora::Dora;
use super::goal::Goal;
use super::kind::{Figures, Kind};
use super::markdown::share_text;
use super::story::Story;
use super::summary::{Period, Spread};
use crate::incident::PAGE;
use crate::journal::RunResult;
use crate::report::chart::{Column, Columns, Course, STYLE, Span, seconds};
use crate::report::result_text;

const TEMPLATE: &str = include_str!("report.html");

/// A page that cannot be made, which is a defect of its template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the page cannot be made: {0}")]
pub struct PageError(String);

/// The summary as one page that needs no other file. A function of its arguments alone; times are in UTC.
///
/// # Errors
/// Where the page cannot be made, which is a defect.
pub fn period_html(environment: &str, period: &Period, stories: &[Story]) -> Result<String, PageError> {
    let mut pages = Environment::new();
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    pages.add_filter("span", |ms: Option<i64>| ms.map_or_else(|| "not known".to_owned(), seconds));
    let day = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
    let dora = Dora::of(period);
    let objectives: Vec<(&str, String)> =
        period.objectives.iter().map(|(scope, met)| (scope.word(), share_text(*met))).collect();
    let variables = context! {
        environment => environment,
        since => day(period.since),
        until => day(period.until),
        deploys => period.deploys.values().sum::<usize>(),
        a_day => format!("{:.2} a day", dora.deployments_a_day),
        change_failures => share_text(period.change_failures),
        rollbacks => share_text(period.rollbacks),
        lead_time => dora.lead_time.map(|spread| seconds(spread.median_ms)),
        time_to_restore => Value::from(Serde(dora.time_to_restore)),
        spreads => spreads(period),
        objectives => Value::from(Serde(objectives)),
        kinds => kinds(&period.by_kind),
        goals => goals(period),
        services => counted(period.by_service.iter().map(|(name, count)| (name.to_string(), *count))),
        causes => counted(period.by_cause.iter().map(|(name, count)| (name.clone(), *count))),
        runs => runs(period, stories).map(Value::from_safe_string),
        times => times(period).map(Value::from_safe_string),
        style => Value::from_safe_string(format!("{PAGE}{STYLE}")),
    };
    pages.render_str(TEMPLATE, variables).map_err(|error| PageError(format!("{error:#}")))
}

fn spreads(period: &Period) -> Value {
    let verified = ("verified, after the last step", period.verifying);
    let (decided, back) = (("decided", period.to_decide), ("gone back", period.to_go_back));
    let all = [decided, back, verified, ("recovered", period.to_recover)];
    let rows: Vec<_> = all.into_iter().filter_map(|(what, spread)| Some((what, spread?))).collect();
    Value::from(Serde(rows))
}

fn kinds(by_kind: &BTreeMap<Kind, Figures>) -> Value {
    let row = |(kind, figures): (&Kind, &Figures)| {
        let average = |spread: Option<Spread>| spread.map(|spread| spread.average_ms);
        let (back, recovered) = (average(figures.to_go_back), average(figures.to_recover));
        (kind.words(), share_text(figures.verified), back, recovered)
    };
    Value::from(Serde(by_kind.iter().map(row).collect::<Vec<_>>()))
}

/// What was agreed of the time as a whole: what, what was agreed, what it came to, and whether that is as agreed.
fn goals(period: &Period) -> Value {
    let share = |share: f64| format!("{:.0} %", share * 100.0);
    let time = |ms: f64| format!("{:.1} s", ms / 1000.0);
    let row = |what: &'static str, goal: Option<Goal>, unit: &dyn Fn(f64) -> String| {
        let goal = goal?;
        Some((what, unit(goal.agreed), goal.is.map_or_else(|| "none".to_owned(), unit), goal.word()))
    };
    let goals = &period.goals;
    let rows = [
        row("Rollbacks that are verified", goals.verified, &share),
        row("Gone back, on average", goals.to_go_back, &time),
        row("Recovered, on average", goals.to_recover, &time),
    ];
    Value::from(Serde(rows.into_iter().flatten().collect::<Vec<_>>()))
}

/// The most first.
fn counted(rows: impl Iterator<Item = (String, usize)>) -> Value {
    let mut rows: Vec<(String, usize)> = rows.collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Value::from(Serde(rows))
}

/// Guarded deploys by day, or by week where there are many days.
fn runs(period: &Period, stories: &[Story]) -> Option<String> {
    let parts = [
        ("kept", "good", &[RunResult::Kept, RunResult::KeptUnproven][..]),
        (result_text(RunResult::RolledBack), "mild", &[RunResult::RolledBack, RunResult::NothingChanged][..]),
        ("a person was needed", "bad", &[RunResult::NotVerified, RunResult::Held, RunResult::FixForward][..]),
        ("refused or stopped", "plain", &[RunResult::Refused, RunResult::Aborted][..]),
    ];
    let days = period.until.duration_since(period.since).as_hours() / 24 + 1;
    let each = if days > 31 { 7 } else { 1 };
    let place = |at: Timestamp| at.duration_since(period.since).as_hours() / (24 * each);
    let mut columns: BTreeMap<i64, Vec<usize>> =
        (0..=place(period.until)).map(|at| (at, vec![0; parts.len()])).collect();
    let within = |story: &&Story| story.is_deploy && (period.since..=period.until).contains(&story.ended_at);
    for story in stories.iter().filter(within) {
        let part = parts.iter().position(|(.., results)| results.contains(&story.result));
        if let Some(count) = part.and_then(|part| columns.get_mut(&place(story.ended_at))?.get_mut(part)) {
            *count += 1;
        }
    }
    let name = |place: i64| {
        let at = period.since.checked_add(jiff::SignedDuration::from_hours(24 * each * place)).unwrap_or(period.since);
        at.strftime("%m-%d").to_string()
    };
    let columns = columns.into_iter().map(|(place, counts)| Column { name: name(place), counts }).collect();
    let title = if each == 1 { "Deploys by day" } else { "Deploys by week" };
    let parts = parts.into_iter().map(|(name, class, _)| (name.to_owned(), class)).collect();
    Columns { title: title.to_owned(), parts, columns }.svg()
}

/// How long it took until something: the median, and what 95 of 100 took no longer than.
fn times(period: &Period) -> Option<String> {
    let all = [("decided", period.to_decide), ("gone back", period.to_go_back), ("recovered", period.to_recover)];
    let spans = all.into_iter().filter_map(|(what, spread)| Some((what, spread?))).flat_map(|(what, spread)| {
        let span = |name: String, to_ms, class| Span { name, from_ms: 0, to_ms, class };
        [
            span(format!("{what}, median"), spread.median_ms, "plain"),
            span(format!("{what}, 95 of 100"), spread.p95_ms, "mild"),
        ]
    });
    Course { title: "How long it took".to_owned(), spans: spans.collect() }.svg()
}
