//! Quarantine: what went bad, and whether a deploy brings it back.
//!
//! Contract: what is in quarantine is computed from the checkpoints and their grades each time, so that a grade lifts it.
//! What went bad is everything that the bad checkpoint has and no good one ever had, taken together: a deploy brings it back
//! where all of that runs again, in the same version, set up in the same way and with the same files. A fix of any part of it
//! is something new, which is watched like any other deploy.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{CheckpointId, Digest, ServiceName};
use crate::inventory::{Artifact, Detail, Fact, Grade, Graded, Version};

/// Something that went bad, and is not to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quarantined {
    /// The checkpoint that is graded bad.
    pub checkpoint: CheckpointId,
    /// Why it is, for a person.
    pub why: String,
    /// What ran of it that never ran well, by service. Never empty.
    pub services: BTreeMap<ServiceName, Identity>,
}

/// What tells one artifact of a service from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// In words.
    pub label: String,
    /// The image, release or commit, and how it is set up.
    pub version: Version,
    /// Its configuration files with their keyed digests; those that were not there are left out.
    #[serde(default)]
    pub files: BTreeMap<String, Digest>,
}

impl Identity {
    fn of(artifact: &Artifact) -> Self {
        let files = artifact.files.iter().filter_map(|file| Some((file.path.clone(), file.digest()?.clone())));
        Self { label: artifact.label.clone(), version: artifact.version.clone(), files: files.collect() }
    }

    fn is(&self, other: &Self) -> bool {
        self.version == other.version && self.files == other.files
    }

    fn runs(&self, fact: &Fact) -> bool {
        let has_files = self.files.iter().all(|(path, digest)| fact.files.get(path) == Some(digest));
        has_files && fact.files.len() == self.files.len() && fact.version() == Some(&self.version)
    }
}

impl Quarantined {
    /// Whether all of it runs.
    #[must_use]
    pub fn runs(&self, facts: &[Fact]) -> bool {
        let is_there = |(service, identity): (&ServiceName, &Identity)| {
            facts.iter().any(|fact| fact.service == *service && identity.runs(fact))
        };
        !self.services.is_empty() && self.services.iter().all(is_there)
    }

    /// What it is, in words: `app` shop:2.
    #[must_use]
    pub fn in_words(&self) -> String {
        let each = self.services.iter().map(|(service, identity)| format!("`{service}` {}", identity.label));
        each.collect::<Vec<_>>().join(", ")
    }
}

/// What is in quarantine, the newest last. Checkpoints whose images were let go of count as well: what they were is known.
///
/// | the artifact is in a bad checkpoint | and in a good one | it is in quarantine |
/// |-------------------------------------|-------------------|---------------------|
/// | no                                  |                   | no                  |
/// | yes                                 | yes               | no: it ran well once, beside something else |
/// | yes                                 | no                | yes                 |
/// | yes, and it is of traffic           |                   | no: every second deploy leads users to the same colour |
#[must_use]
pub fn quarantined(checkpoints: &[Graded]) -> Vec<Quarantined> {
    let of = |grade: Grade| checkpoints.iter().filter(move |graded| graded.grade == grade);
    let good: Vec<(&ServiceName, Identity)> = of(Grade::Good)
        .flat_map(|graded| graded.checkpoint.artifacts.iter().map(|(service, it)| (service, Identity::of(it))))
        .collect();
    let ran_well = |service: &ServiceName, identity: &Identity| {
        good.iter().any(|(other, known)| *other == service && known.is(identity))
    };
    let mut found: Vec<Quarantined> = Vec::new();
    for graded in of(Grade::Bad) {
        let is_told_apart = |artifact: &Artifact| !matches!(artifact.detail, Detail::Traffic(_));
        let artifacts = graded.checkpoint.artifacts.iter().filter(|(_, artifact)| is_told_apart(artifact));
        let never = artifacts.map(|(service, artifact)| (service.clone(), Identity::of(artifact)));
        let services: BTreeMap<_, _> = never.filter(|(service, identity)| !ran_well(service, identity)).collect();
        let (checkpoint, why) = (graded.checkpoint.id.clone(), graded.why.clone());
        // What went bad twice is told once, by the newest checkpoint.
        found.retain(|older| older.services != services);
        if !services.is_empty() {
            found.push(Quarantined { checkpoint, why, services });
        }
    }
    found
}

/// What a deploy brought back that is in quarantine, if it did: it runs now, and did not before.
#[must_use]
pub fn brought_back<'a>(quarantined: &'a [Quarantined], before: &[Fact], after: &[Fact]) -> Option<&'a Quarantined> {
    quarantined.iter().rev().find(|it| it.runs(after) && !it.runs(before))
}

/// What of it a deploy would bring back that starts these versions, where that is known before it does. Services of which
/// nothing is known stay as they are, and files are taken as they are on disk.
#[must_use]
pub fn named<'a>(
    quarantined: &'a [Quarantined],
    before: &[Fact],
    starts: &BTreeMap<ServiceName, Version>,
) -> Option<&'a Quarantined> {
    let will_run = |service: &ServiceName, identity: &Identity| {
        let fact = before.iter().find(|fact| fact.service == *service);
        let version = starts.get(service).or_else(|| fact.and_then(Fact::version));
        version == Some(&identity.version) && fact.is_some_and(|fact| fact.files == identity.files)
    };
    let comes_back = |it: &&Quarantined| it.services.iter().all(|(service, identity)| will_run(service, identity));
    quarantined.iter().rev().filter(comes_back).find(|it| !it.runs(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::EnvironmentName;
    use crate::inventory::{
        BlobRef, Checkpoint, ExecArtifact, FileRef, FileState, Health, Instance, InstanceState, Running, Seen,
        TrafficArtifact,
    };
    use jiff::Timestamp;

    const FILE: &str = "/srv/app.toml";

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    fn version(code: &str) -> Version {
        Version { code: code.to_owned(), spec: "h".to_owned() }
    }

    fn artifact(service: &str, code: &str, file: &[u8]) -> Artifact {
        let content = BlobRef { digest: Digest::of(file), bytes: 1 };
        let state = FileState::Present { content, mode: 0o644 };
        Artifact {
            service: name(service),
            version: version(code),
            label: format!("{service}:{code}"),
            replicas: 1,
            files: vec![FileRef { path: FILE.to_owned(), state, needs_restart: true }],
            detail: Detail::Exec(ExecArtifact { state: serde_json::Value::Null }),
        }
    }

    /// What ran: `app` and `web` with these versions and this file.
    fn graded(id: &str, grade: Grade, (app, web, file): (&str, &str, &[u8])) -> Graded {
        let artifacts = [artifact("app", app, file), artifact("web", web, file)];
        let checkpoint = Checkpoint {
            id: CheckpointId::new(id).unwrap(),
            environment: EnvironmentName::new("staging").unwrap(),
            taken_at: Timestamp::UNIX_EPOCH,
            run: None,
            why: String::new(),
            artifacts: artifacts.into_iter().map(|it| (it.service.clone(), it)).collect(),
            absent: Vec::new(),
            databases: BTreeMap::new(),
            source: None,
            said: BTreeMap::new(),
            tag: None,
        };
        Graded { checkpoint, grade, why: String::new(), is_retained: true }
    }

    fn facts((app, web, file): (&str, &str, &[u8])) -> Vec<Fact> {
        let fact = |(service, code): (&str, &str)| Fact {
            service: name(service),
            observed_at: Timestamp::UNIX_EPOCH,
            seen: Seen::Present(Running {
                label: String::new(),
                wanted: 1,
                instances: vec![Instance {
                    id: "1".to_owned(),
                    name: "1".to_owned(),
                    version: version(code),
                    state: InstanceState::Running,
                    health: Health::Healthy,
                    since: None,
                    restarts: 0,
                }],
                unready: Vec::new(),
                trouble: None,
                busy: None,
                next: None,
            }),
            files: [(FILE.to_owned(), Digest::of(file))].into(),
        };
        [("app", app), ("web", web)].map(fact).to_vec()
    }

    const GOOD: (&str, &str, &[u8]) = ("1", "1", b"a");

    fn back(all: &[Graded], after: (&str, &str, &[u8])) -> bool {
        brought_back(&quarantined(all), &facts(GOOD), &facts(after)).is_some()
    }

    #[test]
    fn what_went_bad_is_what_never_ran_well() {
        let all = [graded("cp-1", Grade::Good, GOOD), graded("cp-2", Grade::Bad, ("2", "1", b"a"))];
        let found = quarantined(&all);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].in_words(), "`app` app:2");
    }

    #[test]
    fn the_very_same_thing_is_recognised_and_a_fix_of_any_part_is_not_it() {
        let all = [graded("cp-1", Grade::Good, GOOD), graded("cp-2", Grade::Bad, ("2", "2", b"b"))];
        assert!(back(&all, ("2", "2", b"b")));
        assert!(!back(&all, ("2", "3", b"b")), "another image of one of the two");
        assert!(!back(&all, ("2", "2", b"c")), "another configuration");
        assert!(!back(&all, ("2", "1", b"a")));
    }

    #[test]
    fn where_users_were_led_is_not_what_went_bad() {
        let mut bad = graded("cp-2", Grade::Bad, ("2", "2", b"b"));
        let detail = Detail::Traffic(TrafficArtifact { to: name("green") });
        for artifact in bad.checkpoint.artifacts.values_mut() {
            artifact.detail = detail.clone();
        }
        assert_eq!(quarantined(&[graded("cp-1", Grade::Good, GOOD), bad]), []);
    }

    #[test]
    fn what_ran_all_along_was_not_brought_back() {
        let all = [graded("cp-2", Grade::Bad, ("2", "2", b"b"))];
        let running = facts(("2", "2", b"b"));
        assert_eq!(brought_back(&quarantined(&all), &running, &running), None);
    }

    #[test]
    fn what_a_deploy_says_that_it_starts_is_recognised_before_it_does() {
        let all = [graded("cp-1", Grade::Good, GOOD), graded("cp-2", Grade::Bad, ("2", "1", b"a"))];
        let says = |app: &str, before| {
            let starts = [(name("app"), version(app))].into();
            named(&quarantined(&all), &facts(before), &starts).is_some()
        };
        assert!(says("2", GOOD));
        assert!(!says("3", GOOD));
        assert!(!says("2", ("1", "1", b"b")), "another configuration is on disk");
        assert!(!says("2", ("2", "1", b"a")), "it runs already");
        assert!(named(&quarantined(&all), &facts(GOOD), &BTreeMap::new()).is_none());
    }

    #[test]
    fn another_grade_lifts_it_and_so_does_having_run_well() {
        let bad = ("2", "1", b"a".as_slice());
        assert!(back(&[graded("cp-2", Grade::Bad, bad)], bad));
        assert!(!back(&[graded("cp-2", Grade::Candidate, bad)], bad));
        assert!(!back(&[graded("cp-2", Grade::Bad, bad), graded("cp-3", Grade::Good, bad)], bad));
    }

    #[test]
    fn what_went_bad_twice_is_told_once() {
        let bad = ("2", "1", b"a".as_slice());
        let found = quarantined(&[graded("cp-2", Grade::Bad, bad), graded("cp-3", Grade::Bad, bad)]);
        assert_eq!(found.iter().map(|it| it.checkpoint.as_str()).collect::<Vec<_>>(), ["cp-3"]);
    }
}
