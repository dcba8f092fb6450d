//! The process that breaks a service for a drill. A drill starts it as it would a deploy command.

use std::process::ExitCode;
use std::time::Duration;

use backout_adapters::command::Command;
use backout_core::id::RunId;
use backout_core::journal::Break;
use backout_engine::{await_turn, break_service};

use crate::args::{BreakArgs, Global};
use crate::commands::look::world;
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// How long the configured command may take.
const BREAKS_WITHIN: Duration = Duration::from_secs(60);

/// Breaks what the run says, once the run says that this process does.
pub(crate) async fn break_on_purpose(global: &Global, args: &BreakArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let run = RunId::new(&args.run).map_err(|error| CliError::usage(error.to_string()))?;
    let world = world(&setup)?;
    let (drill, checkpoint) = await_turn(&world, &run, setup.process.pid).await?;
    let done = match drill.how {
        Break::Errors => by_command(&setup).await?,
        Break::Image | Break::Crash | Break::Config => break_service(&world, &drill, &checkpoint).await?,
    };
    ui.say(&done);
    Ok(ExitCode::SUCCESS)
}

async fn by_command(setup: &Setup) -> Result<String, CliError> {
    let policy = setup.environment.drill.as_ref();
    let breaks = policy.and_then(|policy| policy.command.as_ref()).map(|(breaks, _)| breaks.as_slice());
    let Some((program, arguments)) = breaks.and_then(<[String]>::split_first) else {
        return Err(CliError::usage("there is no command that breaks the service"));
    };
    let command = Command::new(program, &setup.process.variables).args(arguments).folder(setup.found.folder());
    command.clone().limit(BREAKS_WITHIN).run().await.map_err(|error| CliError::failed(error.to_string()))?;
    Ok(format!("`{command}` has ended well"))
}
