//! What every run ends with: letting go of old checkpoints, the times, and the exit code.

use std::process::ExitCode;

use backout_core::id::RunId;
use backout_core::inventory::older_good;
use backout_core::journal::{Body, Record, RunResult};
use backout_core::maintenance::Mode;
use backout_core::port::{Lease, Store};
use backout_core::report::{Times, times};
use backout_engine::{World, maintenance_standing, prune, prune_backups, remove_strays};
use serde::Serialize;

use super::left::{Left, left};
use crate::commands::incident::{of_run, write_drafts};
use crate::commands::prove::asked_of_people;
use crate::error::CliError;
use crate::ui::Paint;
use crate::wire::Setup;

/// A run that has come to its end in this process.
pub(crate) struct Ended<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) world: &'a World,
    pub(crate) run: &'a RunId,
    pub(crate) is_guard: bool,
    /// Whether containers that are left over are removed once the environment has verifiably gone back.
    pub(crate) removes: bool,
}

#[derive(Serialize)]
struct Outcome<'a> {
    run: &'a RunId,
    result: RunResult,
    exit: u8,
    times: Times,
    records: &'a [Record],
    left: &'a Left,
}

/// Tidies up and says how it ended. Tidying never changes how it ended.
pub(crate) async fn finish(
    ended: &Ended<'_>,
    result: Result<RunResult, CliError>,
    lease: &Lease,
) -> Result<ExitCode, CliError> {
    let ui = ended.setup.ui;
    let result = result.map_err(|error| {
        error.hint(format!("the record so far: `{}`", ended.setup.typed(&format!("show {}", ended.run))))
    })?;
    if result == RunResult::Kept || result == RunResult::KeptUnproven {
        let keep = ended.setup.environment.policy.keep_checkpoints;
        if let Err(error) = prune(ended.world, lease, keep).await {
            ui.warn(&format!("old checkpoints could not all be let go of: {error}"));
        }
        if let Err(error) = prune_backups(ended.world, lease, None).await {
            ui.warn(&format!("old restore points could not all be removed: {error}"));
        }
    }
    let is_refuted = asked_of_people(ended.setup, ended.world, lease, ended.run, result).await?;
    write_drafts(ended.setup).await;
    let records = ended.setup.store.run(ended.run).await?;
    let exit = if is_refuted { RunResult::NotVerified } else { result }.exit_code(ended.is_guard);
    let times = times(&records);
    let left = left_after(ended, &records, result, lease).await?;
    if ui.json {
        ui.document(&Outcome { run: ended.run, result, exit, times, records: &records, left: &left })?;
    } else {
        for line in times_text(&times) {
            ui.say(&line);
        }
        if result == RunResult::NotVerified {
            for offer in offers(ended, &records).await? {
                ui.say(&format!("{} {offer}", Paint::hint("hint:")));
            }
        }
        left.sentences(true).iter().for_each(|sentence| ui.warn(sentence));
        let show = ended.setup.typed(&format!("show {}", ended.run));
        ui.say(&format!("{} {show}", Paint::faint("the record:")));
        if let Some(incident) = of_run(ended.setup, ended.run).await {
            let show = ended.setup.typed(&format!("incident show {}", incident.id));
            ui.say(&format!("{} {show}", Paint::faint("the incident:")));
        }
    }
    Ok(ExitCode::from(exit))
}

/// What is left of what the last plan did not take back; nothing where none was followed to its end. What shall be removed is
/// removed first, and only after a way back that is verified: else it may be needed yet.
async fn left_after(ended: &Ended<'_>, records: &[Record], result: RunResult, lease: &Lease) -> Result<Left, CliError> {
    let plan = records.iter().rev().find_map(|record| match &record.body {
        Body::PlanMade { plan } => Some(plan),
        _ => None,
    });
    let went_back = matches!(result, RunResult::RolledBack | RunResult::NotVerified);
    let Some(plan) = plan.filter(|_| went_back) else { return Ok(Left::default()) };
    let found = left(ended.setup, ended.world, plan).await;
    if !ended.removes || result != RunResult::RolledBack || found.strays.is_empty() {
        return Ok(found);
    }
    let by = ended.setup.process.actor();
    for failure in remove_strays(ended.world, lease, (ended.run, &by), &found.strays).await? {
        ended.setup.ui.warn(&failure);
    }
    Ok(left(ended.setup, ended.world, plan).await)
}

/// What a person can do where the way back is not verified: an older good checkpoint, and maintenance mode.
async fn offers(ended: &Ended<'_>, records: &[Record]) -> Result<Vec<String>, CliError> {
    let setup = ended.setup;
    let checkpoints = setup.store.checkpoints(&setup.environment.name).await?;
    let tried = records.iter().rev().find_map(|record| match &record.body {
        Body::PlanMade { plan } => Some(&plan.target),
        _ => None,
    });
    let older = tried.and_then(|tried| older_good(&checkpoints, tried)).map(|older| {
        let id = &older.checkpoint.id;
        format!("an older good checkpoint can be tried: `{}`", setup.typed(&format!("rollback {id}")))
    });
    let is_off = maintenance_standing(ended.world).await?.mode == Mode::Off;
    let page = (is_off && !ended.world.barriers.is_empty())
        .then(|| format!("users can be kept away meanwhile: `{}`", setup.typed("maintenance on")));
    Ok(older.into_iter().chain(page).collect())
}

/// How long the environment is observed after it went back, in milliseconds.
pub(super) fn observe_ms(setup: &Setup, not_at_all: bool) -> u64 {
    let configured = setup.environment.verify.observe.as_millis();
    if not_at_all { 0 } else { u64::try_from(configured).unwrap_or(u64::MAX) }
}

/// The times that people ask for first.
pub(crate) fn times_text(times: &Times) -> Vec<String> {
    let line = |what: &str, ms: Option<i64>| ms.map(|ms| format!("{} {ms} ms", Paint::faint(what)));
    [
        line("first bad signal to decision:", times.to_decide_ms),
        line("decision to verified:", times.to_go_back_ms),
        line("of that after the last step:", times.verifying_ms),
        line("first bad signal to verified:", times.to_recover_ms),
    ]
    .into_iter()
    .flatten()
    .collect()
}
