//! The dead-man's switch: waits until the guarding process stops renewing its lease, and then goes on with its run.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use backout_core::id::RunId;
use backout_engine::{Interrupt, StandBy, Successor, take_over};

use crate::args::{DeadManArgs, Global};
use crate::commands::incident::write_drafts;
use crate::error::CliError;
use crate::ui::{Narrator, Ui};
use crate::wire::{Access, Setup, Telling};

/// Time between two looks whether the guarding process is still there.
const POLL: Duration = Duration::from_millis(500);

/// How long those who are told are waited for; nobody waits for this process.
const PARTING: Duration = Duration::from_secs(60);

/// Stands by for one run.
pub(crate) async fn dead_man(global: &Global, args: &DeadManArgs, ui: Ui) -> Result<ExitCode, CliError> {
    // Fails for the leader of a process group, which already has no terminal to be hung up by.
    let _ = rustix::process::setsid();
    let setup = Setup::open(global, ui, Access::Write)?;
    let run = RunId::new(&args.run).map_err(|error| CliError::usage(error.to_string()))?;
    // Nothing interrupts it: it is there for when everything else was.
    let (_never, interrupt) = tokio::sync::watch::channel(Interrupt::None);
    let world = setup.world(None, Arc::new(Narrator::new(ui)), interrupt)?;
    let holder = format!("the dead-man's switch of {}, process {}", setup.process.actor(), setup.process.pid);
    let by = Successor { holder, pid: setup.process.pid, ttl: setup.environment.guard.dead_man };
    let telling = Telling::begin_with_next_record(&setup).await;
    match take_over(&world, &run, &by, POLL).await? {
        StandBy::RunEnded => Ok(ExitCode::SUCCESS),
        StandBy::TookOver(result) => {
            write_drafts(&setup).await;
            if let Some(telling) = telling {
                telling.finish(PARTING).await;
            }
            Ok(ExitCode::from(result.exit_code(true)))
        }
    }
}
