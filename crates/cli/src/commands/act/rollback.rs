//! `backout rollback`: the same engine, started by a person.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use backout_core::id::RunId;
use backout_core::journal::{RunKind, RunStarted};
use backout_core::plan::{Plan, Request, StepClass};
use backout_engine::{Prepared, World, begin, notes, prepare};

use super::finish::{Ended, finish};
use super::request::request;
use crate::args::{Global, RollbackArgs};
use crate::commands::look::print_plan;
use crate::error::{CliError, Exit};
use crate::ui::{Narrator, Ui, typed};
use crate::wire::{Access, Session, Setup, interrupts};

/// Goes back.
pub(crate) async fn rollback(global: &Global, args: &RollbackArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, if args.dry_run { Access::Read } else { Access::Write })?;
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let request = request(&setup, args.target.as_deref(), &args.scope, &args.data).await?;
    if args.dry_run {
        let prepared = prepare(&world, &request, &Default::default()).await?;
        return print_plan(&setup, &world, &prepared).await;
    }
    if !agreed(&setup, &world, args, &request).await? {
        return Err(CliError::new(Exit::Refused, "not confirmed; nothing was changed"));
    }
    let session = Session::begin(&setup, &world, "rollback").await?;
    let run = RunId::mint(world.clock.now(), (world.salt)());
    let started = RunStarted {
        run: RunKind::Rollback,
        environment: setup.environment.name.clone(),
        actor: setup.process.actor(),
        reason: args.reason.clone(),
        request,
    };
    let result = session.run(begin(&world, session.lease(), run.clone(), started)).await;
    narrator.finish();
    let ended = Ended { setup: &setup, world: &world, run: &run, is_guard: false };
    let answer = finish(&ended, result, session.lease()).await;
    session.finish().await;
    answer
}

/// Shows the plan to a person at a terminal and asks; an irreversible step is confirmed by typing the environment's name.
async fn agreed(setup: &Setup, world: &World, args: &RollbackArgs, request: &Request) -> Result<bool, CliError> {
    if args.yes {
        return Ok(true);
    }
    let prepared = prepare(world, request, &Default::default()).await?;
    let Prepared::Plan(plan) = &prepared else { return Ok(true) };
    if !plan.blocked_by.is_empty() || plan.steps.is_empty() {
        // The run itself refuses, and leaves the record of it.
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage("nobody can be asked: standard input is no terminal")
            .hint("look at the plan: `backout plan`; then run it: `backout rollback --yes`"));
    }
    setup.ui.say(&crate::commands::look::plan_text(plan, &notes(world, plan).await));
    Ok(ask(setup, plan))
}

fn ask(setup: &Setup, plan: &Plan) -> bool {
    let name = setup.environment.name.as_str();
    let is_irreversible = plan.steps.iter().any(|step| step.class == StepClass::Irreversible);
    setup.ui.say(&if is_irreversible {
        format!("A step cannot be undone. Type the environment's name, `{name}`, to go on:")
    } else {
        "Go back? Type `yes` to go on:".to_owned()
    });
    let Some(line) = typed() else { return false };
    if is_irreversible { line == name } else { matches!(line.as_str(), "y" | "yes") }
}
