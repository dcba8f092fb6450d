//! `backout report`: what a time of deploys and rollbacks was like.

use std::process::ExitCode;

use backout_core::port::{Clock, Store};
use backout_core::report::{period, period_markdown, stories};
use backout_engine::clock::SystemClock;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::args::{Global, ReportArgs};
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// The records that a story is told from.
const TOLD: [&str; 8] =
    ["run_started", "plan_made", "deploy_ended", "judged", "decided", "step_intended", "verified", "run_ended"];

/// Sums up the runs that ended since then.
pub(crate) async fn report(global: &Global, args: &ReportArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let now = SystemClock.now();
    let since = moment(&args.since, now)?;
    let setup = Setup::open(global, ui, Access::Read)?;
    let environment = &setup.environment;
    let records = setup.store.records(&environment.name, &TOLD).await?;
    let summary = period(&stories(&records), &environment.objectives, since, now);
    if ui.json {
        ui.document(&summary)?;
    } else {
        ui.data(period_markdown(environment.name.as_str(), &summary).trim_end());
    }
    Ok(ExitCode::SUCCESS)
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
