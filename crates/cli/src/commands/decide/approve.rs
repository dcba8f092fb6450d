//! `backout approve`: a person agrees to the plan of a run that waits, or does not.

use std::process::ExitCode;

use backout_adapters::command::Redactor;
use backout_core::policy::{Approval, agreed, people};
use backout_core::port::Store;
use backout_core::run::Run;
use backout_engine::asked;
use backout_engine::store::RunSummary;
use serde::Serialize;

use crate::args::{ApproveArgs, Global};
use crate::commands::act::open_run;
use crate::commands::planted;
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// The document.
#[derive(Serialize)]
struct Said<'a> {
    run: &'a str,
    agrees: bool,
    agreed: Vec<String>,
    needed: u32,
}

/// Records what a person says. Needs no lease: the run that waits has it.
pub(crate) async fn approve(global: &Global, args: &ApproveArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let by = args.name.trim().to_owned();
    if by.is_empty() {
        return Err(CliError::usage("an empty name agrees to nothing").hint("`backout approve RUN --as NAME`"));
    }
    let run = open_run(&setup, args.run.as_deref()).await?;
    let machine = waiting(&setup, &run).await?;
    let state = machine.state();
    let asked = asked(state, &run.id).ok_or_else(|| not_waiting(&run))?;
    let name = &setup.environment.name;
    let before = setup.store.records(name, &["approved"]).await?;
    let known = agreed(&before, &asked);
    let with_this = people(known.iter().map(String::as_str).chain([by.as_str()]), asked.starter);
    if !args.decline && with_this.len() == known.len() {
        ui.warn(&format!("{by} has agreed already, and counts once"));
    }
    let redactor = Redactor::new(planted(&setup.process));
    let reason = args.reason.as_deref().map(|reason| redactor.apply(reason));
    let (plan, from, agrees) = (asked.plan.clone(), setup.process.actor(), !args.decline);
    setup.store.agree(name, &run.id, Approval { plan, by: by.clone(), from, agrees, reason }).await?;
    let after = agreed(&setup.store.records(name, &["approved"]).await?, &asked);
    let (run, people, needed) = (run.id.as_str(), after.into_iter().collect::<Vec<_>>(), asked.needed.people);
    if ui.json {
        ui.document(&Said { run, agrees, agreed: people, needed })?;
    } else if agrees {
        ui.data(&format!("{by} agrees to {run}: {} of {needed} ({})", people.len(), people.join(", ")));
    } else {
        ui.data(&format!("{by} does not agree to {run}: it ends"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The run as its records have it, where it waits for people.
async fn waiting(setup: &Setup, run: &RunSummary) -> Result<Run, CliError> {
    let machine = Run::replay(&setup.store.run(&run.id).await?).map_err(backout_engine::EngineError::from)?;
    if machine.state().waits_for_people_until().is_none() {
        return Err(not_waiting(run));
    }
    Ok(machine)
}

fn not_waiting(run: &RunSummary) -> CliError {
    CliError::usage(format!("run {} does not wait for anybody to agree", run.id))
        .hint(format!("see what it does: `backout show {}`", run.id))
}
