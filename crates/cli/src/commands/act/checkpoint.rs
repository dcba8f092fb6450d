//! `backout checkpoint create|grade|prune`: the writing half; listing and showing are with the commands that look.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::id::CheckpointId;
use backout_core::inventory::Grade;
use backout_core::journal::Body;
use backout_core::policy::Verdict;
use backout_engine::{prune, record_checkpoint, survey};

use super::request::checkpoint_id;
use crate::args::Global;
use crate::error::CliError;
use crate::ui::{Narrator, Ui};
use crate::wire::{Access, Session, Setup, interrupts};

/// Records what runs now; good where every check holds.
pub(crate) async fn create(global: &Global, reason: Option<&str>, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let world = setup.world(None, Arc::new(Narrator::new(ui)), interrupts()?)?;
    let session = Session::begin(&setup, &world, "checkpoint create").await?;
    let created = session.run(async {
        let checks = survey(&world).await.checks;
        let failing = checks.iter().find(|check| check.verdict != Verdict::Healthy);
        let (grade, why) = match failing {
            None => (Grade::Good, "every check held when it was recorded".to_owned()),
            Some(check) => (Grade::Candidate, format!("{}: {}", check.name, check.what)),
        };
        let why_taken = reason.unwrap_or("a person recorded what runs");
        let id = record_checkpoint(&world, session.lease(), why_taken, (grade, why.clone())).await?;
        Ok::<_, backout_engine::EngineError>((id, grade, why))
    });
    let answer = created.await;
    session.finish().await;
    let (id, grade, why) = answer?;
    if ui.json {
        ui.document(&serde_json::json!({ "checkpoint": id, "grade": grade, "why": why }))?;
    } else {
        ui.data(id.as_str());
    }
    Ok(ExitCode::SUCCESS)
}

/// Grades one.
pub(crate) async fn grade(
    global: &Global,
    typed: &str,
    grade: Grade,
    reason: Option<&str>,
    ui: Ui,
) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let checkpoint = checkpoint_id(&setup, typed).await?;
    let world = setup.world(None, Arc::new(Narrator::new(ui)), interrupts()?)?;
    let session = Session::begin(&setup, &world, "checkpoint grade").await?;
    let why = reason.map_or_else(|| format!("graded by {}", setup.process.actor()), str::to_owned);
    let record = world.store.append(session.lease(), None, &Body::Graded { checkpoint, grade, why }).await;
    session.finish().await;
    world.watcher.recorded(&record?);
    Ok(ExitCode::SUCCESS)
}

/// Lets go of the images of old ones.
pub(crate) async fn let_go(global: &Global, keep: Option<u32>, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let world = setup.world(None, Arc::new(Narrator::new(ui)), interrupts()?)?;
    let session = Session::begin(&setup, &world, "checkpoint prune").await?;
    let keep = keep.unwrap_or(setup.environment.policy.keep_checkpoints);
    let released = session.run(prune(&world, session.lease(), keep)).await;
    session.finish().await;
    let released: Vec<CheckpointId> = released?;
    if ui.json {
        ui.document(&serde_json::json!({ "released": released }))?;
    } else {
        released.iter().for_each(|id| ui.data(id.as_str()));
    }
    Ok(ExitCode::SUCCESS)
}
