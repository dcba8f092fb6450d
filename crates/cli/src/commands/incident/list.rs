//! `backout incident list`.

use std::process::ExitCode;

use backout_core::incident::Incident;
use backout_core::policy::Severity;
use backout_core::report::chart::seconds;

use super::found::Found;
use crate::args::Global;
use crate::error::CliError;
use crate::ui::{Ui, date_time, table};
use crate::wire::{Access, Setup};

/// All of them, the newest first.
pub(super) async fn list(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let mut all = Found::of(&setup).await?.all;
    all.reverse();
    if ui.json {
        ui.document(&serde_json::json!({ "environment": setup.environment.name, "incidents": all }))?;
    } else if all.is_empty() {
        ui.say(&format!("`{}` has had no incident", setup.environment.name));
    } else {
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        ui.data(&table(&["INCIDENT", "OPENED", "SEV", "STATUS", "TOOK", "RUNS", "WHAT"], &rows));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(incident: &Incident) -> Vec<String> {
    let took = incident.restored_at.map(|at| at.duration_since(incident.opened_at).as_millis());
    vec![
        incident.id.to_string(),
        date_time(incident.opened_at),
        incident.severity.map_or("-", Severity::word).to_owned(),
        incident.status.word().to_owned(),
        took.and_then(|ms| i64::try_from(ms).ok()).map_or_else(|| "-".to_owned(), seconds),
        incident.runs.len().to_string(),
        incident.title.clone(),
    ]
}
