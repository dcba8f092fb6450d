//! A revert in the repository: a commit that gives the folder of an Application the content it had, and leaves the rest of
//! the repository as it is.
//!
//! Contract: the commit stands on the newest one of the branch and is pushed only if that is still so. A folder that has that
//! content already is left alone, so that a revert that was interrupted is not made twice.

use std::time::Duration;

use backout_adapters::command::Command;
use backout_core::port::PortError;

use super::git::{Clones, Folder};
use super::seen::short;

/// How often a push that lost against another one is tried.
const TRIES: u32 = 5;
/// How long the user's own command may take to publish.
const PUBLISHES_WITHIN: Duration = Duration::from_secs(120);
/// Who commits, where the user has not said.
const WHO: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "backout"),
    ("GIT_AUTHOR_EMAIL", "backout@localhost"),
    ("GIT_COMMITTER_NAME", "backout"),
    ("GIT_COMMITTER_EMAIL", "backout@localhost"),
];

/// What is to be reverted.
pub(super) struct Revert<'a> {
    pub(super) clones: &'a Clones,
    pub(super) folder: Folder,
    pub(super) application: &'a str,
    pub(super) branch: String,
    /// The commit whose content comes back.
    pub(super) commit: &'a str,
    /// The command that publishes it; `None` pushes to the branch.
    pub(super) publish: Option<&'a [String]>,
}

/// How a revert ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reverted {
    /// The branch has the content at this commit.
    Pushed(String),
    /// It was published as a branch of this name, and waits for somebody to merge it.
    Published(String),
}

impl Revert<'_> {
    /// Makes the commit and publishes it.
    pub(super) async fn run(&self) -> Result<Reverted, PortError> {
        let wanted = self.clones.tree(&self.folder, self.commit).await?;
        let mut tries = 0;
        loop {
            let tip = self.clones.tip(&self.folder, &self.branch).await?;
            if self.clones.tree(&self.folder, &tip).await? == wanted {
                return Ok(Reverted::Pushed(tip));
            }
            let commit = self.commit_on(&tip).await?;
            if let Some(publish) = self.publish {
                return self.publish(publish, &tip, &commit).await.map(Reverted::Published);
            }
            match self.push(&commit, &self.branch).await {
                Ok(()) => return Ok(Reverted::Pushed(commit)),
                Err(_) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// A commit on `tip` that has the folder as it was.
    async fn commit_on(&self, tip: &str) -> Result<String, PortError> {
        let tree = self.tree_on(tip).await?;
        let message = self.message(tip).await?;
        let arguments = ["commit-tree", "-p", tip, "-m", &message, &tree].map(str::to_owned);
        self.clones.local_with(&self.folder, &arguments, &WHO).await
    }

    /// The tree of `tip` with the folder as it was, made in an index of its own.
    async fn tree_on(&self, tip: &str) -> Result<String, PortError> {
        if self.folder.path == "." {
            return self.git(&["rev-parse", &format!("{}^{{tree}}", self.commit)], None).await;
        }
        let index = tempfile::tempdir().map_err(|error| PortError::new(format!("no temporary folder: {error}")))?;
        let index = index.path().join("index").display().to_string();
        let path = &self.folder.path;
        self.git(&["read-tree", tip], Some(&index)).await?;
        self.git(&["rm", "-r", "--quiet", "--cached", "--ignore-unmatch", "--", path], Some(&index)).await?;
        let (prefix, then) = (format!("--prefix={path}/"), format!("{}:{path}", self.commit));
        // A bare clone has no work tree to compare with: `-i` looks at the index alone.
        self.git(&["read-tree", "-i", &prefix, &then], Some(&index)).await?;
        self.git(&["write-tree"], Some(&index)).await
    }

    /// Says what is taken back.
    async fn message(&self, tip: &str) -> Result<String, PortError> {
        let range = format!("{}..{tip}", self.commit);
        let format = "--format=%h %s";
        let arguments = ["log", "--max-count=50", format, "--end-of-options", &range, "--", &self.folder.path];
        let undone = self.git(&arguments, None).await?;
        let to = short(self.commit);
        Ok(format!("Revert {} to {to}\n\nTaken back by backout:\n\n{undone}", self.application))
    }

    async fn push(&self, commit: &str, branch: &str) -> Result<(), PortError> {
        self.git(&["push", "--quiet", "origin", &format!("{commit}:refs/heads/{branch}")], None).await.map(drop)
    }

    /// Pushes a branch of its own and runs the user's command, which finds its name in `BACKOUT_BRANCH`. A change that was
    /// opened is not opened again: the clone keeps a reference for each branch that the command has published.
    async fn publish(&self, command: &[String], tip: &str, commit: &str) -> Result<String, PortError> {
        // Another tip is another change: what was merged or refused before is not taken for this one.
        let branch = format!("backout/{}-{}-to-{}", self.application, short(tip), short(self.commit));
        let published = format!("refs/backout/published/{branch}");
        let is_pushed = self.clones.tip(&self.folder, &branch).await.is_ok();
        if is_pushed && self.git(&["rev-parse", "--verify", "--quiet", &published], None).await.is_ok() {
            return Ok(branch);
        }
        if !is_pushed {
            self.push(commit, &branch).await?;
        }
        let (program, arguments) = command.split_first().ok_or_else(|| PortError::new("`publish` is empty"))?;
        Command::new(program, self.clones.environment())
            .args(arguments.to_vec())
            .env("BACKOUT_BRANCH", &branch)
            .env("BACKOUT_BASE", &self.branch)
            .folder(self.clones.place(&self.folder))
            .limit(PUBLISHES_WITHIN)
            .run()
            .await?;
        self.git(&["update-ref", &published, commit], None).await?;
        Ok(branch)
    }

    async fn git(&self, arguments: &[&str], index: Option<&str>) -> Result<String, PortError> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let variables: Vec<(&str, &str)> = index.iter().map(|index| ("GIT_INDEX_FILE", *index)).collect();
        self.clones.local_with(&self.folder, &arguments, &variables).await
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::git::tests::{environment, git};
    use super::*;

    /// Commits `version` to the folder of an Application, and something to a folder beside it; answers with the commit.
    #[expect(clippy::disallowed_methods, reason = "files of a test, in a folder that goes with it")]
    async fn commit(work: &Path, version: &str) -> String {
        for folder in ["apps/catalog", "apps/other"] {
            std::fs::create_dir_all(work.join(folder)).unwrap();
            std::fs::write(work.join(folder).join(format!("{version}.yaml")), version).unwrap();
        }
        git(work, &["add", "--all"]).await;
        git(work, &["commit", "--quiet", "-m", version]).await;
        git(work, &["push", "--quiet", "origin", "HEAD:refs/heads/main"]).await;
        git(work, &["rev-parse", "HEAD"]).await
    }

    #[tokio::test]
    async fn revert_gives_the_folder_its_content_back_and_leaves_the_rest_alone() {
        let place = tempfile::tempdir().unwrap();
        let (origin, work) = (place.path().join("origin.git"), place.path().join("work"));
        git(place.path(), &["init", "--quiet", "--bare", "-b", "main", &origin.display().to_string()]).await;
        git(place.path(), &["clone", "--quiet", &origin.display().to_string(), &work.display().to_string()]).await;
        let good = commit(&work, "good").await;
        let bad = commit(&work, "bad").await;
        let clones = Clones::new(place.path().join("clones"), &environment());
        let folder = Folder { repository: origin.display().to_string(), path: "apps/catalog".to_owned() };
        let branch = clones.default_branch(&folder).await.unwrap();
        assert_eq!(branch, "main");
        let revert = Revert { clones: &clones, folder, application: "catalog", branch, commit: &good, publish: None };

        let Reverted::Pushed(made) = revert.run().await.unwrap() else { panic!("it was to be pushed") };

        assert_eq!(git(&origin, &["rev-parse", "main", "main~1"]).await, format!("{made}\n{bad}"));
        let files = git(&origin, &["ls-tree", "-r", "--name-only", "main"]).await;
        assert_eq!(files, "apps/catalog/good.yaml\napps/other/bad.yaml\napps/other/good.yaml");
        assert!(git(&origin, &["log", "-1", "--format=%B", "main"]).await.contains("bad"), "it says what it took back");
        assert_eq!(revert.run().await.unwrap(), Reverted::Pushed(made), "it is not made twice");
    }
}
