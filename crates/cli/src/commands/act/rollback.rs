//! `backout rollback`: the same engine, started by a person.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::id::RunId;
use backout_core::journal::{RunKind, RunStarted};
use backout_engine::{begin, prepare};

use super::agree::agreed;
use super::finish::{Ended, finish, observe_ms};
use super::plan_file::PlanFile;
use super::request::request;
use crate::args::{Global, RollbackArgs};
use crate::commands::decide::{circumstances, severe};
use crate::commands::look::print_plan;
use crate::error::CliError;
use crate::ui::{Narrator, Ui};
use crate::wire::{Access, Session, Setup, interrupts};

/// Goes back.
pub(crate) async fn rollback(global: &Global, args: &RollbackArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, if args.dry_run { Access::Read } else { Access::Write })?;
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let file = args.plan.as_deref().map(|path| PlanFile::read(&setup, path)).transpose()?;
    let request = match &file {
        Some(file) => file.request(&args.data.approved_by),
        None => request(&setup, args.target.as_deref(), &args.scope, &args.data).await?,
    };
    if args.dry_run {
        let prepared = prepare(&world, &request, &Default::default()).await?;
        return print_plan(&setup, &world, &prepared).await;
    }
    let agreed = match &file {
        Some(file) => Some(file.agreed()),
        None if args.yes => None,
        None => agreed(&setup, &world, &request).await?,
    };
    let told = severe(circumstances(&args.told)?, &setup.environment, world.clock.now());
    let session = Session::begin(&setup, &world, "rollback").await?;
    let run = RunId::mint(world.clock.now(), (world.salt)());
    let started = RunStarted {
        run: RunKind::Rollback,
        environment: setup.environment.name.clone(),
        actor: setup.process.actor(),
        reason: args.reason.clone(),
        request,
        agreed: agreed.map(Box::new),
        circumstances: Box::new(told),
        observe_ms: observe_ms(&setup, args.no_observe),
    };
    let result = session.run(begin(&world, session.lease(), run.clone(), started)).await;
    narrator.finish();
    let ended = Ended { setup: &setup, world: &world, run: &run, is_guard: false, removes: args.remove_orphans };
    let answer = finish(&ended, result, session.lease()).await;
    session.finish().await;
    answer
}
