//! Taking a checkpoint: artifacts from every platform, configuration files from the host, contents into the blob folder.
//!
//! Architecture invariant: when this returns, everything that the checkpoint names is durable: blobs are written, images
//! pinned. Only then is the checkpoint recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::data::RestorePoint;
use backout_core::id::{CheckpointId, DatabaseName, RunId, ServiceName};
use backout_core::inventory::{Checkpoint, Fact, FileRef, FileState, Grade, Origin, Source, tag_name};
use backout_core::journal::Body;
use backout_core::port::{Captured, Lease, PortError};

use super::data::data_points;
use crate::error::EngineError;
use crate::look::sayings;
use crate::past::{checkpoints, unpin};
use crate::world::{Hosted, OwnedFile, World};

/// How long a platform may take to record its services.
const CAPTURES_WITHIN: Duration = Duration::from_secs(120);

/// How long git may take to say what is checked out.
const SAID_WITHIN: Duration = Duration::from_secs(10);

/// How much may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// All of it, or none: what is recorded is a way back.
    Complete,
    /// As much as can be had: what is recorded went bad, and its platform may be in no state to say more.
    BestEffort,
}

/// What a checkpoint is taken for.
pub(crate) struct Purpose<'a> {
    /// In words, for a person.
    pub(crate) why: &'a str,
    /// How much may be missing.
    pub(crate) care: Care,
    /// Where it may have come from.
    pub(crate) origin: Origin,
    /// Whether git is asked for a tag, if one is configured.
    pub(crate) is_tagged: bool,
    /// The restore points that were taken for it.
    pub(crate) backups: BTreeMap<DatabaseName, RestorePoint>,
}

/// Records the environment as it is.
///
/// # Errors
/// What could not be captured, with [`Care::Complete`]; with [`Care::BestEffort`] such services are left out, and the
/// reason says so. A file that cannot be read or kept is an error either way: it would be overwritten.
pub(crate) async fn capture(
    world: &World,
    run: Option<&RunId>,
    purpose: &Purpose<'_>,
) -> Result<Checkpoint, PortError> {
    let now = world.clock.now();
    let mut checkpoint = Checkpoint {
        id: CheckpointId::mint(now, (world.salt)()),
        environment: world.environment.name.clone(),
        taken_at: now,
        run: run.cloned(),
        why: purpose.why.to_owned(),
        artifacts: BTreeMap::new(),
        absent: Vec::new(),
        databases: BTreeMap::new(),
        source: None,
        said: BTreeMap::new(),
        tag: None,
    };
    let tag = world.environment.guard.tag.as_deref().filter(|_| purpose.is_tagged);
    checkpoint.tag = tag.map(|pattern| tag_name(pattern, &checkpoint.id, now));
    let (filled, said) = tokio::join!(fill(world, &mut checkpoint, purpose), sayings(world));
    match filled {
        Ok(()) => Ok(Checkpoint { said, ..checkpoint }),
        Err(error) => {
            // Nobody will know of this checkpoint. Pins that cannot be taken away cost some space, and nothing else.
            drop(unpin(world, &checkpoint).await);
            Err(error)
        }
    }
}

async fn fill(world: &World, checkpoint: &mut Checkpoint, purpose: &Purpose<'_>) -> Result<(), PortError> {
    for hosted in &world.platforms {
        let captured = match capture_some(world, hosted, &hosted.services, &checkpoint.id).await {
            Ok(captured) => captured,
            Err(error) if purpose.care == Care::Complete => return Err(error),
            Err(_) => one_by_one(world, hosted, checkpoint).await,
        };
        for artifact in captured.artifacts {
            checkpoint.artifacts.insert(artifact.service.clone(), artifact);
        }
        checkpoint.absent.extend(captured.absent);
    }
    for (service, artifact) in &mut checkpoint.artifacts {
        artifact.files = capture_files(world, service).await?;
    }
    checkpoint.absent.sort();
    checkpoint.source = source(world, checkpoint, purpose.origin).await?;
    let (databases, missing) = data_points(world, &purpose.backups, purpose.care).await?;
    checkpoint.databases = databases;
    for why in missing {
        checkpoint.why = format!("{}; {why}", checkpoint.why);
    }
    Ok(())
}

/// The commit that it came from. That git cannot say does not stand in the way of recording anything.
async fn source(world: &World, checkpoint: &Checkpoint, origin: Origin) -> Result<Option<Source>, PortError> {
    let folder = tokio::select! {
        said = world.repository.source() => said.unwrap_or(None),
        () = world.clock.sleep(SAID_WITHIN) => None,
    };
    let records = world.store.records(&world.environment.name, &["checkpoint_taken"]).await;
    let records = records.map_err(|error| PortError::new(error.to_string()))?;
    Ok(origin.source(checkpoint, folder, &checkpoints(&records)))
}

async fn capture_some(
    world: &World,
    hosted: &Hosted,
    services: &[ServiceName],
    id: &CheckpointId,
) -> Result<Captured, PortError> {
    tokio::select! {
        captured = hosted.platform.capture(services, id, world.blobs.as_ref()) => captured,
        () = world.clock.sleep(CAPTURES_WITHIN) => {
            let names: Vec<String> = services.iter().map(|service| format!("`{service}`")).collect();
            let what = format!("{} could not be recorded within {} s", names.join(", "), CAPTURES_WITHIN.as_secs());
            Err(PortError::new(what).hint("look whether its platform answers: `backout status`"))
        }
    }
}

/// Captures what can be captured; the reason of the checkpoint names the rest.
async fn one_by_one(world: &World, hosted: &Hosted, checkpoint: &mut Checkpoint) -> Captured {
    let mut all = Captured::default();
    for service in &hosted.services {
        match capture_some(world, hosted, std::slice::from_ref(service), &checkpoint.id).await {
            Ok(captured) => {
                all.artifacts.extend(captured.artifacts);
                all.absent.extend(captured.absent);
            }
            Err(error) => checkpoint.why = format!("{}; without `{service}`: {error}", checkpoint.why),
        }
    }
    all
}

/// The files of a service as they are, their contents kept.
async fn capture_files(world: &World, service: &ServiceName) -> Result<Vec<FileRef>, PortError> {
    let mut files = Vec::new();
    for OwnedFile { path, needs_restart } in world.files_of.get(service).into_iter().flatten() {
        let state = match world.files.read(path).await? {
            None => FileState::Absent,
            Some(content) => FileState::Present { content: world.blobs.put(&content.bytes).await?, mode: content.mode },
        };
        files.push(FileRef { path: path.clone(), state, needs_restart: *needs_restart });
    }
    Ok(files)
}

/// A service of which another version was recorded than was seen: what was found out about the one says nothing of the
/// other.
pub(super) fn moved_since<'a>(facts: &'a [Fact], checkpoint: &Checkpoint) -> Option<&'a ServiceName> {
    let moved = |fact: &&Fact| match (fact.version(), checkpoint.artifacts.get(&fact.service)) {
        (Some(seen), Some(artifact)) => *seen != artifact.version,
        _ => false,
    };
    facts.iter().find(moved).map(|fact| &fact.service)
}

/// Records the environment as it is, outside of any run, and grades it.
///
/// # Errors
/// What could not be captured or recorded.
pub async fn record_checkpoint(
    world: &World,
    lease: &Lease,
    why: &str,
    grade: (Grade, String),
) -> Result<CheckpointId, EngineError> {
    let (care, origin, backups) = (Care::Complete, Origin::Found, BTreeMap::new());
    let purpose = Purpose { why, care, origin, is_tagged: false, backups };
    let checkpoint = capture(world, None, &purpose).await?;
    let id = checkpoint.id.clone();
    let (grade, why) = grade;
    let bodies = [
        Body::CheckpointTaken { checkpoint: Box::new(checkpoint) },
        Body::Graded { checkpoint: id.clone(), grade, why },
    ];
    for body in &bodies {
        world.record(lease, None, body).await?;
    }
    Ok(id)
}
