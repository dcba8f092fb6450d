//! `backout verify`: runs the checks.

use std::process::ExitCode;
use std::time::Duration;

use backout_core::inventory::Fact;
use backout_core::policy::{Check, Verdict};
use backout_core::report::check_text;
use backout_engine::{
    World, advice, ask_all, log_checks, manual_checks, said_checks, signal_checks, smoke_checks, survey,
};
use serde::Serialize;

use super::answer;
use crate::args::{Global, VerifyArgs};
use crate::commands::look::world;
use crate::error::{CliError, Exit};
use crate::ui::{Paint, Ui, count};
use crate::wire::Setup;

#[derive(Serialize)]
struct Verification<'a> {
    holds: bool,
    checks: &'a [Check],
    facts: &'a [Fact],
}

/// How far back output counts where nothing was taken back yet.
const LOOKS_BACK: Duration = Duration::from_secs(300);

/// Runs every check once, or records what a person answers.
pub(crate) async fn verify(global: &Global, args: &VerifyArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, answer::access(&args.answer))?;
    if !args.answer.is_empty() {
        let all_hold = answer::record(&setup, &answer::world(&setup)?, &args.answer).await?;
        return Ok(exit(all_hold));
    }
    let world = world(&setup)?;
    let (mut survey, signals) = tokio::join!(survey(&world), ask_all(&world));
    survey.checks.extend(signal_checks(&world, &signals));
    survey.checks.extend(advice(&world, &survey.samples));
    let checkpoints = setup.store.checkpoints(&setup.environment.name).await?;
    survey.checks.extend(said_checks(&world, &survey.facts, &checkpoints).await);
    survey.checks.extend(of_proof(&setup, &world).await?);
    let failing = survey.checks.iter().filter(|check| check.blocks()).count();
    let undecided = survey.checks.iter().filter(|check| is_undecided(check)).count();
    let holds = failing == 0;
    if ui.json {
        ui.document(&Verification { holds, checks: &survey.checks, facts: &survey.facts })?;
    } else {
        survey.checks.iter().for_each(|check| ui.data(&line(check)));
        ui.say(&summary(failing, undecided, survey.checks.len()));
    }
    Ok(exit(holds))
}

/// What is checked after a rollback, as of the newest one. Manual checks are open only where there was one.
async fn of_proof(setup: &Setup, world: &World) -> Result<Vec<Check>, CliError> {
    let proof = answer::newest(setup, &setup.environment.name).await?;
    let (mut logs, answers) = proof.map(|proof| (proof.logs, Some(proof.answers))).unwrap_or_default();
    logs.planned_at.get_or_insert_with(|| world.clock.now() - LOOKS_BACK);
    let mut checks = smoke_checks(world).await;
    checks.extend(log_checks(world, &logs).await);
    checks.extend(answers.into_iter().flat_map(|answers| manual_checks(world, &answers)));
    Ok(checks)
}

fn exit(holds: bool) -> ExitCode {
    if holds { ExitCode::SUCCESS } else { ExitCode::from(Exit::ChecksDoNotHold as u8) }
}

fn is_undecided(check: &Check) -> bool {
    matches!(check.verdict, Verdict::Inconclusive | Verdict::Unmeasurable)
}

fn line(check: &Check) -> String {
    let text = check_text(check);
    if check.blocks() { Paint::error(&text) } else { text }
}

fn summary(failing: usize, undecided: usize, all: usize) -> String {
    match (failing, undecided) {
        (0, 0) => format!("{} hold", count(all, "check")),
        (0, some) => format!("no check fails; {some} of {all} could not be decided"),
        (some, _) => format!("{some} of {} do not hold", count(all, "check")),
    }
}
