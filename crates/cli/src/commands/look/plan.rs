//! `backout plan`: what a rollback would do.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use backout_core::id::ServiceName;
use backout_core::plan::Plan;
use backout_core::policy::{Refusal, RefusalName};
use backout_core::report::agreed_for;
use backout_engine::{Prepared, World, notes, prepare};
use serde::Serialize;

use super::onlooker::world;
use super::plan_text::{plan_text, refusal_lines};
use crate::args::{Global, PlanArgs};
use crate::commands::act::{Left, left, request, write_plan};
use crate::error::{CliError, Exit};
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// The document. A plan may run when nothing refuses it.
#[derive(Serialize)]
struct PlanDocument<'a> {
    may_run: bool,
    plan: Option<&'a Plan>,
    /// How long going back may take, in milliseconds, by what was agreed for so much.
    agreed_ms: Option<u64>,
    /// What is worth knowing before it runs, by service.
    notes: &'a BTreeMap<ServiceName, Vec<String>>,
    refusals: &'a [Refusal],
    /// What going back leaves as it is.
    left: &'a Left,
}

/// Makes the plan of a rollback and prints it; changes nothing.
pub(crate) async fn plan(global: &Global, args: &PlanArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let request = request(&setup, args.target.as_deref(), &args.scope, &args.data).await?;
    let world = world(&setup)?;
    let prepared = prepare(&world, &request, &Default::default()).await?;
    let code = print_plan(&setup, &world, &prepared).await?;
    if let Some(path) = &args.out {
        write(&setup, path, &prepared)?;
    }
    Ok(code)
}

/// Writes a plan that may run, or that lacks nothing but somebody's approval, which may come later.
fn write(setup: &Setup, path: &Path, prepared: &Prepared) -> Result<(), CliError> {
    let shown = path.display();
    let is_approvable =
        |plan: &Plan| plan.blocked_by.iter().all(|refusal| refusal.name == RefusalName::ApprovalMissing);
    match prepared {
        Prepared::Plan(plan) if is_approvable(plan) && !plan.steps.is_empty() => {
            write_plan(setup, path, plan)?;
            setup
                .ui
                .say(&format!("wrote the plan to `{shown}`; `backout rollback --plan {shown}` runs exactly that one"));
        }
        Prepared::Plan(_) | Prepared::Refused(_) => {
            setup.ui.say(&format!("`{shown}` was not written: there is no plan that could run"));
        }
    }
    Ok(())
}

/// Prints what was prepared; ends with the exit code that running it would have been refused with.
pub(crate) async fn print_plan(setup: &Setup, world: &World, prepared: &Prepared) -> Result<ExitCode, CliError> {
    let ui = setup.ui;
    let (plan, refusals) = match prepared {
        Prepared::Plan(plan) => (Some(plan.as_ref()), plan.blocked_by.as_slice()),
        Prepared::Refused(refusals) => (None, refusals.as_slice()),
    };
    let may_run = refusals.is_empty();
    let (notes, left) = match plan {
        Some(plan) => (notes(world, plan).await, left(setup, world, plan).await),
        None => (BTreeMap::new(), Left::default()),
    };
    let agreed = plan.and_then(|plan| agreed_for(plan, &setup.environment.objectives));
    if ui.json {
        let agreed_ms = agreed.and_then(|agreed| u64::try_from(agreed.as_millis()).ok());
        ui.document(&PlanDocument { may_run, plan, agreed_ms, notes: &notes, refusals, left: &left })?;
    } else if let Some(plan) = plan {
        ui.data(&plan_text(plan, agreed, &notes));
        left.lines().iter().for_each(|line| ui.data(line));
        if may_run && !plan.steps.is_empty() {
            ui.say("\nnothing was changed; `backout rollback` with the same arguments does it");
        }
    } else {
        ui.data(&refusal_lines(refusals).join("\n"));
    }
    Ok(if may_run { ExitCode::SUCCESS } else { ExitCode::from(Exit::Refused as u8) })
}
