//! `backout resume`, `backout abort`, and the switch that stands by: going on with a run that another process began.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::id::RunId;
use backout_core::journal::{Body, RunKind, RunResult};
use backout_core::port::Store;
use backout_engine::World;
use backout_engine::store::{Lookup, RunSummary};

use super::finish::{Ended, finish};
use crate::args::Global;
use crate::error::CliError;
use crate::ui::{Narrator, Ui};
use crate::wire::{Access, Session, Setup, interrupts};

/// Goes on with an interrupted run.
pub(crate) async fn resume(global: &Global, typed: Option<&str>, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let run = open_run(&setup, typed).await?;
    let narrator = Arc::new(Narrator::new(ui));
    narrator.catch_up(&setup.store.run(&run.id).await?);
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let session = Session::begin(&setup, &world, "resume").await?;
    let by = setup.process.actor();
    let resumed = backout_engine::resume(&world, session.lease(), run.id.clone(), by, setup.process.pid);
    let result = session.run(resumed).await;
    narrator.finish();
    let is_guard = matches!(run.kind, RunKind::Guard { .. });
    let ended = Ended { setup: &setup, world: &world, run: &run.id, is_guard, removes: false };
    let answer = finish(&ended, result, session.lease()).await;
    session.finish().await;
    answer
}

/// Ends a run that nobody goes on with. What runs stays as it is, but for what a drill broke.
pub(crate) async fn abort(global: &Global, typed: Option<&str>, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let run = open_run(&setup, typed).await?;
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator, interrupts()?)?;
    let session = Session::begin(&setup, &world, "abort").await?;
    if matches!(run.kind, RunKind::Drill(_)) {
        return abort_drill((&setup, &world, session), &run).await;
    }
    let summary = "aborted by a person; what runs was left as it is".to_owned();
    let bodies =
        [Body::AbortRequested { by: setup.process.actor() }, Body::RunEnded { result: RunResult::Aborted, summary }];
    for body in &bodies {
        let record = world.store.append(session.lease(), Some(&run.id), body).await?;
        world.watcher.recorded(&record);
    }
    session.finish().await;
    ui.say(&format!("run {} is ended; see what runs: `backout status`", run.id));
    Ok(ExitCode::SUCCESS)
}

/// Ends a drill that nobody goes on with: what it broke is put back first.
async fn abort_drill(
    (setup, world, session): (&Setup, &World, Session),
    run: &RunSummary,
) -> Result<ExitCode, CliError> {
    let by = setup.process.actor();
    let wish = Body::AbortRequested { by: by.clone() };
    let record = world.store.append(session.lease(), Some(&run.id), &wish).await?;
    world.watcher.recorded(&record);
    let resumed = backout_engine::resume(world, session.lease(), run.id.clone(), by, setup.process.pid);
    let result = session.run(resumed).await;
    let ended = Ended { setup, world, run: &run.id, is_guard: false, removes: false };
    let answer = finish(&ended, result, session.lease()).await;
    session.finish().await;
    answer
}

/// The run named, or the newest open one.
pub(in crate::commands) async fn open_run(setup: &Setup, typed: Option<&str>) -> Result<RunSummary, CliError> {
    let name = &setup.environment.name;
    let Some(typed) = typed else {
        let newest = setup.store.open_runs(name).await?.pop();
        return newest.ok_or_else(|| {
            CliError::usage(format!("no run of `{name}` is open")).hint("see past runs: `backout history`")
        });
    };
    match setup.store.find_run(typed).await? {
        Lookup::One(run) if run.ending.is_none() => Ok(run),
        Lookup::One(run) => {
            Err(CliError::usage(format!("run {} has ended", run.id))
                .hint(format!("see how: `backout show {}`", run.id)))
        }
        Lookup::NotFound => {
            Err(CliError::usage(format!("there is no run `{typed}`")).hint("see past runs: `backout history`"))
        }
        Lookup::Several(all) => {
            let ids: Vec<&RunId> = all.iter().map(|run| &run.id).collect();
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            Err(CliError::usage(format!("`{typed}` stands for several runs: {}", ids.join(", ")))
                .hint("type more of it"))
        }
    }
}
