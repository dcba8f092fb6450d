//! `backout guard -- COMMAND`: the main job.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::Command;
use backout_core::id::RunId;
use backout_core::journal::{RunKind, RunStarted};
use backout_core::plan::Request;
use backout_core::policy::Circumstances;
use backout_engine::begin;

use super::confirm::confirmed;
use super::finish::{Ended, finish, observe_ms};
use super::request::refusal_names;
use crate::args::{Global, GuardArgs};
use crate::commands::decide::circumstances;
use crate::error::CliError;
use crate::ui::{Narrator, Ui};
use crate::wire::{Access, Session, Setup, interrupts};

/// Guards one deploy.
pub(crate) async fn guard(global: &Global, args: &GuardArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let mut setup = Setup::open(global, ui, Access::Write)?;
    if let Some(soak) = &args.soak {
        let environment = Arc::make_mut(&mut setup.environment);
        environment.guard.soak = duration(soak)?;
    }
    let narrator = Arc::new(Narrator::new(ui));
    let deploy = deploy_command(&setup, &args.command)?;
    let confirmed = confirmed(&setup, &args.confirm)?;
    let shown = deploy.to_string();
    let world = setup.world(Some(deploy), narrator.clone(), interrupts()?)?;
    let session = Session::begin(&setup, &world, "guard").await?;
    let run = RunId::mint(world.clock.now(), (world.salt)());
    let started = RunStarted {
        run: RunKind::Guard { command: vec![shown] },
        environment: setup.environment.name.clone(),
        actor: setup.process.actor(),
        reason: args.reason.clone(),
        request: Request { forced: refusal_names(&args.force)?, ..Request::automatic() },
        agreed: None,
        circumstances: Box::new(Circumstances {
            committed_at: args.committed_at,
            confirmed,
            ..circumstances(&args.told)?
        }),
        observe_ms: observe_ms(&setup, args.no_observe),
    };
    let result = session.run(begin(&world, session.lease(), run.clone(), started)).await;
    narrator.finish();
    let ended = Ended { setup: &setup, world: &world, run: &run, is_guard: true, removes: false };
    let answer = finish(&ended, result, session.lease()).await;
    session.finish().await;
    answer
}

/// The deploy command as a value: it sees the environment that we were given, and runs where we were started.
fn deploy_command(setup: &Setup, command: &[String]) -> Result<Command, CliError> {
    let Some((program, args)) = command.split_first() else {
        return Err(CliError::usage("there is no deploy command").hint("`backout guard -- docker compose up -d`"));
    };
    let value = Command::new(program, &setup.process.variables).args(args).folder(&setup.process.folder);
    Ok(value.secrets(super::secrets::planted(&setup.process)))
}

pub(super) fn duration(text: &str) -> Result<Duration, CliError> {
    let span: jiff::SignedDuration = text.parse().map_err(|_| {
        CliError::usage(format!("`{text}` is not a duration")).hint("write it as `500ms`, `30s`, `5m` or `1h30m`")
    })?;
    Duration::try_from(span).map_err(|_| CliError::usage(format!("`{text}` is not a duration that can be waited")))
}
