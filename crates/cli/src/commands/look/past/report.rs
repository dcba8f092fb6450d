//! `backout report`: what a time of deploys and rollbacks was like.

use std::process::ExitCode;

use backout_core::port::{Clock, Store};
use backout_core::report::{
    CHANGELOG_KINDS, DRILL_KINDS, Dora, changelog, changelog_markdown, drills, period, period_html, period_markdown,
    stories,
};
use backout_engine::clock::SystemClock;
use backout_engine::durable;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};
use serde_json::Value;

use crate::args::{Global, ReportArgs, ReportFormat};
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// The records that a story is told from.
pub(in crate::commands::look) const TOLD: [&str; 10] = [
    "run_started",
    "plan_made",
    "deploy_ended",
    "judged",
    "decided",
    "fallback_switched",
    "step_intended",
    "step_ended",
    "verified",
    "run_ended",
];

/// Sums up the runs that ended since then, or lists what was deployed.
pub(crate) async fn report(global: &Global, args: &ReportArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let now = SystemClock.now();
    let since = moment(&args.since, now)?;
    let setup = Setup::open(global, ui, Access::Read)?;
    let format = if ui.json { ReportFormat::Json } else { args.format };
    let document = if args.changelog {
        deployed(&setup, since, format).await?
    } else {
        summary(&setup, (since, now), format).await?
    };
    match (&args.out, document) {
        (None, Written::Text(text)) => ui.data(text.trim_end()),
        (None, Written::Document(value)) => ui.document(&value)?,
        (Some(path), written) => {
            let text = match written {
                Written::Text(text) => text,
                Written::Document(value) => format!("{value:#}\n"),
            };
            let path = setup.process.folder.join(path);
            durable::replace(&path, text.as_bytes(), 0o644)
                .map_err(|error| CliError::failed(format!("`{}` cannot be written: {error}", path.display())))?;
            ui.say(&format!("wrote `{}`", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

enum Written {
    Text(String),
    Document(Value),
}

async fn summary(
    setup: &Setup,
    (since, until): (Timestamp, Timestamp),
    format: ReportFormat,
) -> Result<Written, CliError> {
    let environment = &setup.environment;
    let stories = stories(&setup.store.records(&environment.name, &TOLD).await?);
    let drills = drills(&setup.store.records(&environment.name, &DRILL_KINDS).await?);
    let summary = period(&stories, &drills, &environment.objectives, (since, until));
    let name = environment.name.as_str();
    Ok(match format {
        ReportFormat::Text | ReportFormat::Markdown => Written::Text(period_markdown(name, &summary)),
        ReportFormat::Html => {
            Written::Text(period_html(name, &summary, &stories).map_err(|error| CliError::failed(error.to_string()))?)
        }
        ReportFormat::Json => {
            let mut value = as_json(&summary)?;
            value["dora"] = as_json(&Dora::of(&summary))?;
            Written::Document(value)
        }
    })
}

async fn deployed(setup: &Setup, since: Timestamp, format: ReportFormat) -> Result<Written, CliError> {
    let name = &setup.environment.name;
    let mut all = changelog(&setup.store.records(name, &CHANGELOG_KINDS).await?);
    all.retain(|deployed| deployed.at >= since);
    Ok(match format {
        ReportFormat::Json => Written::Document(serde_json::json!({ "environment": name, "deployed": as_json(&all)? })),
        ReportFormat::Html => {
            return Err(CliError::usage("the changelog is not written in HTML").hint("take `--format markdown`"));
        }
        ReportFormat::Text | ReportFormat::Markdown => Written::Text(changelog_markdown(name.as_str(), &all)),
    })
}

fn as_json<T: serde::Serialize>(value: &T) -> Result<Value, CliError> {
    serde_json::to_value(value).map_err(|error| CliError::failed(error.to_string()))
}

/// So long ago, at a time, or at the beginning of a day.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    let ago = || {
        let span: Span = text.parse().ok()?;
        now.checked_sub(span.abs().to_duration(SpanRelativeTo::days_are_24_hours()).ok()?).ok()
    };
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::system()).ok().map(|day| day.timestamp());
    text.parse::<Timestamp>().ok().or_else(day).or_else(ago).filter(|since| *since <= now).ok_or_else(|| {
        CliError::usage(format!("`--since {text}` is no time in the past"))
            .hint("write `30d`, `12h`, `2026-11-01` or `2026-11-01T08:00:00Z`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_one_of_four_ways() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let since = |text: &str| moment(text, now).ok().map(|since| since.to_string());
        assert_eq!(since("30d").as_deref(), Some("2026-10-22T12:00:00Z"));
        assert_eq!(since("12h").as_deref(), Some("2026-11-21T00:00:00Z"));
        assert_eq!(since("2026-11-01T08:00:00Z").as_deref(), Some("2026-11-01T08:00:00Z"));
        assert!(since("2026-11-01").is_some());
        assert_eq!((since("yesterday"), since("2027-01-01T00:00:00Z")), (None, None));
    }
}
