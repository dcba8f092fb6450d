//! `backout backtest`: what the detector would have said about a recorded series.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use backout_core::detect::{Backtest, Recording, SeriesKind, Settings, backtest as tested};
use backout_core::policy::Verdict;

use crate::args::{BacktestArgs, Numbers};
use crate::error::CliError;
use crate::ui::Ui;

/// Runs the detector over the file. A verdict is an answer and not a failure: any of the four ends with 0.
pub(crate) fn backtest(args: &BacktestArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let deployed_at = seconds(&args.deployed_at)?;
    let recording = recording(args)?;
    covered(&recording, deployed_at, args)?;
    let outcome = tested(&recording, deployed_at, &settings(args)?);
    for note in &outcome.notes {
        ui.warn(note);
    }
    if ui.json {
        ui.document(&outcome)?;
    } else {
        ui.data(&text(&outcome));
    }
    Ok(ExitCode::SUCCESS)
}

fn recording(args: &BacktestArgs) -> Result<Recording, CliError> {
    let shown = args.file.display();
    let unreadable = |error: std::io::Error| {
        CliError::usage(format!("`{shown}` cannot be read: {error}"))
            .hint("name a file of comma-separated values, or `-` for standard input")
    };
    let mut text = String::new();
    if args.file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
    } else {
        text = std::fs::read_to_string(&args.file).map_err(unreadable)?;
    }
    let columns = "its header names `t` and some of `requests` and `errors`, `baseline_requests` and `baseline_errors`, `up`, \
                   `le_<ms>`: see `backout backtest --help`";
    let mut reader = csv::ReaderBuilder::new().flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let broken = |error: csv::Error| CliError::usage(format!("`{shown}` is no table: {error}")).hint(columns);
    let header: Vec<String> = reader.headers().map_err(broken)?.iter().map(|name| bare(name).to_owned()).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, record.iter().map(str::to_owned).collect()));
    }
    let kind = match args.numbers {
        Numbers::Auto => None,
        Numbers::Counts => Some(SeriesKind::Counts),
        Numbers::Counters => Some(SeriesKind::Counters),
    };
    Recording::read(&header, &rows, kind)
        .map_err(|problem| CliError::usage(format!("`{shown}`, line {}: {}", problem.line, problem.what)).hint(columns))
}

/// A name without the mark that some programs put at the beginning of a file.
fn bare(name: &str) -> &str {
    name.trim_start_matches('\u{feff}').trim()
}

/// A time as the recording has it: seconds, or one of the calendar.
fn seconds(text: &str) -> Result<f64, CliError> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let time = || text.parse::<jiff::Timestamp>().ok().map(|time| time.as_duration().as_secs_f64());
    number.or_else(time).ok_or_else(|| {
        CliError::usage(format!("`--deployed-at {text}` is no time"))
            .hint("write it as the column `t` has it: seconds, or `2026-11-21T03:15:00Z`")
    })
}

fn covered(recording: &Recording, deployed_at: f64, args: &BacktestArgs) -> Result<(), CliError> {
    let shown = args.file.display();
    let Some((from, to)) = recording.covers() else {
        return Err(
            CliError::usage(format!("`{shown}` has no rows")).hint("record some time before and after a deploy")
        );
    };
    // A recording that ends with the deploy is a finding; one of another day is a mistake.
    let length = (to - from).max(60.0);
    if (from - length..=to + length).contains(&deployed_at) {
        return Ok(());
    }
    let what =
        format!("`--deployed-at {}` is nowhere near `{shown}`, which goes from {from} to {to}", args.deployed_at);
    Err(CliError::usage(what).hint("name the time of the deploy as the column `t` has it"))
}

fn settings(args: &BacktestArgs) -> Result<Settings, CliError> {
    let usual = Settings::default();
    let false_alarms = args.false_alarms.unwrap_or(usual.false_alarms);
    if !(false_alarms > 0.0 && false_alarms < 1.0) {
        return Err(
            CliError::usage("`--false-alarms` is a chance").hint("write a number between 0 and 1, such as 0.001")
        );
    }
    let tolerance = args.tolerance.unwrap_or(usual.tolerance);
    if !(tolerance >= 1.0 && tolerance.is_finite()) {
        let error = CliError::usage("`--tolerance` is how many times as many errors as before are tolerated");
        return Err(error.hint("write a number of at least 1, such as 1.5"));
    }
    Ok(Settings { false_alarms, tolerance, ..usual })
}

fn text(outcome: &Backtest) -> String {
    let verdict = match (outcome.verdict, outcome.alarm_at, outcome.delay_s) {
        (Verdict::Unhealthy, Some(at), Some(delay)) => {
            format!("unhealthy: it would have rolled back at {at}, {delay} s after the deploy")
        }
        (verdict, ..) => format!("{verdict}: it would not have rolled back"),
    };
    let compared = &outcome.compared;
    let with = if compared.beside { "the old version beside, and how it was before" } else { "how it was before" };
    let read_as = match outcome.read_as {
        SeriesKind::Counts => "what there was in each row's time",
        SeriesKind::Counters => "counters, which rise until they start anew",
    };
    let mut text = format!("{verdict}\n");
    for reason in &outcome.reasons {
        text += &format!("  {reason}\n");
    }
    let evidence = format!("{:.1} of {:.0}", outcome.evidence.value, outcome.evidence.needed);
    let requests = format!("{:.0} before, {:.0} after", compared.requests_before, compared.requests_after);
    text += &format!(
        "evidence       {evidence}\ncompared with  {with}\nrequests       {requests}\nread as        {read_as}"
    );
    text
}
