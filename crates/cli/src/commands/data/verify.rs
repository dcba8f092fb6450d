//! `backout backup verify`: how far restore points hold.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::data::{Level, RestorePoint, Verification};
use backout_core::journal::Body;
use backout_core::report::check_text;
use backout_engine::{EngineError, Interrupt, World};
use serde::Serialize;

use super::named::{newest_points, point, points as all_points};
use crate::args::Global;
use crate::error::{CliError, Exit};
use crate::ui::{Narrator, Paint, Ui};
use crate::wire::{Access, Session, Setup, interrupts};

#[derive(Serialize)]
struct Verified<'a> {
    holds: bool,
    verifications: &'a [Verification],
}

/// Verifies the one named, or the newest of each database, and records what came of it.
pub(super) async fn verify(global: &Global, typed: Option<&str>, level: &str, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let points: Vec<RestorePoint> = match typed {
        Some(typed) => vec![point(&setup, typed).await?],
        None => newest_points(&setup).await?.into_values().collect(),
    };
    if points.is_empty() {
        let what = format!("`{}` has no restore points yet", setup.environment.name);
        return Err(CliError::usage(what).hint("take one: `backout backup create`"));
    }
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let mut verifications = Vec::new();
    let all = all_points(&setup).await?;
    for point in &points {
        let is_before = |other: &&RestorePoint| other.database == point.database && other.taken_at < point.taken_at;
        let before = all.iter().filter(is_before).max_by_key(|other| other.taken_at);
        verifications.push(verify_one(&world, (point, before), parsed(level)).await?);
    }
    narrator.finish();
    remember(&setup, &world, &verifications).await?;
    let holds = verifications.iter().all(is_reached);
    if ui.json {
        ui.document(&Verified { holds, verifications: &verifications })?;
    } else {
        verifications.iter().for_each(|verification| ui.data(&text(verification)));
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(Exit::ChecksDoNotHold as u8) })
}

fn parsed(level: &str) -> Level {
    match level.to_ascii_uppercase().as_str() {
        "V0" => Level::V0,
        "V1" => Level::V1,
        "V2" => Level::V2,
        "V4" => Level::V4,
        _ => Level::V3,
    }
}

async fn verify_one(
    world: &World,
    (point, before): (&RestorePoint, Option<&RestorePoint>),
    level: Level,
) -> Result<Verification, CliError> {
    let Some(database) = world.databases.get(&point.database) else {
        return Err(CliError::usage(format!("the configuration has no database `{}` any more", point.database)));
    };
    let mut interrupt = world.interrupt.clone();
    tokio::select! {
        verified = database.verify(point, level, before, world.ports()) => Ok(verified?),
        _ = interrupt.wait_for(|wish| *wish > Interrupt::None) => Err(EngineError::Interrupted.into()),
    }
}

/// Verifying changes nothing, so a deploy need not wait for it: the environment is only held to write down what it came to.
async fn remember(setup: &Setup, world: &World, verifications: &[Verification]) -> Result<(), CliError> {
    let session = match Session::begin(setup, world, "backup verify").await {
        Ok(session) => session,
        Err(error) if error.exit == Exit::Held => {
            setup.ui.warn(&format!("what was found out could not be recorded: {}", error.what));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for verification in verifications {
        let body = Body::BackupVerified { verification: Box::new(verification.clone()) };
        world.store.append(session.lease(), None, &body).await?;
    }
    session.finish().await;
    Ok(())
}

fn is_reached(verification: &Verification) -> bool {
    verification.reached.is_some_and(|reached| reached >= verification.asked)
}

fn text(verification: &Verification) -> String {
    let Verification { backup, asked, reached, checks, restore_ms, .. } = verification;
    let head = match reached {
        _ if is_reached(verification) => Paint::good(&format!("{backup} holds to {asked}")),
        Some(reached) => Paint::error(&format!("{backup} holds to {reached} only; {asked} was asked for")),
        None => Paint::error(&format!("{backup} does not hold")),
    };
    let mut lines = vec![head];
    lines.extend(checks.iter().map(|check| format!("  {}", check_text(check))));
    lines.extend(restore_ms.map(|ms| format!("  restoring it took {} s", ms.div_ceil(1000))));
    lines.join("\n")
}
