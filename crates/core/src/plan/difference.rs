//! The difference between what runs and a checkpoint.

use std::collections::BTreeMap;

use crate::id::ServiceName;
use crate::inventory::{Artifact, Checkpoint, Fact, FileRef, InstanceState, Running, Seen};

/// What has to happen to one service for it to be as the checkpoint has it.
///
/// | seen               | in the checkpoint | code and count | files that need a restart | other files | change  |
/// |--------------------|-------------------|----------------|---------------------------|-------------|---------|
/// | unknown            | any               |                |                           |             | Unknown |
/// | absent             | absent            |                |                           |             | None    |
/// | present            | absent            |                |                           |             | Remove  |
/// | absent             | present           |                |                           |             | Switch  |
/// | present            | present           | differ         | any                       | any         | Switch  |
/// | present            | present           | equal          | differ                    | any         | Switch  |
/// | present            | present           | equal          | equal                     | differ      | Files   |
/// | present            | present           | equal          | equal                     | equal       | None    |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// Nothing.
    None,
    /// Only files that the service does not read itself.
    Files(Vec<&'a FileRef>),
    /// The service must be made to run the artifact, with these files.
    Switch(&'a Artifact, Vec<&'a FileRef>),
    /// The service was not there.
    Remove,
    /// It could not be seen.
    Unknown(&'a str),
}

/// What has to happen to each service of a checkpoint. Services that the facts do not speak of are unknown.
#[must_use]
pub fn difference<'a>(target: &'a Checkpoint, facts: &'a [Fact]) -> BTreeMap<&'a ServiceName, Change<'a>> {
    let fact_of = |service: &ServiceName| facts.iter().find(|fact| fact.service == *service);
    let present = target.artifacts.iter().map(|(service, artifact)| (service, to_artifact(artifact, fact_of(service))));
    let absent = target.absent.iter().map(|service| (service, to_nothing(fact_of(service))));
    present.chain(absent).collect()
}

fn to_nothing(fact: Option<&Fact>) -> Change<'_> {
    match fact.map(|fact| &fact.seen) {
        None => Change::Unknown("nobody looked at it"),
        Some(Seen::Unknown { why }) => Change::Unknown(why),
        Some(Seen::Absent) => Change::None,
        Some(Seen::Present(_)) => Change::Remove,
    }
}

fn to_artifact<'a>(artifact: &'a Artifact, fact: Option<&'a Fact>) -> Change<'a> {
    let Some(fact) = fact else { return Change::Unknown("nobody looked at it") };
    let files: Vec<&FileRef> =
        artifact.files.iter().filter(|file| fact.files.get(&file.path) != file.digest()).collect();
    match &fact.seen {
        Seen::Unknown { why } => Change::Unknown(why),
        Seen::Absent => Change::Switch(artifact, files),
        Seen::Present(running) if !runs(artifact, running) => Change::Switch(artifact, files),
        Seen::Present(_) if files.iter().any(|file| file.needs_restart) => Change::Switch(artifact, files),
        Seen::Present(_) if files.is_empty() => Change::None,
        Seen::Present(_) => Change::Files(files),
    }
}

/// Whether the artifact is what runs: the same version in every instance, no fewer and no more of them, none ended. Where
/// something else says how many there are, it is as many as that.
#[must_use]
pub fn runs(artifact: &Artifact, running: &Running) -> bool {
    let wanted = if artifact.detail.is_scaled_elsewhere() { running.wanted } else { artifact.replicas };
    running.instances.len() == wanted as usize
        && running.instances.iter().all(|instance| {
            instance.version == artifact.version
                && matches!(instance.state, InstanceState::Running | InstanceState::Restarting | InstanceState::Paused)
        })
}
