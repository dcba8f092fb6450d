//! `backout metrics`: what Prometheus reads of backout itself.

use std::path::Path;
use std::process::ExitCode;

use backout_core::id::EnvironmentName;
use backout_core::inventory::last_known_good;
use backout_core::port::Store;
use backout_core::report::{Gauges, exposition, stories};
use backout_engine::durable;
use backout_engine::store::SqliteStore;

use crate::args::{Global, MetricsArgs};
use crate::commands::incident::Found;
use crate::commands::look::past::TOLD;
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// Prints them, or writes them to a file for the textfile collector, which never sees half of one.
pub(crate) async fn metrics(global: &Global, args: &MetricsArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let text = metrics_text(&setup.store, &setup.environment.name).await?;
    match &args.out {
        None => ui.bytes(text.as_bytes()),
        Some(path) => write(&setup, path, &text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The metrics of an environment.
///
/// # Errors
/// A journal that cannot be read.
pub(crate) async fn metrics_text(store: &SqliteStore, name: &EnvironmentName) -> Result<String, CliError> {
    let (records, open_runs, checkpoints, outbox, incidents) = tokio::join!(
        store.records(name, &TOLD),
        store.open_runs(name),
        store.checkpoints(name),
        store.outbox(name),
        Found::within(store, name),
    );
    let (outbox, incidents) = (outbox?, incidents?.all);
    let notices = |state: &str| outbox.iter().filter(|row| row.state == state).count();
    Ok(exposition(&Gauges {
        version: env!("CARGO_PKG_VERSION"),
        environment: name,
        stories: &stories(&records?),
        open_runs: open_runs?.len(),
        incidents: (incidents.len(), incidents.iter().filter(|incident| incident.is_open()).count()),
        last_good: last_known_good(&checkpoints?).map(|graded| graded.checkpoint.taken_at),
        notices: (notices("waiting"), notices("given_up")),
    }))
}

/// Writes a file whole, readable for those who scrape or publish it.
pub(super) fn write(setup: &Setup, path: &Path, text: &str) -> Result<(), CliError> {
    let path = setup.process.folder.join(path);
    durable::replace(&path, text.as_bytes(), 0o644)
        .map_err(|error| CliError::failed(format!("`{}` cannot be written: {error}", path.display())))
}
