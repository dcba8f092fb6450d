//! `backout verify`: runs the checks.

use std::process::ExitCode;

use backout_core::inventory::Fact;
use backout_core::policy::{Check, Verdict};
use backout_core::report::check_text;
use backout_engine::{ask_all, signal_checks, survey};
use serde::Serialize;

use super::onlooker::world;
use crate::args::Global;
use crate::error::{CliError, Exit};
use crate::ui::{Paint, Ui, count};
use crate::wire::{Access, Setup};

#[derive(Serialize)]
struct Verification<'a> {
    holds: bool,
    checks: &'a [Check],
    facts: &'a [Fact],
}

/// Runs every check once.
pub(crate) async fn verify(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let world = world(&setup)?;
    let (mut survey, signals) = tokio::join!(survey(&world), ask_all(&world));
    survey.checks.extend(signal_checks(&world, &signals));
    let failing = survey.checks.iter().filter(|check| check.blocks()).count();
    let undecided = survey.checks.iter().filter(|check| is_undecided(check)).count();
    let holds = failing == 0;
    if ui.json {
        ui.document(&Verification { holds, checks: &survey.checks, facts: &survey.facts })?;
    } else {
        survey.checks.iter().for_each(|check| ui.data(&line(check)));
        ui.say(&summary(failing, undecided, survey.checks.len()));
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(Exit::ChecksDoNotHold as u8) })
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
