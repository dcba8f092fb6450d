//! Checks that only a person can make: asked at the terminal once the rest holds, or answered later.

use std::io::IsTerminal;

use backout_core::id::{EnvironmentName, RunId};
use backout_core::journal::{Answer, Body, LogsSince, Record, RunResult};
use backout_core::port::{Lease, Store};
use backout_engine::World;

use crate::error::CliError;
use crate::ui::{Ui, typed};
use crate::wire::{Access, Session, Setup, interrupts};

/// The newest way back that was verified, and what people answered about it.
pub(super) struct Proof {
    pub(super) run: RunId,
    /// The answers, the newest last.
    pub(super) answers: Vec<Answer>,
    /// From where it counts what is logged.
    pub(super) logs: LogsSince,
}

/// The newest verified way back of an environment; none where nothing was taken back yet.
///
/// # Errors
/// A journal that cannot be read.
pub(super) async fn newest(setup: &Setup, environment: &EnvironmentName) -> Result<Option<Proof>, CliError> {
    let kinds = ["plan_made", "verified", "logs_marked", "manual_answered"];
    let records = setup.store.records(environment, &kinds).await?;
    let is_verified = |record: &&Record| matches!(record.body, Body::Verified { .. });
    let Some(run) = records.iter().rev().find(is_verified).and_then(|record| record.run.clone()) else {
        return Ok(None);
    };
    let mut proof = Proof { run, answers: Vec::new(), logs: LogsSince::default() };
    for record in records.into_iter().filter(|record| record.run.as_ref() == Some(&proof.run)) {
        proof.logs.keep(&record.body, record.at);
        if let Body::ManualAnswered { answer } = record.body {
            proof.answers.push(answer);
        }
    }
    Ok(Some(proof))
}

/// Records answers that were given on the command line, as `NAME=yes` or `NAME=no`. Answers with whether all of them are
/// yes.
///
/// # Errors
/// What is no answer, a check that is not configured, and an environment that somebody holds.
pub(super) async fn record(setup: &Setup, world: &World, typed: &[String]) -> Result<bool, CliError> {
    let by = setup.process.actor();
    let answers: Vec<Answer> = typed.iter().map(|text| parse(setup, text, &by)).collect::<Result<_, _>>()?;
    let Some(proof) = newest(setup, &setup.environment.name).await? else {
        return Err(CliError::usage(format!(
            "nothing of `{}` was taken back and verified yet",
            setup.environment.name
        ))
        .hint("checks are answered after a rollback"));
    };
    let session = Session::begin(setup, world, "verify").await?;
    for answer in &answers {
        append(world, session.lease(), &proof.run, answer.clone()).await?;
        let word = if answer.holds { "holds" } else { "DOES NOT HOLD" };
        setup.ui.say(&format!("recorded for run {}: `{}` {word}", proof.run, answer.check));
    }
    session.finish().await;
    Ok(answers.iter().all(|answer| answer.holds))
}

/// Records a person's answer to one check of the newest rollback, where there is one; says why where it cannot be recorded.
pub(crate) async fn answer_check(setup: &Setup, check: &str, holds: bool) {
    let typed = format!("{check}={}", if holds { "yes" } else { "no" });
    let recorded = async { record(setup, &world(setup)?, std::slice::from_ref(&typed)).await };
    if let Err(error) = recorded.await {
        let later = setup.typed(&format!("verify --answer {typed}"));
        setup.ui.warn(&format!("it is not recorded with a rollback: {}; then: `{later}`", error.what));
    }
}

async fn append(world: &World, lease: &Lease, run: &RunId, answer: Answer) -> Result<(), CliError> {
    let record = world.store.append(lease, Some(run), &Body::ManualAnswered { answer }).await?;
    world.watcher.recorded(&record);
    Ok(())
}

fn parse(setup: &Setup, text: &str, by: &str) -> Result<Answer, CliError> {
    let manual = &setup.environment.verify.manual;
    let known = || manual.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (check, holds) = match text.rsplit_once('=') {
        Some((check, "yes")) => (check, true),
        Some((check, "no")) => (check, false),
        _ => return Err(CliError::usage(format!("`{text}` is no answer")).hint("write `NAME=yes` or `NAME=no`")),
    };
    if !manual.contains_key(check) {
        let hint =
            if manual.is_empty() { "there are none: add `verify: { manual: { .. } }`".to_owned() } else { known() };
        return Err(CliError::usage(format!("there is no manual check `{check}`")).hint(hint));
    }
    Ok(Answer { check: check.to_owned(), holds, by: by.to_owned() })
}

/// Asks a person at the terminal, once a way back is verified; what is not answered stays open. Answers with whether a check
/// does not hold.
///
/// # Errors
/// A journal that does not take the answers.
pub(crate) async fn asked_of_people(
    setup: &Setup,
    world: &World,
    lease: &Lease,
    run: &RunId,
    result: RunResult,
) -> Result<bool, CliError> {
    let (manual, ui) = (&setup.environment.verify.manual, setup.ui);
    if manual.is_empty() || result != RunResult::RolledBack {
        return Ok(false);
    }
    if !at_terminal(ui) {
        manual.iter().for_each(|(name, question)| open(setup, name, question));
        return Ok(false);
    }
    let mut failing = false;
    for (name, question) in manual {
        let Some(holds) = ask(ui, question) else {
            open(setup, name, question);
            continue;
        };
        append(world, lease, run, Answer { check: name.clone(), holds, by: setup.process.actor() }).await?;
        failing |= !holds;
    }
    Ok(failing)
}

fn open(setup: &Setup, name: &str, question: &str) {
    let later = setup.typed(&format!("verify --answer {name}=yes"));
    setup.ui.say(&format!("open: {question} Answer later: `{later}`, or `=no`"));
}

/// Whether somebody is there who can be asked.
pub(crate) fn at_terminal(ui: Ui) -> bool {
    !ui.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// What a person types: nothing leaves the check open.
pub(crate) fn ask(ui: Ui, question: &str) -> Option<bool> {
    ui.say(&format!("{question} Type `yes` or `no`; Enter leaves it open:"));
    match typed()?.as_str() {
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

/// The world of a command that records answers.
pub(super) fn world(setup: &Setup) -> Result<World, CliError> {
    setup.world(None, std::sync::Arc::new(crate::ui::Narrator::new(setup.ui)), interrupts()?)
}

/// Answers are written; everything else is looked at.
pub(super) fn access(answers: &[String]) -> Access {
    if answers.is_empty() { Access::Read } else { Access::Write }
}
