//! The git work tree that a folder is in: what is checked out, what words of git stand for, and tags.
//!
//! Contract: looking takes no locks and writes nothing. Where no `.git` is above the folder, git is not called.

use std::path::{Path, PathBuf};
use std::time::Duration;

use backout_core::inventory::Source;
use backout_core::port::{Pending, PortError, Repository};

use super::{argv, parse};
use crate::command::{Command, Environment};
use crate::git;

/// How long git may take here: nothing waits for a tag, and nothing is as good as no answer.
const LIMIT: Duration = Duration::from_secs(20);

/// The work tree of a folder, if it is in one.
#[derive(Debug, Clone)]
pub struct GitRepository {
    folder: PathBuf,
    environment: Environment,
}

/// A commit with those that it was built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestry {
    /// Each commit with its tree, the one that was asked for first.
    pub commits: Vec<(String, String)>,
    /// The commit that is checked out.
    pub head: String,
}

impl GitRepository {
    /// The work tree that a folder is in.
    #[must_use]
    pub fn of(folder: &Path, environment: &Environment) -> Self {
        Self { folder: folder.to_path_buf(), environment: environment.clone() }
    }

    /// What a tag, a branch or `HEAD~2` stands for; `None` where git does not know such a commit, or there is no work tree.
    ///
    /// # Errors
    /// Where git cannot be asked.
    pub async fn ancestry(&self, words: &str) -> Result<Option<Ancestry>, PortError> {
        let Some(commit) = self.commit(words).await? else { return Ok(None) };
        let text = self.git(argv::git_ancestry(&commit)).run().await?.text();
        let commits = parse::commits_with_trees(&text).collect();
        Ok(self.commit("HEAD").await?.map(|head| Ancestry { commits, head }))
    }

    async fn commit(&self, words: &str) -> Result<Option<String>, PortError> {
        if !self.is_there() {
            return Ok(None);
        }
        Ok(parse::object_id(self.git(argv::git_commit_of(words)).output().await?.text().trim_end()))
    }

    /// Whether the folder is in a work tree at all.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.folder.ancestors().any(|folder| folder.join(".git").exists())
    }

    fn git(&self, arguments: Vec<String>) -> Command {
        git::call(&self.folder, &self.environment, arguments).limit(LIMIT)
    }
}

impl Repository for GitRepository {
    fn source(&self) -> Pending<'_, Result<Option<Source>, PortError>> {
        Box::pin(async move {
            let Some(commit) = self.commit("HEAD").await? else { return Ok(None) };
            let status = self.git(argv::git_status()).run().await?.text();
            Ok(Some(Source { commit, is_dirty: !parse::changed_paths(&status).is_empty() }))
        })
    }

    fn tag<'a>(&'a self, name: &'a str) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            let shown = self.folder.display();
            let Some(head) = self.commit("HEAD").await? else {
                return Err(PortError::new(format!("`{shown}` is in no git work tree that has a commit"))
                    .hint("remove `guard.tag`, or keep the configuration in the work tree"));
            };
            match self.commit(&format!("refs/tags/{name}")).await? {
                Some(there) if there == head => return Ok(head),
                Some(there) => {
                    return Err(PortError::new(format!("the tag `{name}` is on {} already", Source::short(&there))));
                }
                None => {}
            }
            self.git(argv::git_tag(name, &head)).run().await?;
            Ok(head)
        })
    }
}
