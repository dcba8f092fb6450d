//! `backout incident show`, and the checklists of `backout incident check`.

use std::process::ExitCode;

use backout_core::incident::{Answered, Case, Event, Limit, Part, Source, State};
use backout_core::policy::Severity;
use backout_core::report::chart::seconds;

use super::found::{Found, case};
use crate::args::Global;
use crate::error::CliError;
use crate::ui::{Paint, Ui, clock_time, count, date_time};
use crate::wire::{Access, Setup};

/// One incident.
pub(super) async fn show(global: &Global, id: Option<&str>, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let found = Found::of(&setup).await?;
    let case = case(&setup, found.one(id)?).await?;
    if ui.json {
        ui.document(&case)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = head(&case);
    lines.push(String::new());
    lines.extend(case.timeline.iter().map(line));
    let times = times(&case);
    if !times.is_empty() {
        lines.push(String::new());
        lines.extend(times);
    }
    ui.data(&lines.join("\n"));
    if case.checklist.open > 0 {
        let open = count(case.checklist.open, "item");
        ui.say(&format!("\n{} {open} to see to: `backout incident check {}`", Paint::hint("hint:"), case.incident.id));
    }
    Ok(ExitCode::SUCCESS)
}

fn head(case: &Case) -> Vec<String> {
    let incident = &case.incident;
    let severity = incident.severity.map_or_else(String::new, |severity: Severity| format!("{severity}, "));
    let status = incident.status.word();
    let status = if incident.is_open() { Paint::warning(status) } else { Paint::good(status) };
    let mut lines = vec![
        format!("{} {}", Paint::strong(incident.id.as_str()), incident.title),
        format!("{severity}{status}; opened {} by {}", date_time(incident.opened_at), incident.opened_by),
    ];
    let names = |names: Vec<String>| names.join(", ");
    if !case.services.is_empty() {
        lines.push(format!("services: {}", names(case.services.iter().map(ToString::to_string).collect())));
    }
    lines.extend(incident.roles.iter().map(|(role, who)| format!("{role}: {who}")));
    lines.extend(case.outcome.iter().map(|outcome| format!("how it ended: {outcome}")));
    let link = |link: &backout_core::incident::Link| match &link.text {
        Some(text) => format!("{text}: {}", link.target),
        None => link.target.clone(),
    };
    lines.extend(incident.links.iter().map(link));
    if !incident.runs.is_empty() {
        lines.push(format!("runs: {}", names(incident.runs.iter().map(ToString::to_string).collect())));
    }
    lines
}

fn line(event: &Event) -> String {
    let label = format!("{:<12}", event.label);
    let label = match (event.is_bad, event.is_turn) {
        (true, _) => Paint::error(&label),
        (false, true) => Paint::strong(&label),
        (false, false) => label,
    };
    let took = event.took_ms.and_then(|ms| i64::try_from(ms).ok()).map(seconds);
    let took = took.map_or_else(String::new, |took| format!(" ({took})"));
    let by = match &event.source {
        Source::Person { by } => format!(" - {by}"),
        Source::Run { .. } | Source::Worked => String::new(),
    };
    let mut text = format!("{} {label} {}{took}{}", Paint::faint(&clock_time(event.at)), event.text, Paint::faint(&by));
    for detail in &event.details {
        text.push_str(&format!("\n{:>25} {detail}", ""));
    }
    text
}

fn times(case: &Case) -> Vec<String> {
    let of = &case.moments;
    let all = [
        ("to detect:", of.to_detect_ms),
        ("to decide:", of.to_decide_ms),
        ("to go back:", of.to_go_back_ms),
        ("to restore:", of.to_restore_ms),
    ];
    let mut lines: Vec<String> = all
        .into_iter()
        .filter_map(|(what, ms)| Some(format!("{} {}", Paint::faint(&format!("{what:<11}")), seconds(ms?))))
        .collect();
    let agreed = |what: &str, agreed_ms: u64, is_met: Option<bool>| {
        let said = match is_met {
            Some(true) => Paint::good("met"),
            Some(false) => Paint::error("NOT MET"),
            None => "not yet".to_owned(),
        };
        format!(
            "{} {} {what}: {said}",
            Paint::faint("agreed:    "),
            seconds(i64::try_from(agreed_ms).unwrap_or(i64::MAX))
        )
    };
    lines.extend(case.objective.iter().map(|objective| agreed("to go back", objective.agreed_ms, objective.is_met)));
    let until = |limit: &Limit| agreed(&format!("until it is {}", limit.until), limit.agreed_ms, limit.is_met);
    lines.extend(case.limits.iter().map(until));
    lines
}

/// The checklists in words.
pub(super) fn checklist_text(checklist: &Answered) -> String {
    let mut lines = Vec::new();
    for part in Part::ALL {
        let items: Vec<_> = checklist.items.iter().filter(|item| item.part == part).collect();
        if items.is_empty() {
            continue;
        }
        lines.push(Paint::strong(part.heading()));
        for item in items {
            let mark = match item.state {
                State::Done => Paint::good(item.state.mark()),
                State::NotDone => Paint::error(item.state.mark()),
                State::NotNeeded | State::Open => item.state.mark().to_owned(),
            };
            let why = item.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            let by = item.by.as_ref().map_or_else(String::new, |by| format!(" ({by})"));
            lines.push(format!("  {mark} {:<13} {}{}{by}", item.id, item.text, Paint::faint(&why)));
        }
    }
    lines.join("\n")
}
