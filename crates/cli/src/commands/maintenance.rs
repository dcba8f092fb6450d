//! `backout maintenance on|off|status`: keeping users away while nothing works, and letting them in again.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::journal::MaintenanceOutcome;
use backout_core::maintenance::{KINDS, Mode, standing};
use backout_core::port::Store;
use backout_engine::{MaintenanceWish, maintain, maintenance_standing};

use crate::args::{Global, MaintenanceAction};
use crate::error::{CliError, Exit};
use crate::ui::{Narrator, Ui, ago};
use crate::wire::{Access, Session, Setup, interrupts};

/// Does one of them.
pub(crate) async fn maintenance(global: &Global, action: MaintenanceAction, ui: Ui) -> Result<ExitCode, CliError> {
    match action {
        MaintenanceAction::On { reason } => switch(global, true, reason, ui).await,
        MaintenanceAction::Off { reason } => switch(global, false, reason, ui).await,
        MaintenanceAction::Status => status(global, ui).await,
    }
}

async fn switch(global: &Global, on: bool, reason: Option<String>, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    if on && setup.environment.maintenance.barriers.is_empty() {
        let what = format!("nothing says how maintenance mode of `{}` is switched", setup.environment.name);
        return Err(CliError::usage(what)
            .hint("write `maintenance: { file: { create: PATH } }`, or another of its keys, into the configuration"));
    }
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let session = Session::begin(&setup, &world, "maintenance").await?;
    let wish = MaintenanceWish { on, by: setup.process.actor(), reason, is_automatic: false };
    let outcome = session.run(maintain(&world, session.lease(), &wish)).await;
    narrator.finish();
    session.finish().await;
    let outcome = outcome?;
    let to = if on { "on" } else { "off" };
    if ui.json {
        let standing = maintenance_standing(&world).await?;
        ui.document(&serde_json::json!({ "maintenance": standing, "outcome": outcome }))?;
    }
    match outcome {
        MaintenanceOutcome::Done { .. } => {
            ui.say(&format!("maintenance mode is {to}"));
            Ok(ExitCode::SUCCESS)
        }
        MaintenanceOutcome::Failed { .. } if ui.json => Ok(ExitCode::from(Exit::ChecksDoNotHold as u8)),
        MaintenanceOutcome::Failed { why, .. } => {
            let what = format!("maintenance mode could not be switched {to}: {}", why.join("; "));
            Err(CliError::new(Exit::ChecksDoNotHold, what)
                .hint(format!("see to that, then run it once more: `{}`", setup.typed(&format!("maintenance {to}")))))
        }
    }
}

async fn status(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let standing = standing(&setup.store.records(&setup.environment.name, &KINDS).await?);
    if ui.json {
        ui.document(&serde_json::json!({ "maintenance": standing }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let now = backout_core::port::Clock::now(&backout_engine::clock::SystemClock);
    let since = standing.since.map(|since| format!(" ({})", ago(since, now))).unwrap_or_default();
    ui.data(&format!("{}{since}", standing.in_words().unwrap_or_else(|| "maintenance mode is off".to_owned())));
    standing.notes.iter().for_each(|note| ui.data(&format!("  {note}")));
    if standing.mode == Mode::Partly {
        ui.say("run `backout maintenance on` or `off` once more to end in one of the two");
    }
    Ok(ExitCode::SUCCESS)
}
