//! Checkpoints: immutable records of a whole environment, and the grades given to them since.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Artifact, Source};
use crate::data::DataPoint;
use crate::id::{CheckpointId, DatabaseName, Digest, EnvironmentName, RunId, ServiceName};

/// An environment as it was. A service of the configuration that is not in `artifacts` was absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checkpoint {
    /// Its identifier.
    pub id: CheckpointId,
    /// The environment recorded.
    pub environment: EnvironmentName,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// The run that took it; `None` when a person did.
    pub run: Option<RunId>,
    /// Why it was taken, for a person.
    pub why: String,
    /// What ran, by service.
    pub artifacts: BTreeMap<ServiceName, Artifact>,
    /// Services that were looked for and were not there.
    #[serde(default)]
    pub absent: Vec<ServiceName>,
    /// Databases as they were, by name.
    #[serde(default)]
    pub databases: BTreeMap<DatabaseName, DataPoint>,
    /// The commit that it came from, where the folder of the configuration is in a git work tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Which version each service said itself that it was, of those that are asked and answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub said: BTreeMap<ServiceName, String>,
    /// The tag that git was asked for before the deploy that followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// What a checkpoint is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Recorded, and not proven.
    Candidate,
    /// Verified and soaked: a target.
    Good,
    /// Quarantined: never a target by default.
    Bad,
}

impl std::fmt::Display for Grade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Grade::Candidate => "candidate",
            Grade::Good => "good",
            Grade::Bad => "bad",
        })
    }
}

/// A checkpoint with the newest grade given to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Graded {
    /// The record.
    pub checkpoint: Checkpoint,
    /// Its grade now.
    pub grade: Grade,
    /// Why it has that grade, for a person.
    pub why: String,
    /// Whether its images are still pinned and its blobs kept.
    pub is_retained: bool,
}

/// The newest good and retained checkpoint: the only default target of a rollback. Never "the previous one".
#[must_use]
pub fn last_known_good<'a>(checkpoints: impl IntoIterator<Item = &'a Graded>) -> Option<&'a Graded> {
    checkpoints
        .into_iter()
        .filter(|graded| graded.grade == Grade::Good && graded.is_retained)
        .max_by_key(|graded| (graded.checkpoint.taken_at, &graded.checkpoint.id))
}

/// The checkpoints to let go of, so that the newest `keep` good ones and the newest `keep` others stay. The last known good
/// one always stays.
#[must_use]
pub fn to_release(checkpoints: &[Graded], keep: u32) -> Vec<&Checkpoint> {
    let keep = keep.max(1) as usize;
    let beyond = |is_good: bool| {
        let mut of_kind: Vec<&Graded> =
            checkpoints.iter().filter(|g| g.is_retained && (g.grade == Grade::Good) == is_good).collect();
        of_kind.sort_by_key(|graded| std::cmp::Reverse((graded.checkpoint.taken_at, &graded.checkpoint.id)));
        of_kind.into_iter().skip(keep).map(|graded| &graded.checkpoint).collect::<Vec<_>>()
    };
    [beyond(true), beyond(false)].concat()
}

/// The newest good and retained checkpoint that was taken before another, and has something else run: where plan B leads.
#[must_use]
pub fn older_good<'a>(checkpoints: &'a [Graded], than: &CheckpointId) -> Option<&'a Graded> {
    let tried = &checkpoints.iter().find(|graded| graded.checkpoint.id == *than)?.checkpoint;
    let is_older = |other: &Checkpoint| (other.taken_at, &other.id) < (tried.taken_at, &tried.id);
    let of_use =
        checkpoints.iter().filter(|graded| is_older(&graded.checkpoint) && !has_the_same(&graded.checkpoint, tried));
    last_known_good(of_use)
}

/// Whether two checkpoints have the same run: equal versions with equal files, and the same services absent.
pub(super) fn has_the_same(one: &Checkpoint, other: &Checkpoint) -> bool {
    let runs = |checkpoint: &Checkpoint| {
        let each = checkpoint.artifacts.iter().map(|(service, it)| {
            let files: BTreeMap<String, Option<Digest>> =
                it.files.iter().map(|file| (file.path.clone(), file.digest().cloned())).collect();
            (service.clone(), (it.version.clone(), files))
        });
        each.collect::<BTreeMap<_, _>>()
    };
    one.absent == other.absent && runs(one) == runs(other)
}
