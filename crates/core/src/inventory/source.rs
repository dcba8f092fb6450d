//! Where what runs came from, as far as that is known.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Checkpoint, Graded, checkpoint::has_the_same};
use crate::id::CheckpointId;

/// How many digits of a commit people write.
const SHORT: usize = 10;

/// The commit that the folder of the configuration was at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The commit, in full.
    pub commit: String,
    /// Whether files that git knows were not as the commit has them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_dirty: bool,
}

impl Source {
    /// A commit as people write it.
    #[must_use]
    pub fn short(commit: &str) -> &str {
        commit.get(..SHORT).unwrap_or(commit)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = if self.is_dirty { ", with uncommitted changes" } else { "" };
        write!(f, "{}{changes}", Self::short(&self.commit))
    }
}

/// Which commit a checkpoint is said to be of. Before a deploy the folder may be at the next version already.
///
/// | what is recorded                             | the same ran in an earlier checkpoint that knows | else          |
/// |----------------------------------------------|--------------------------------------------------|---------------|
/// | what a deploy led to                         | the folder's                                     | the folder's  |
/// | what a person wants recorded, or was noticed | that one's                                       | the folder's  |
/// | what ran before a deploy or a rollback       | that one's                                       | none          |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// What a deploy led to.
    Deployed,
    /// What runs, whoever deployed it.
    Found,
    /// What ran before something else comes.
    Before,
}

impl Origin {
    /// The commit, given what the folder is at and the checkpoints from before. See the table above.
    #[must_use]
    pub fn source(self, recorded: &Checkpoint, folder: Option<Source>, earlier: &[Graded]) -> Option<Source> {
        let past = || {
            let same = earlier.iter().map(|graded| &graded.checkpoint).filter(|it| has_the_same(it, recorded));
            let newest = same.filter(|it| it.source.is_some()).max_by_key(|it| (it.taken_at, &it.id));
            newest.and_then(|it| it.source.clone())
        };
        match self {
            Origin::Deployed => folder,
            Origin::Found => past().or(folder),
            Origin::Before => past(),
        }
    }
}

/// The tag that git is asked to put on the folder's commit before a deploy: `{time}` is that of the checkpoint (UTC),
/// `{checkpoint}` its id.
#[must_use]
pub fn tag_name(pattern: &str, checkpoint: &CheckpointId, taken_at: Timestamp) -> String {
    let time = taken_at.strftime("%Y%m%d-%H%M%S").to_string();
    pattern.replace("{time}", &time).replace("{checkpoint}", checkpoint.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::id::{EnvironmentName, ServiceName};
    use crate::inventory::{Artifact, Detail, ExecArtifact, Grade, Version};

    fn checkpoint(second: i64, code: &str, commit: Option<&str>) -> Checkpoint {
        let service = ServiceName::new("app").unwrap();
        let taken_at = Timestamp::from_second(second).unwrap();
        let artifact = Artifact {
            service: service.clone(),
            version: Version { code: code.to_owned(), spec: String::new() },
            label: code.to_owned(),
            replicas: 1,
            files: Vec::new(),
            detail: Detail::Exec(ExecArtifact { state: serde_json::Value::Null }),
        };
        Checkpoint {
            id: CheckpointId::mint(taken_at, 0),
            environment: EnvironmentName::new("staging").unwrap(),
            taken_at,
            run: None,
            why: String::new(),
            artifacts: BTreeMap::from([(service, artifact)]),
            absent: Vec::new(),
            databases: BTreeMap::new(),
            source: commit.map(|commit| Source { commit: commit.to_owned(), is_dirty: false }),
            said: BTreeMap::new(),
            tag: None,
        }
    }

    #[test]
    fn what_runs_before_a_deploy_is_not_said_to_be_of_the_commit_that_is_about_to_come() {
        let good = |checkpoint| Graded { checkpoint, grade: Grade::Good, why: String::new(), is_retained: true };
        let earlier = [
            good(checkpoint(1, "v1", Some("older"))),
            good(checkpoint(2, "v1", Some("newer"))),
            good(checkpoint(3, "v1", None)),
            good(checkpoint(4, "v2", Some("other"))),
        ];
        let folder = || Some(Source { commit: "folder".to_owned(), is_dirty: true });
        let of = |origin: Origin, code| {
            let source = origin.source(&checkpoint(9, code, None), folder(), &earlier);
            source.map(|source| source.to_string())
        };
        let here = "folder, with uncommitted changes";
        let table = [
            (Origin::Deployed, "v1", Some(here)),
            (Origin::Found, "v1", Some("newer")),
            (Origin::Found, "v9", Some(here)),
            (Origin::Before, "v1", Some("newer")),
            (Origin::Before, "v9", None),
        ];
        for (origin, code, expected) in table {
            assert_eq!(of(origin, code).as_deref(), expected, "{origin:?} {code}");
        }
    }

    #[test]
    fn a_tag_bears_the_time_of_its_checkpoint() {
        let taken_at: Timestamp = "2026-11-21T08:09:10Z".parse().unwrap();
        let name = |pattern| tag_name(pattern, &CheckpointId::new("cp-1").unwrap(), taken_at);
        assert_eq!(name("pre-deploy-{time}"), "pre-deploy-20261121-080910");
        assert_eq!(name("{checkpoint}/before"), "cp-1/before");
    }
}
