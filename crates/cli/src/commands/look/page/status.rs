//! `backout status --markdown`: the status as a page that people can be sent to.

use std::process::ExitCode;
use std::time::Duration;

use backout_core::policy::{Severity, Verdict};
use backout_engine::Interrupt;
use jiff::Timestamp;

use super::metrics::write;
use crate::args::{Global, StatusArgs};
use crate::commands::look::past::what;
use crate::commands::look::standing::Standing;
use crate::commands::look::status::{Status, look};
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup, interrupts};

/// How often a page that is kept up to date is written.
const EVERY: Duration = Duration::from_secs(10);

/// Prints the page, writes it to a file, or keeps that file up to date until interrupted.
pub(crate) async fn status_page(global: &Global, args: &StatusArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let Some(path) = &args.out else {
        ui.data(&page(&look(&setup).await?));
        return Ok(ExitCode::SUCCESS);
    };
    let mut interrupt = interrupts()?;
    loop {
        write(&setup, path, &page(&look(&setup).await?))?;
        if !args.watch {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = interrupt.wait_for(|wish| *wish > Interrupt::None) => return Ok(ExitCode::SUCCESS),
        }
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A cell ends at a bar, and a row at a line break.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn page(status: &Status) -> String {
    let mut lines =
        vec![format!("# Status of `{}`", status.environment), String::new(), format!("As of {}.", minute(status.at))];
    if !status.open_incidents.is_empty() {
        lines.extend([String::new(), "## Incidents".to_owned(), String::new()]);
        lines.extend(status.open_incidents.iter().map(|incident| {
            let severity = incident.severity.map_or("severity not set", Severity::word);
            let (status, since) = (incident.status.word(), minute(incident.opened_at));
            format!("- **{}** ({severity}, {status}) since {since}: {}", incident.id, incident.title)
        }));
    }
    lines.extend([String::new(), "## Services".to_owned(), String::new()]);
    lines.push("| service | version | instances | health | probes | last known good |".to_owned());
    lines.push("|---|---|---|---|---|---|".to_owned());
    let row = |row: Vec<String>| format!("| {} |", row.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | "));
    lines.extend(status.services.iter().map(Standing::row).map(row));
    let complaints: Vec<String> = status.services.iter().flat_map(Standing::complaints).collect();
    let databases = status.databases.iter().flat_map(|database| database.lines(status.at));
    let signals = status.signals.iter().map(|check| {
        let label = match check.verdict {
            Verdict::Healthy => "signal",
            Verdict::Unhealthy => "**FAILS**",
            Verdict::Inconclusive | Verdict::Unmeasurable => "not measured",
        };
        format!("{label}: {} ({})", check.name, check.what)
    });
    let more: Vec<String> = complaints.into_iter().chain(databases).chain(signals).collect();
    if !more.is_empty() {
        lines.push(String::new());
        lines.extend(more.iter().map(|line| format!("- {}", line.trim())));
    }
    lines.extend([String::new(), "## The way back".to_owned(), String::new()]);
    lines.push(match &status.last_known_good {
        Some(good) => format!("- last known good: `{}` of {}: {}", good.checkpoint, minute(good.taken_at), good.why),
        None => "- last known good: there is none".to_owned(),
    });
    lines.extend(status.held_by.iter().map(|held| format!("- held by: {}", held.holder)));
    let run = |run: &backout_engine::store::RunSummary| {
        format!("- open run: `{}` {}, since {}", run.id, what(run), minute(run.started))
    };
    lines.extend(status.open_runs.iter().map(run));
    lines.extend(status.notices.line().map(|line| format!("- {line}")));
    lines.push(String::new());
    lines.join("\n")
}
