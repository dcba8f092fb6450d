//! One level after the other, as far as they hold.

use backout_core::data::{Level, Manifest, RestorePoint, Verification, compare_previous};
use backout_core::port::{PortError, Ports};

use super::contents::contents;
use super::decoded;
use super::found::{Found, fails, holds, unmeasurable};
use super::soundness::soundness;
use super::stored::stored;
use super::trial::{Needs, Trial, Trouble};
use crate::Target;
use crate::restore::Dump;

/// Verifies `point` up to a level, against the one that was taken before it where that is given. A level that does not hold
/// ends it: those above would say nothing more.
///
/// # Errors
/// Where it could not be found out.
pub(crate) async fn verify(
    target: &Target,
    point: &RestorePoint,
    (level, previous): (Level, Option<&RestorePoint>),
    ports: Ports<'_>,
) -> Result<Verification, PortError> {
    let mut found = Found::default();
    let mut restore_ms = None;
    found.add(Level::V0, stored(target, point, ports.progress).await?);
    if level >= Level::V1 && found.reached() == Some(Level::V0) {
        let dump = Dump::of(target, point).await?;
        found.add(Level::V1, [decoded(target, &dump, ports.progress).await?]);
    }
    if level >= Level::V2 && found.reached() == Some(Level::V1) {
        restore_ms = restored(target, point, (level, previous), ports, &mut found).await?;
    }
    let (backup, at) = (point.id.clone(), target.clock.now());
    Ok(Verification { backup, at, asked: level, reached: found.reached(), checks: found.into_checks(), restore_ms })
}

/// Everything that takes a restore. Answers with how long that took.
async fn restored(
    target: &Target,
    point: &RestorePoint,
    (level, previous): (Level, Option<&RestorePoint>),
    ports: Ports<'_>,
    found: &mut Found,
) -> Result<Option<u64>, PortError> {
    let manifest = manifest(point, ports).await?;
    let trial = match Trial::of(target, point, &Needs::of(&manifest), ports.progress).await {
        Ok(trial) => trial,
        Err(Trouble::Here(error)) => {
            found.add(Level::V2, [unmeasurable("restored", error.to_string())]);
            return Ok(None);
        }
        Err(Trouble::Point(error)) => {
            found.add(Level::V2, [fails("restored", error.to_string())]);
            return Ok(None);
        }
    };
    found.add(Level::V2, [holds("restored", format!("into a server of its own, in {} ms", trial.took_ms))]);
    if level >= Level::V3 {
        found.add(Level::V3, contents(target, &manifest, &trial.session).await?);
        if let Some(previous) = previous {
            found.add(Level::V3, compare_previous(&self::manifest(previous, ports).await?, &manifest));
        }
    }
    if level >= Level::V4 && found.reached() == Some(Level::V3) {
        soundness(target, point, &trial.session, found).await;
    }
    Ok(Some(trial.took_ms))
}

/// The manifest as it was recorded.
async fn manifest(point: &RestorePoint, ports: Ports<'_>) -> Result<Manifest, PortError> {
    let bytes = ports.blobs.get(&point.manifest).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        PortError::new(format!("the manifest of {} cannot be read: {error}", point.id))
            .hint("it was written by a newer version: use that one")
    })
}
