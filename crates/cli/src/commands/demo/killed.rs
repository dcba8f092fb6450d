//! The guard that is killed: a process of its own, ended with `kill -9` half-way through the way back, and its dead-man's
//! switch with it, as when the machine loses power.

use std::time::Duration;

use backout_adapters::command::{Command, ProcessId, is_alive, spawn_inherited};
use backout_core::journal::{Body, Record};
use backout_core::port::{Clock, Store};
use backout_engine::clock::SystemClock;
use rustix::process::{Pid, Signal, kill_process};

use super::clean::switch_of;
use crate::args::Global;
use crate::error::CliError;
use crate::ui::{Paint, Ui, span};
use crate::wire::{Access, Setup};

/// How long the guard may take to be half-way back.
const LIMIT: Duration = Duration::from_secs(25);
/// Time between two looks at its journal.
const PAUSE: Duration = Duration::from_millis(5);

/// Guards a deploy in a process of its own, and kills that in the middle of the way back. Returns when its lease has expired.
pub(super) async fn guard_that_is_killed(global: &Global, deploy: &[String], ui: Ui) -> Result<(), CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let mut guard = Command::new(&setup.process.program, &setup.process.variables).args(setup.options());
    if ui.quiet {
        guard = guard.arg("--quiet");
    }
    let guard = guard.args(["guard", "--reason", "backout demo", "--"]).args(deploy);
    let mut guarding = spawn_inherited(&guard).map_err(|error| CliError::failed(error.to_string()))?;
    let mut killer = Killer(Some(guarding.id()));
    let records = half_way(&setup, guarding.id()).await?;
    for switch in switch_of(&records) {
        kill(switch);
    }
    killer.kill();
    // Nobody else collects what is left of it.
    let _ = guarding.wait().await;
    ui.say(&Paint::error(
        "kill -9: the guarding process and its dead-man's switch are gone, in the middle of the way back",
    ));
    lease_expired(&setup, ui).await
}

/// Kills the guard, at the latest when the demo is interrupted.
struct Killer(Option<ProcessId>);

impl Killer {
    fn kill(&mut self) {
        if let Some(process) = self.0.take() {
            kill(process);
        }
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn kill(process: ProcessId) {
    let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid.filter(|_| is_alive(process)) {
        // One that has ended by itself meanwhile is gone either way.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Waits until a step that changes something has begun.
async fn half_way(setup: &Setup, guard: ProcessId) -> Result<Vec<Record>, CliError> {
    let deadline = SystemClock.now() + LIMIT;
    loop {
        if let Some(run) = setup.store.open_runs(&setup.environment.name).await?.pop() {
            let records = setup.store.run(&run.id).await?;
            if is_half_way(&records) {
                return Ok(records);
            }
        }
        if !is_alive(guard) || SystemClock.now() >= deadline {
            return Err(CliError::failed("the demo did not play as it should: the guard was not seen on its way back"));
        }
        SystemClock.sleep(PAUSE).await;
    }
}

fn is_half_way(records: &[Record]) -> bool {
    let plan = records.iter().find_map(|record| match &record.body {
        Body::PlanMade { plan } => Some(plan),
        _ => None,
    });
    let changes = |record: &Record| match &record.body {
        Body::StepIntended { step, .. } => {
            plan.and_then(|plan| plan.step(*step)).is_some_and(|step| !step.action.is_read_only())
        }
        _ => false,
    };
    records.iter().any(changes)
}

async fn lease_expired(setup: &Setup, ui: Ui) -> Result<(), CliError> {
    let Some(holder) = setup.store.holder(&setup.environment.name).await? else { return Ok(()) };
    let left = Duration::try_from(holder.until.duration_since(SystemClock.now())).unwrap_or_default();
    ui.say(&format!("its lease lasts {} longer; then anybody may go on", span(left)));
    SystemClock.sleep(left + PAUSE).await;
    Ok(())
}
