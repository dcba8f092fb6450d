//! Room: for one more image where Docker keeps them, and for a dump of each database where restore points are kept.

use std::path::Path;
use std::time::Duration;

use backout_adapters::command::Command;
use backout_core::config::{BackupStore, ServicePlatform};
use backout_core::inventory::last_known_good;
use backout_core::report::bytes_text;
use backout_engine::World;

use crate::commands::setup::check::finding::Finding;
use crate::commands::setup::check::machine::existing;
use crate::error::CliError;
use crate::wire::Setup;

/// How long Docker may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Docker's own place, and each folder for restore points.
///
/// # Errors
/// A journal that cannot be read.
pub(super) async fn room(setup: &Setup, world: &World) -> Result<Vec<Finding>, CliError> {
    let mut findings: Vec<Finding> = for_image(setup).await?.into_iter().collect();
    for (name, database) in &world.databases {
        let backup = world.environment.databases.get(name).and_then(|found| found.backup.as_ref());
        let Some(BackupStore::Folder(folder)) = backup.map(|backup| &backup.store) else { continue };
        let folder = setup.absolute(folder);
        let check = format!("{name}: room for a dump");
        let Ok(readiness) = database.readiness().await else { continue };
        findings.push(compared(&check, &folder, readiness.bytes));
        findings.extend(writable(&check, &folder));
    }
    Ok(findings)
}

/// Room for the largest image of the last known good checkpoint once more, where the engine is on this machine.
async fn for_image(setup: &Setup) -> Result<Option<Finding>, CliError> {
    let is_here = setup.environment.services.values().any(|service| match &service.platform {
        ServicePlatform::Compose(project) => project.host.is_none() && project.context.is_none(),
        _ => false,
    });
    let all = setup.store.checkpoints(&setup.environment.name).await?;
    let Some(good) = last_known_good(&all).filter(|_| is_here) else { return Ok(None) };
    let client = || Command::new("docker", &setup.process.variables).limit(LIMIT);
    let root = client().args(["info", "--format", "{{.DockerRootDir}}"]).run().await;
    let Some(root) = root.ok().map(|output| output.text().trim().to_owned()).filter(|root| Path::new(root).is_dir())
    else {
        // The engine is not on this machine, or this user may not see its place.
        return Ok(None);
    };
    let images = good.checkpoint.artifacts.values().map(|artifact| artifact.version.code.as_str());
    let sizes = client().args(["image", "inspect", "--format", "{{.Size}}"]).args(images).run().await;
    let sizes = sizes.map(|output| output.text()).unwrap_or_default();
    let largest = sizes.lines().filter_map(|line| line.trim().parse::<u64>().ok()).max();
    Ok(largest.map(|largest| compared("room for an image", Path::new(&root), largest)))
}

/// What is free at a place against what is needed there.
fn compared(check: &str, place: &Path, needed: u64) -> Finding {
    let free = existing(place).and_then(|folder| rustix::fs::statvfs(folder).ok());
    let Some(free) = free.map(|found| found.f_bavail.saturating_mul(found.f_frsize)) else {
        return Finding::note(check, format!("how much is free at {} could not be found out", place.display()));
    };
    let what = format!("{} free at {}, {} needed at most", bytes_text(free), place.display(), bytes_text(needed));
    match free < needed {
        true => Finding::fails(check, what)
            .hint("free some: `docker system df`, `backout backup prune`, `df -h`".to_owned()),
        false => Finding::holds(check, what),
    }
}

/// A finding where nothing can be written there.
fn writable(check: &str, folder: &Path) -> Option<Finding> {
    let there = existing(folder)?;
    let error = rustix::fs::access(there, rustix::fs::Access::WRITE_OK).err()?;
    let hint = "restore points are written there: let this user write, or name another place".to_owned();
    Some(Finding::fails(check, format!("{} cannot be written: {error}", there.display())).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Outcome;
    use super::*;

    #[test]
    fn what_does_not_fit_fails_and_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(compared("room", folder.path(), 1).result, Outcome::Holds);
        let full = compared("room", &folder.path().join("not/made/yet"), u64::MAX);
        assert_eq!(full.result, Outcome::Fails);
        assert!(full.hint.is_some(), "{full:?}");
    }
}
