//! Breaking a service on purpose: what a drill's own process does, and who may.
//!
//! Architecture invariant: nothing is broken that nobody would put back. The process that breaks waits until the run's journal
//! names it as the one that does, so that whoever goes on with the run knows of it and waits for its end; one that is not named
//! in time, or whose run has gone on without it, breaks nothing.

use std::time::Duration;

use backout_core::id::RunId;
use backout_core::inventory::{Artifact, Checkpoint};
use backout_core::journal::{Body, Break, Drill, Record, RunKind};
use backout_core::port::{Breakage, Content, PortError};

use crate::error::EngineError;
use crate::world::World;

/// How long a process waits to be named.
const NAMED_WITHIN: Duration = Duration::from_secs(10);

/// Time between two looks into the journal.
const LOOK: Duration = Duration::from_millis(50);

/// What nothing that reads configuration takes for any.
const NONSENSE: &[u8] = b"}{ broken on purpose by a drill of backout; it is put back by the same run ]=[\n";

/// Waits until the journal says that this process is the one that breaks the service of a drill. Answers with the drill, and
/// with the checkpoint that everything goes back to.
///
/// # Errors
/// Where the run is no drill, has gone on without this process, or does not name it in time.
pub async fn await_turn(world: &World, run: &RunId, own: u32) -> Result<(Drill, Checkpoint), EngineError> {
    let until = world.clock.now() + NAMED_WITHIN;
    loop {
        let records = world.store.run(run).await?;
        match turn(&records, own) {
            Turn::Own(drill, checkpoint) => return Ok((drill, *checkpoint)),
            Turn::NotYet if world.clock.now() < until => world.clock.sleep(LOOK).await,
            Turn::NotYet | Turn::Never => {
                let what = format!("run `{run}` does not ask this process to break anything; nothing was touched");
                return Err(PortError::new(what).hint("start a drill with `backout drill`").into());
            }
        }
    }
}

enum Turn {
    Own(Drill, Box<Checkpoint>),
    NotYet,
    Never,
}

/// | the journal names               | the run has gone on | turn    |
/// |---------------------------------|---------------------|---------|
/// | this process                    | no                  | own     |
/// | nobody                          | no                  | not yet |
/// | another process, or no drill    |                     | never   |
/// |                                 | yes                 | never   |
fn turn(records: &[Record], own: u32) -> Turn {
    let drill = records.iter().find_map(|record| match &record.body {
        Body::RunStarted(started) => match &started.run {
            RunKind::Drill(drill) => Some(drill.as_ref()),
            _ => None,
        },
        _ => None,
    });
    let checkpoint = records.iter().find_map(|record| match &record.body {
        Body::CheckpointTaken { checkpoint } => Some(checkpoint),
        _ => None,
    });
    let named = records.iter().find_map(|record| match &record.body {
        Body::DeploySpawned { pid, .. } => Some(*pid),
        _ => None,
    });
    let is_over = |record: &Record| {
        matches!(record.body, Body::DeployEnded { .. } | Body::TakenOver { .. } | Body::RunEnded { .. })
    };
    match (drill, checkpoint, named) {
        _ if records.iter().any(is_over) => Turn::Never,
        (Some(drill), Some(checkpoint), Some(pid)) if pid == own => Turn::Own(drill.clone(), checkpoint.clone()),
        (Some(_), Some(_), None) => Turn::NotYet,
        _ => Turn::Never,
    }
}

/// Breaks the service of a drill by means of its platform and its files. Answers with what was done, in a sentence.
///
/// # Errors
/// Where it could not be broken; it may be half broken then.
pub async fn break_service(world: &World, drill: &Drill, checkpoint: &Checkpoint) -> Result<String, EngineError> {
    let service = &drill.service;
    let artifact = checkpoint.artifacts.get(service);
    let (Some(artifact), Some(platform)) = (artifact, world.platform_of(service)) else {
        return Err(PortError::new(format!("`{service}` is not there, so it cannot be broken")).into());
    };
    let breakage = match drill.how {
        Break::Image => Breakage::Image,
        Break::Crash => Breakage::Crash,
        Break::Config => config(world, artifact).await?,
        Break::Errors => return Err(PortError::new("errors are made by a command of the configuration").into()),
    };
    Ok(platform.break_on_purpose(artifact, &breakage, world.blobs.as_ref()).await?)
}

/// Variables, where the configuration names some; else the files that the service reads itself are replaced at once.
async fn config(world: &World, artifact: &Artifact) -> Result<Breakage, EngineError> {
    let variables = world.environment.drill.as_ref().map(|policy| policy.environment.clone()).unwrap_or_default();
    if variables.is_empty() {
        for file in artifact.files.iter().filter(|file| file.needs_restart) {
            let Some(there) = world.files.read(&file.path).await? else { continue };
            let nonsense = Content { bytes: NONSENSE.to_vec(), mode: there.mode };
            world.files.write(&file.path, Some(&nonsense)).await?;
        }
    }
    Ok(Breakage::Config(variables))
}
