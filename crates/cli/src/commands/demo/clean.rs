//! Ending what the demo started: each process by its own id, whatever state the demo was left in.

use std::time::Duration;

use backout_adapters::command::{ProcessId, terminate_group};
use backout_core::id::ServiceName;
use backout_core::journal::{Body, Record};
use backout_core::port::{Clock, Platform, Store};
use backout_engine::clock::SystemClock;

use super::stage::SERVICE;
use crate::args::Global;
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup, host_platform};

/// How long each process may take to stop.
const GRACE: Duration = Duration::from_secs(1);
/// A service that was being started when the demo was interrupted shows within this time.
const SHOWS_WITHIN: Duration = Duration::from_millis(300);

/// Ends the deploy commands, the dead-man's switches and the service of the stage.
pub(super) async fn clean(global: &Global, ui: Ui) -> Result<(), CliError> {
    let setup = Setup::open(global, Ui { quiet: true, ..ui }, Access::Read)?;
    let mut is_interrupted = false;
    for run in setup.store.runs(&setup.environment.name).await? {
        is_interrupted |= run.ending.is_none();
        let records = setup.store.run(&run.id).await?;
        for process in deploys_of(&records).chain(switch_of(&records)) {
            terminate_group(process, GRACE).await;
        }
    }
    stop_service(&setup).await?;
    if is_interrupted {
        SystemClock.sleep(SHOWS_WITHIN).await;
        stop_service(&setup).await?;
    }
    Ok(())
}

async fn stop_service(setup: &Setup) -> Result<(), CliError> {
    let name = ServiceName::new(SERVICE).map_err(|error| CliError::failed(error.to_string()))?;
    let grace_ms = u64::try_from(GRACE.as_millis()).unwrap_or(u64::MAX);
    Ok(host_platform(setup).stop(&name, grace_ms).await?)
}

fn deploys_of(records: &[Record]) -> impl Iterator<Item = ProcessId> {
    records.iter().filter_map(|record| match record.body {
        Body::DeploySpawned { pid, started_ticks } => Some(ProcessId { pid, started_ticks }),
        _ => None,
    })
}

/// The dead-man's switches of a run that are alive. Their records have no start time, so what has such an id must also have
/// the run's name among its arguments.
pub(super) fn switch_of(records: &[Record]) -> impl Iterator<Item = ProcessId> {
    records.iter().filter_map(|record| match (&record.body, &record.run) {
        (Body::Armed { pid }, Some(run)) => {
            let process = ProcessId::current(*pid)?;
            let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let mut arguments = arguments.split(|byte| *byte == 0);
            arguments.any(|argument| argument == run.as_str().as_bytes()).then_some(process)
        }
        _ => None,
    })
}
