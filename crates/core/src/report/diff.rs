//! What differs between two states of an environment: two checkpoints, or a checkpoint and what runs.
//!
//! Contract: files are told apart by their digests only. What is in them is nobody's business here: it may be a secret.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::id::{Digest, ServiceName};
use crate::inventory::{Artifact, Checkpoint, Fact, Running, Seen, Version};

/// A state of an environment, reduced to what is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot<'a>(BTreeMap<&'a ServiceName, Held<'a>>);

/// How a state has one service.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held<'a> {
    Unknown(&'a str),
    Absent,
    Present(Standing),
}

/// A service that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    /// The version in words a person knows.
    pub label: String,
    /// What is compared; `None` where several versions run side by side.
    pub version: Option<Version>,
    /// How many instances there are, or were.
    pub replicas: usize,
    /// Which version it says itself that it is, or said when it was recorded; `None` where it is not asked, or gave no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Its configuration files by path; one that is not there is left out.
    pub files: BTreeMap<String, Digest>,
}

/// What differs of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ServiceDiff {
    /// The service.
    pub service: ServiceName,
    /// What.
    #[serde(flatten)]
    pub difference: Difference,
}

/// The kinds of difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Difference {
    /// None.
    Same {
        /// As both have it; `None` where it is in neither.
        standing: Option<Standing>,
    },
    /// Only the second state has it.
    Added {
        /// As the second has it.
        to: Standing,
    },
    /// Only the first state has it.
    Removed {
        /// As the first has it.
        from: Standing,
    },
    /// Both have it, and not alike.
    Changed {
        /// As the first has it.
        from: Standing,
        /// As the second has it.
        to: Standing,
        /// What is executed differs: the image, the release, the commit.
        code: bool,
        /// How it is set up differs.
        spec: bool,
        /// The number of instances differs.
        replicas: bool,
        /// It says of itself that it is another version.
        says: bool,
        /// Files that differ.
        files: Vec<FileDiff>,
    },
    /// One of the two does not know it.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileDiff {
    /// The file.
    pub path: String,
    /// Its digest in the first state; `None` where there is no such file.
    pub from: Option<Digest>,
    /// Its digest in the second.
    pub to: Option<Digest>,
}

impl<'a> Snapshot<'a> {
    /// What a checkpoint recorded.
    #[must_use]
    pub fn of_checkpoint(checkpoint: &'a Checkpoint) -> Self {
        let says = |name| checkpoint.said.get(name).cloned();
        let recorded = |(name, artifact)| (name, Held::Present(recorded(artifact, says(name))));
        let present = checkpoint.artifacts.iter().map(recorded);
        let absent = checkpoint.absent.iter().map(|name| (name, Held::Absent));
        Self(absent.chain(present).collect())
    }

    /// What runs, and what of it says itself which version it is.
    #[must_use]
    pub fn of_facts(facts: &'a [Fact], said: &BTreeMap<ServiceName, String>) -> Self {
        let held = |fact: &'a Fact| match &fact.seen {
            Seen::Unknown { why } => Held::Unknown(why),
            Seen::Absent => Held::Absent,
            Seen::Present(running) => Held::Present(observed(running, fact, said.get(&fact.service).cloned())),
        };
        Self(facts.iter().map(|fact| (&fact.service, held(fact))).collect())
    }

    fn held(&self, service: &ServiceName) -> Held<'a> {
        self.0.get(service).cloned().unwrap_or(Held::Unknown("it was not part of the environment"))
    }
}

fn recorded(artifact: &Artifact, says: Option<String>) -> Standing {
    let files = artifact.files.iter().filter_map(|file| Some((file.path.clone(), file.digest()?.clone())));
    Standing {
        label: artifact.label.clone(),
        version: Some(artifact.version.clone()),
        replicas: artifact.replicas as usize,
        says,
        files: files.collect(),
    }
}

fn observed(running: &Running, fact: &Fact, says: Option<String>) -> Standing {
    Standing {
        label: running.label.clone(),
        version: running.version().cloned(),
        replicas: running.instances.len(),
        says,
        files: fact.files.clone(),
    }
}

/// What differs, service by service, sorted by name.
///
/// | first   | second  | difference       |
/// |---------|---------|------------------|
/// | unknown | any     | unknown          |
/// | any     | unknown | unknown          |
/// | absent  | absent  | same             |
/// | absent  | present | added            |
/// | present | absent  | removed          |
/// | present | present | same, or changed |
#[must_use]
pub fn diff(from: &Snapshot<'_>, to: &Snapshot<'_>) -> Vec<ServiceDiff> {
    let services: BTreeSet<&ServiceName> = from.0.keys().chain(to.0.keys()).copied().collect();
    let of_service = |service: &ServiceName| ServiceDiff {
        service: service.clone(),
        difference: difference(from.held(service), to.held(service)),
    };
    services.into_iter().map(of_service).collect()
}

fn difference(from: Held<'_>, to: Held<'_>) -> Difference {
    match (from, to) {
        (Held::Unknown(why), _) | (_, Held::Unknown(why)) => Difference::Unknown { why: why.to_owned() },
        (Held::Absent, Held::Absent) => Difference::Same { standing: None },
        (Held::Absent, Held::Present(to)) => Difference::Added { to },
        (Held::Present(from), Held::Absent) => Difference::Removed { from },
        (Held::Present(from), Held::Present(to)) => between(from, to),
    }
}

fn between(from: Standing, to: Standing) -> Difference {
    let differs = |part: fn(&Version) -> &String| match (&from.version, &to.version) {
        (Some(from), Some(to)) => part(from) != part(to),
        // Several versions side by side are never what one version is.
        _ => true,
    };
    let (code, spec) = (differs(|version| &version.code), differs(|version| &version.spec));
    let replicas = from.replicas != to.replicas;
    // One that does not say it now, or did not then, says nothing else.
    let says = from.says.as_ref().zip(to.says.as_ref()).is_some_and(|(from, to)| from != to);
    let files = files(&from.files, &to.files);
    if !(code || spec || replicas || says) && files.is_empty() {
        return Difference::Same { standing: Some(to) };
    }
    Difference::Changed { from, to, code, spec, replicas, says, files }
}

fn files(from: &BTreeMap<String, Digest>, to: &BTreeMap<String, Digest>) -> Vec<FileDiff> {
    let paths: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    paths
        .into_iter()
        .filter(|path| from.get(*path) != to.get(*path))
        .map(|path| FileDiff { path: path.clone(), from: from.get(path).cloned(), to: to.get(path).cloned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    fn standing(code: &str, replicas: usize, files: &[(&str, &[u8])]) -> Standing {
        Standing {
            label: code.to_owned(),
            version: Some(Version { code: code.to_owned(), spec: String::new() }),
            replicas,
            says: None,
            files: files.iter().map(|(path, content)| ((*path).to_owned(), Digest::of(content))).collect(),
        }
    }

    fn one(from: Held<'_>, to: Held<'_>) -> Difference {
        let web = name("web");
        let (from, to) = (Snapshot([(&web, from)].into()), Snapshot([(&web, to)].into()));
        diff(&from, &to).pop().unwrap().difference
    }

    #[test]
    fn rows_of_the_table_without_two_standings() {
        let web = || Held::Present(standing("a", 1, &[]));
        assert!(matches!(one(Held::Unknown("no answer"), web()), Difference::Unknown { why } if why == "no answer"));
        assert!(matches!(one(web(), Held::Unknown("x")), Difference::Unknown { .. }));
        assert_eq!(one(Held::Absent, Held::Absent), Difference::Same { standing: None });
        assert!(matches!(one(Held::Absent, web()), Difference::Added { .. }));
        assert!(matches!(one(web(), Held::Absent), Difference::Removed { .. }));
        assert!(matches!(one(web(), web()), Difference::Same { standing: Some(_) }));
    }

    #[test]
    fn each_part_that_differs_is_told() {
        let from = Held::Present(standing("a", 1, &[("/etc/a", b"1"), ("/etc/gone", b"1")]));
        let to = Held::Present(standing("b", 2, &[("/etc/a", b"2"), ("/etc/new", b"1")]));
        let Difference::Changed { code, spec, replicas, files, .. } = one(from, to) else { panic!("changed") };
        assert_eq!((code, spec, replicas), (true, false, true));
        let told: Vec<(&str, bool, bool)> =
            files.iter().map(|file| (file.path.as_str(), file.from.is_some(), file.to.is_some())).collect();
        assert_eq!(told, [("/etc/a", true, true), ("/etc/gone", true, false), ("/etc/new", false, true)]);
    }

    #[test]
    fn what_a_service_says_of_itself_differs_only_where_both_are_known() {
        let says = |text: &str| Held::Present(Standing { says: Some(text.to_owned()), ..standing("a", 1, &[]) });
        assert!(matches!(one(says("7.0.0"), says("7.0.1")), Difference::Changed { says: true, code: false, .. }));
        assert!(matches!(one(says("7.0.0"), Held::Present(standing("a", 1, &[]))), Difference::Same { .. }));
    }

    #[test]
    fn several_versions_side_by_side_differ_from_one() {
        let mixed = Standing { version: None, ..standing("a", 1, &[]) };
        let difference = one(Held::Present(standing("a", 1, &[])), Held::Present(mixed));
        assert!(matches!(difference, Difference::Changed { code: true, .. }), "{difference:?}");
    }

    #[test]
    fn a_service_that_one_state_never_heard_of_is_unknown() {
        let (web, db) = (name("web"), name("db"));
        let from = Snapshot([(&web, Held::Absent)].into());
        let to = Snapshot([(&web, Held::Absent), (&db, Held::Absent)].into());
        let told: Vec<bool> =
            diff(&from, &to).iter().map(|d| matches!(d.difference, Difference::Unknown { .. })).collect();
        assert_eq!(told, [true, false], "db is unknown, web is the same");
    }
}
