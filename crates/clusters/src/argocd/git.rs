//! Bare clones of the repositories that Applications are synced from.
//!
//! Contract: git is called so that it neither asks nor wanders off, nothing that comes from data can be taken for an option,
//! a push never overwrites what somebody else pushed, and one process at a time fetches into a clone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backout_adapters::command::{Command, Environment};
use backout_adapters::git;
use backout_core::id::Digest;
use backout_core::port::PortError;
use tokio::sync::Mutex;

use super::alone::Alone;

/// How long git may take with a repository over the network.
const LIMIT: Duration = Duration::from_secs(300);

/// A folder of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Folder {
    /// As `git clone` takes it.
    pub(super) repository: String,
    /// The folder; `.` is all of it.
    pub(super) path: String,
}

/// The clones, one a repository.
pub(super) struct Clones {
    root: PathBuf,
    environment: Environment,
    /// Trees that were looked up: what a commit holds does not change.
    trees: Mutex<BTreeMap<(Folder, String), String>>,
}

impl Clones {
    pub(super) fn new(root: PathBuf, environment: &Environment) -> Self {
        Self { root, environment: git::scrubbed(environment), trees: Mutex::default() }
    }

    /// The id of what a folder holds at a commit. The repository is asked only for commits that are not here.
    pub(super) async fn tree(&self, folder: &Folder, commit: &str) -> Result<String, PortError> {
        let mut trees = self.trees.lock().await;
        let key = (folder.clone(), commit.to_owned());
        if let Some(tree) = trees.get(&key) {
            return Ok(tree.clone());
        }
        let tree = match self.local(folder, &tree_of(folder, commit)).await {
            Ok(tree) => tree,
            Err(_) => {
                self.fetched(folder).await?;
                self.local(folder, &tree_of(folder, commit)).await?
            }
        };
        trees.insert(key, tree.clone());
        Ok(tree)
    }

    /// The newest commit of a branch, as the repository has it now. `HEAD` is its default branch.
    pub(super) async fn tip(&self, folder: &Folder, branch: &str) -> Result<String, PortError> {
        self.fetched(folder).await?;
        let name = if branch == "HEAD" { "HEAD".to_owned() } else { format!("refs/heads/{branch}") };
        self.local(folder, &["rev-parse", "--verify", "--end-of-options", &name].map(str::to_owned)).await
    }

    /// The branch that is the repository's default.
    pub(super) async fn default_branch(&self, folder: &Folder) -> Result<String, PortError> {
        self.fetched(folder).await?;
        self.local(folder, &["symbolic-ref", "--short", "HEAD"].map(str::to_owned)).await
    }

    /// Runs git in the clone and returns what it printed, without the last line break.
    pub(super) async fn local(&self, folder: &Folder, arguments: &[String]) -> Result<String, PortError> {
        self.local_with(folder, arguments, &[]).await
    }

    /// The same with environment variables of its own.
    pub(super) async fn local_with(
        &self,
        folder: &Folder,
        arguments: &[String],
        variables: &[(&str, &str)],
    ) -> Result<String, PortError> {
        let command = self.git(&self.place(folder), arguments.to_vec());
        let command = variables.iter().fold(command, |command, (name, value)| command.env(*name, *value));
        Ok(command.run().await?.text().trim_end().to_owned())
    }

    /// Where the clone of a repository is.
    pub(super) fn place(&self, folder: &Folder) -> PathBuf {
        self.root.join(Digest::of(folder.repository.as_bytes()).short())
    }

    /// The environment that git gets.
    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Makes the clone what the repository is: its branches, also those that were forced, and its default branch.
    async fn fetched(&self, folder: &Folder) -> Result<(), PortError> {
        let place = self.place(folder);
        tokio::fs::create_dir_all(&self.root).await.map_err(|error| unusable(&self.root, &error))?;
        let _alone = Alone::at(&place, LIMIT).await?;
        if !place.join("HEAD").exists() {
            // A clone that was interrupted is not there under its name.
            let made = place.with_extension("new");
            if made.exists() {
                tokio::fs::remove_dir_all(&made).await.map_err(|error| unusable(&made, &error))?;
            }
            let target = made.display().to_string();
            let arguments = ["clone", "--quiet", "--bare", "--end-of-options", &folder.repository, &target];
            self.git(&self.root, arguments.map(str::to_owned).into()).run().await?;
            return tokio::fs::rename(&made, &place).await.map_err(|error| unusable(&place, &error));
        }
        let all = "+refs/heads/*:refs/heads/*";
        self.local(folder, &["fetch", "--quiet", "--prune", "origin", all].map(str::to_owned)).await.map(drop)
    }

    fn git(&self, folder: &Path, arguments: Vec<String>) -> Command {
        git::call(folder, &self.environment, arguments).limit(LIMIT)
    }
}

/// Asks for what a folder holds at a commit.
fn tree_of(folder: &Folder, commit: &str) -> [String; 4] {
    let what = if folder.path == "." { format!("{commit}^{{tree}}") } else { format!("{commit}:{}", folder.path) };
    ["rev-parse".to_owned(), "--verify".to_owned(), "--end-of-options".to_owned(), what]
}

pub(super) fn unusable(place: &Path, error: &std::io::Error) -> PortError {
    PortError::new(format!("the clone at `{}` cannot be used: {error}", place.display()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
    pub(in crate::argocd) fn environment() -> Environment {
        std::env::vars_os().collect()
    }

    /// Runs git as somebody who may commit; answers with what it printed.
    pub(in crate::argocd) async fn git(folder: &Path, words: &[&str]) -> String {
        let who = ["-c", "user.name=t", "-c", "user.email=t@localhost"].map(str::to_owned);
        let words = who.into_iter().chain(words.iter().map(|word| (*word).to_owned())).collect();
        git::call(folder, &environment(), words).run().await.unwrap().text().trim().to_owned()
    }

    /// A repository, as clones are made of it.
    async fn repository(place: &Path) -> Folder {
        let origin = place.join("origin");
        git(place, &["init", "--quiet", "-b", "main", &origin.display().to_string()]).await;
        git(&origin, &["commit", "--quiet", "--allow-empty", "-m", "first"]).await;
        Folder { repository: origin.display().to_string(), path: ".".to_owned() }
    }

    /// A new commit, which many branches have, so that fetching them takes a while.
    async fn commit(folder: &Folder) -> String {
        let origin = Path::new(&folder.repository);
        git(origin, &["commit", "--quiet", "--allow-empty", "-m", "next"]).await;
        for number in 0..20 {
            git(origin, &["branch", "--force", &format!("b{number}")]).await;
        }
        git(origin, &["rev-parse", "HEAD"]).await
    }

    #[tokio::test]
    async fn a_lock_that_a_killed_git_left_stands_in_nobodys_way() {
        let place = tempfile::tempdir().unwrap();
        let folder = repository(place.path()).await;
        let clones = Clones::new(place.path().join("clones"), &environment());
        clones.tip(&folder, "main").await.unwrap();
        let left = ["refs/heads/main.lock", "packed-refs.lock"].map(|lock| clones.place(&folder).join(lock));
        for lock in &left {
            std::fs::File::create_new(lock).unwrap();
        }
        let newest = commit(&folder).await;
        assert_eq!(clones.tip(&folder, "main").await.unwrap(), newest);
        assert!(left.iter().all(|lock| !lock.exists()));
    }

    #[tokio::test]
    async fn fetches_of_several_processes_do_not_meet() {
        let place = tempfile::tempdir().unwrap();
        let folder = repository(place.path()).await;
        // As several processes have it: they share the folder, and nothing else.
        let clones = [(); 4].map(|()| Clones::new(place.path().join("clones"), &environment()));
        for _ in 0..5 {
            let newest = commit(&folder).await;
            let [a, b, c, d] = &clones;
            let tips = tokio::join!(
                a.tip(&folder, "main"),
                b.tip(&folder, "main"),
                c.tip(&folder, "main"),
                d.tip(&folder, "main")
            );
            for tip in [tips.0, tips.1, tips.2, tips.3] {
                assert_eq!(tip.unwrap(), newest);
            }
        }
    }
}
