//! The difference between what runs and a checkpoint.

use std::collections::BTreeMap;

use crate::id::ServiceName;
use crate::inventory::{Artifact, Checkpoint, Detail, Fact, FileRef, InstanceState, Running, Seen};

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
    /// What runs stays, and the configuration that its platform keeps beside it goes back, with these files: what of it is not
    /// as it shall be, in words. Never by itself, only where nothing but configuration was asked for.
    Configuration(&'a Artifact, Vec<&'a FileRef>, &'a [String]),
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
/// something else says how many there are, it is as many as that; a cluster must also have been told that number. What the
/// next start would run must be it too.
#[must_use]
pub fn runs(artifact: &Artifact, running: &Running) -> bool {
    let wanted = if artifact.detail.is_scaled_elsewhere() { running.wanted } else { artifact.replicas };
    // A cluster goes on towards the number that it was told, even where it cannot get there.
    let is_told_otherwise = matches!(artifact.detail, Detail::Kubernetes(_)) && running.wanted != wanted;
    !is_told_otherwise
        && running.next.as_ref().is_none_or(|next| *next == artifact.version)
        && running.instances.len() == wanted as usize
        && running.instances.iter().all(|instance| {
            instance.version == artifact.version
                && matches!(instance.state, InstanceState::Running | InstanceState::Restarting | InstanceState::Paused)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Digest;
    use crate::inventory::{BlobRef, ExecArtifact, Health, Instance, KubernetesArtifact, Version};

    fn version() -> Version {
        Version { code: "web:1".to_owned(), spec: String::new() }
    }

    fn running(wanted: u32, instances: usize) -> Running {
        let instance = |number: usize| Instance {
            id: number.to_string(),
            name: number.to_string(),
            version: version(),
            state: InstanceState::Running,
            health: Health::Healthy,
            since: None,
            restarts: 0,
        };
        let instances = (0..instances).map(instance).collect();
        Running { label: String::new(), wanted, instances, unready: Vec::new(), trouble: None, busy: None, next: None }
    }

    fn artifact(detail: Detail) -> Artifact {
        let service = ServiceName::new("web").unwrap();
        Artifact { service, version: version(), label: String::new(), replicas: 2, files: Vec::new(), detail }
    }

    fn workload(is_autoscaled: bool) -> Artifact {
        artifact(Detail::Kubernetes(KubernetesArtifact {
            workload: "deployment/web".to_owned(),
            namespace: "shop".to_owned(),
            revision: "web-1".to_owned(),
            number: None,
            images: BTreeMap::new(),
            template: BlobRef { digest: Digest::of(b""), bytes: 0 },
            configuration: Vec::new(),
            is_autoscaled,
            stop_grace_ms: 0,
            rollout_ms: 0,
        }))
    }

    #[test]
    fn what_the_next_start_would_run_must_be_it_too() {
        let other = Version { code: "web:2".to_owned(), ..version() };
        let web = artifact(Detail::Exec(ExecArtifact { state: serde_json::Value::Null }));
        assert!(runs(&web, &Running { next: Some(version()), ..running(2, 2) }));
        assert!(!runs(&web, &Running { next: Some(other), ..running(2, 2) }));
    }

    #[test]
    fn a_cluster_that_was_told_another_number_does_not_run_what_was_captured() {
        assert!(runs(&workload(false), &running(2, 2)));
        assert!(!runs(&workload(false), &running(3, 2)), "scaled up, and the third is refused");
        assert!(runs(&workload(true), &running(3, 3)), "that is the autoscaler's to say");
        let elsewhere = artifact(Detail::Exec(ExecArtifact { state: serde_json::Value::Null }));
        assert!(runs(&elsewhere, &running(3, 2)), "no platform but a cluster goes on towards it");
    }
}
