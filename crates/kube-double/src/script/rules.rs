//! All that was said to the double, to be asked by those it concerns.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::door::Accounts;
use crate::script::{Behaviour, ConfigRule, Denial, Fault, Instruction, Program, Timings};

/// What is scripted.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) faults: Vec<Fault>,
    pub(crate) timings: Timings,
    pub(crate) configurations: Vec<ConfigRule>,
    pub(crate) denials: Vec<Denial>,
    pub(crate) repositories: BTreeMap<String, Repository>,
    pub(crate) closed_windows: BTreeSet<String>,
    pub(crate) failing_syncs: BTreeMap<String, String>,
    pub(crate) health: BTreeMap<String, String>,
    pub(crate) refusals: BTreeMap<String, String>,
    pub(crate) unknown_groups: BTreeSet<String>,
    pub(crate) accounts: Accounts,
    images: Vec<(String, Behaviour)>,
    programs: Vec<Program>,
    digests: BTreeMap<String, String>,
    logs: BTreeMap<String, String>,
}

/// A repository that Argo CD deploys from.
#[derive(Debug, Default, Clone)]
pub(crate) struct Repository {
    pub(crate) head: String,
    pub(crate) commits: BTreeMap<String, Vec<Value>>,
}

impl Script {
    /// Takes in what concerns only the script; what changes the cluster itself is for the double.
    pub(crate) fn learn(&mut self, instruction: Instruction) {
        match instruction {
            Instruction::Fault(fault) => self.faults.push(fault),
            Instruction::NoFaults => self.faults.clear(),
            Instruction::Timings(timings) => self.timings = timings,
            Instruction::Image { image, behaviour } => self.images.push((image, behaviour)),
            Instruction::Run(program) => self.programs.push(program),
            Instruction::Configuration(rule) => self.configurations.push(rule),
            Instruction::Digest { image, digest } => drop(self.digests.insert(image, digest)),
            Instruction::Log { image, text } => drop(self.logs.insert(image, text)),
            Instruction::RefusePods { namespace, message } => note(&mut self.refusals, namespace, message),
            Instruction::Deny(denial) => self.denials.push(denial),
            Instruction::AllowAll => self.denials.clear(),
            Instruction::Token { token, user } => self.accounts.set_token(token, user),
            Instruction::WithoutGroup(group) => drop(self.unknown_groups.insert(group)),
            Instruction::Commit { repository, revision, manifests } => {
                let repository = self.repositories.entry(repository).or_default();
                repository.head.clone_from(&revision);
                repository.commits.insert(revision, manifests);
            }
            Instruction::SyncWindow { application, is_closed: true } => drop(self.closed_windows.insert(application)),
            Instruction::SyncWindow { application, .. } => drop(self.closed_windows.remove(&application)),
            Instruction::FailSync { application, message } => note(&mut self.failing_syncs, application, message),
            Instruction::Health { application, status } => note(&mut self.health, application, status),
            Instruction::Away(_) | Instruction::Expire | Instruction::Become { .. } => {}
        }
    }

    /// How a container of that image behaves: as said last, else by its tag.
    pub(crate) fn behaviour(&self, image: &str) -> Behaviour {
        let said = self.images.iter().rev().find(|(part, _)| image.contains(part.as_str()));
        said.map_or_else(|| Behaviour::of_image(image), |(_, behaviour)| *behaviour)
    }

    /// What containers of that image run, as said last; none where they run nothing.
    pub(crate) fn program(&self, image: &str) -> Option<&Program> {
        self.programs.iter().rev().find(|program| image.contains(&program.image))
    }

    /// `REPOSITORY@sha256:...` of the image that the registry holds under that name now.
    pub(crate) fn image_id(&self, image: &str) -> String {
        let (name, pinned) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
        let digest = pinned.map(str::to_owned).or_else(|| self.digests.get(image).cloned()).unwrap_or_else(|| {
            let hex: String = Sha256::digest(image).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("sha256:{hex}")
        });
        format!("{}@{digest}", repository(name))
    }

    /// What a container of that image writes.
    pub(crate) fn log(&self, image: &str, behaviour: Behaviour) -> String {
        let said = self.logs.get(image).cloned();
        said.unwrap_or_else(|| match behaviour {
            Behaviour::Crash => format!("{image}: starting\n{image}: fatal: cannot go on\n"),
            _ => format!("{image}: starting\n"),
        })
    }
}

fn note(map: &mut BTreeMap<String, String>, name: String, value: Option<String>) {
    match value {
        Some(value) => map.insert(name, value),
        None => map.remove(&name),
    };
}

/// The image's repository as the container runtime writes it: with registry, without tag.
fn repository(image: &str) -> String {
    let slash = image.rfind('/').map_or(0, |index| index + 1);
    let name = image[slash..].find(':').map_or(image, |colon| &image[..slash + colon]);
    match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((registry, _)) if registry.contains(['.', ':']) || registry == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_id_names_the_repository_in_full() {
        let script = Script::default();
        assert!(script.image_id("nginx:1.27").starts_with("docker.io/library/nginx@sha256:"));
        assert!(script.image_id("localhost:5000/a/b:c").starts_with("localhost:5000/a/b@sha256:"));
        assert_eq!(script.image_id("me/app@sha256:aa"), "docker.io/me/app@sha256:aa");
    }
}
