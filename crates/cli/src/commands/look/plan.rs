//! `backout plan`: what a rollback would do.

use std::process::ExitCode;

use backout_core::plan::Plan;
use backout_core::policy::Refusal;
use backout_engine::{Prepared, prepare};
use serde::Serialize;

use super::onlooker::world;
use super::plan_text::{plan_text, refusal_lines};
use crate::args::{Global, PlanArgs};
use crate::commands::act::request;
use crate::error::{CliError, Exit};
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// The document. A plan may run when nothing refuses it.
#[derive(Serialize)]
struct PlanDocument<'a> {
    may_run: bool,
    plan: Option<&'a Plan>,
    refusals: &'a [Refusal],
}

/// Makes the plan of a rollback and prints it; changes nothing.
pub(crate) async fn plan(global: &Global, args: &PlanArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let request = request(&setup, args.target.as_deref(), &args.scope, &args.data).await?;
    let world = world(&setup)?;
    print_plan(&setup, prepare(&world, &request, &Default::default()).await?)
}

/// Prints what was prepared; ends with the exit code that running it would have been refused with.
pub(crate) fn print_plan(setup: &Setup, prepared: Prepared) -> Result<ExitCode, CliError> {
    let ui = setup.ui;
    let (plan, refusals) = match &prepared {
        Prepared::Plan(plan) => (Some(plan.as_ref()), plan.blocked_by.as_slice()),
        Prepared::Refused(refusals) => (None, refusals.as_slice()),
    };
    let may_run = refusals.is_empty();
    if ui.json {
        ui.document(&PlanDocument { may_run, plan, refusals })?;
    } else if let Some(plan) = plan {
        ui.data(&plan_text(plan));
        if may_run && !plan.steps.is_empty() {
            ui.say("\nnothing was changed; `backout rollback` with the same arguments does it");
        }
    } else {
        ui.data(&refusal_lines(refusals).join("\n"));
    }
    Ok(if may_run { ExitCode::SUCCESS } else { ExitCode::from(Exit::Refused as u8) })
}
