//! A git work tree.
//!
//! Contract: a version's code is the id of its *tree*, so that undoing commits by new ones arrives at the same version;
//! its spec is empty, or a digest of uncommitted changes. Uncommitted changes are never lost: a tree that has any is not
//! switched. Looking takes no locks and writes nothing.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use backout_core::config::GitMode;
use backout_core::id::{CheckpointId, Digest};
use backout_core::inventory::Version;
use backout_core::port::{PortError, Preflight};
use jiff::Timestamp;

use super::{Loaded, Standing, revert};
use crate::command::{Command, Environment};
use crate::git;
use crate::host::{argv, parse};

/// How long a build may take; the step's own limit is what counts.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);
/// How many paths an error names.
const NAMED_PATHS: usize = 5;
/// How much earlier than `HEAD` moved a process may seem to have started and still have been started from it.
const CLOCK_SLACK: Duration = Duration::from_millis(50);

/// The work tree of one service.
#[derive(Debug, Clone)]
pub(crate) struct WorkTree {
    root: PathBuf,
    branch: Option<String>,
    mode: GitMode,
    build: Vec<String>,
    environment: Environment,
}

impl WorkTree {
    pub(crate) fn new(
        root: &str,
        branch: Option<String>,
        mode: GitMode,
        build: Vec<String>,
        environment: &Environment,
    ) -> Self {
        Self { root: PathBuf::from(root), branch, mode, build, environment: environment.clone() }
    }

    /// Runs git here and returns what it printed.
    pub(super) async fn git(&self, arguments: Vec<String>) -> Result<String, PortError> {
        Ok(self.command(arguments).run().await?.text())
    }

    fn command(&self, arguments: Vec<String>) -> Command {
        git::call(&self.root, &self.environment, arguments)
    }

    /// What is checked out; `None` where there is no such folder.
    pub(crate) async fn current(&self) -> Result<Option<Standing>, PortError> {
        if !self.root.exists() {
            return Ok(None);
        }
        let commit = self.head().await?;
        Ok(Some(self.standing(&commit, self.uncommitted().await?)))
    }

    pub(super) async fn head(&self) -> Result<parse::Commit, PortError> {
        let text = self.git(argv::git_head()).await?;
        let found = parse::commits(&text).into_iter().next();
        found.ok_or_else(|| PortError::new(format!("could not understand what git said of `{}`", self.shown())))
    }

    fn standing(&self, commit: &parse::Commit, uncommitted: Option<Digest>) -> Standing {
        let mut label = commit.label();
        if uncommitted.is_some() {
            label.push_str(" + uncommitted changes");
        }
        let spec = uncommitted.map(|digest| digest.as_str().to_owned()).unwrap_or_default();
        Standing { version: Version { code: commit.tree.clone(), spec }, label, folder: self.root.clone() }
    }

    async fn changed(&self) -> Result<Vec<String>, PortError> {
        Ok(parse::changed_paths(&self.git(argv::git_status()).await?))
    }

    async fn uncommitted(&self) -> Result<Option<Digest>, PortError> {
        if self.changed().await?.is_empty() {
            return Ok(None);
        }
        let differences = self.command(argv::git_differences()).run().await?.stdout;
        Ok(Some(Digest::of(&differences)))
    }

    /// What a process was started from: what `HEAD` was when it last read its code. A service without a known start is
    /// taken to run what is checked out.
    pub(crate) async fn loaded(&self, process: &Loaded) -> Result<Option<Standing>, PortError> {
        let Some(current) = self.current().await? else { return Ok(None) };
        let (Some(at), Some(moved)) = (process.at(), self.moved().await?) else { return Ok(Some(current)) };
        if at + CLOCK_SLACK >= moved {
            return Ok(Some(current));
        }
        let before = parse::reflog(&self.git(argv::git_reflog()).await?);
        let commit = before.into_iter().skip(1).find(|(_, since)| *since <= at.as_second()).map(|(commit, _)| commit);
        Ok(Some(match commit {
            Some(commit) if commit.tree == current.version.code => current,
            Some(commit) => self.standing(&commit, None),
            None => Standing {
                version: Version { code: "?".to_owned(), spec: String::new() },
                label: "a commit from before git's records".to_owned(),
                folder: current.folder,
            },
        }))
    }

    /// When `HEAD` last moved, as exactly as the file system knows; `None` where git keeps no record of that.
    async fn moved(&self) -> Result<Option<Timestamp>, PortError> {
        let path = self.git(argv::git_reflog_path()).await?;
        let found = fs::metadata(self.root.join(path.trim_end())).and_then(|log| log.modified()).ok();
        Ok(found.and_then(|at| Timestamp::try_from(at).ok()))
    }

    /// Keeps a version's commit from garbage collection.
    pub(crate) async fn pin(&self, version: &Version, checkpoint: &CheckpointId) -> Result<(), PortError> {
        match self.find(version).await? {
            Some(commit) => self.git(argv::git_pin(checkpoint, &commit)).await.map(drop),
            None => Ok(()),
        }
    }

    pub(crate) async fn unpin(&self, checkpoint: &CheckpointId) -> Result<(), PortError> {
        if !self.root.exists() {
            return Ok(());
        }
        self.git(argv::git_unpin(checkpoint)).await.map(drop)
    }

    /// A commit with a version's tree: what is checked out, one kept for a checkpoint, or any that git still has.
    async fn find(&self, version: &Version) -> Result<Option<String>, PortError> {
        let head = self.head().await?;
        if head.tree == version.code {
            return Ok(Some(head.id));
        }
        for listing in [argv::git_pins(), argv::git_everything()] {
            let text = self.git(listing).await?;
            if let Some((commit, _)) = parse::commits_with_trees(&text).find(|(_, tree)| *tree == version.code) {
                return Ok(Some(commit));
            }
        }
        Ok(None)
    }

    pub(crate) async fn preflight(&self, version: &Version) -> Preflight {
        match self.way_to(version).await {
            Ok(Way::Stay | Way::CheckOut(_) | Way::Undo(_)) => Preflight::Present,
            Ok(Way::None { why }) => Preflight::Gone { why },
            Err(error) => Preflight::Unknown { why: with_hint(error) },
        }
    }

    /// Makes a version the one that is checked out, and builds it.
    pub(crate) async fn go(&self, version: &Version) -> Result<Standing, PortError> {
        let mut left = None;
        match self.way_to(version).await? {
            Way::Stay => (),
            Way::CheckOut(commit) => {
                left = self.checked_out_branch().await?;
                self.git(argv::git_checkout(&commit)).await.map(drop)?;
            }
            Way::Undo(commits) => revert::undo(self, &commits).await?,
            Way::None { why } => {
                return Err(PortError::new(why).hint("choose another checkpoint: `backout checkpoint list`"));
            }
        }
        let arrived = self.head().await?;
        if arrived.tree != version.code {
            return Err(PortError::new(format!(
                "`{}` is at {} now, which is not the wanted tree",
                self.shown(),
                arrived.id
            ))
            .hint("another process moved it meanwhile; stop that and resume"));
        }
        self.build().await?;
        let mut standing = self.standing(&arrived, None);
        if let Some(branch) = left {
            standing.label.push_str(&format!(" (detached; `git switch {branch}` leads back)"));
        }
        Ok(standing)
    }

    /// How a version is reached from here, without reaching it. Fails where uncommitted changes would be lost.
    async fn way_to(&self, version: &Version) -> Result<Way, PortError> {
        let current = self.current().await?;
        if current.is_some_and(|current| current.version == *version) {
            return Ok(Way::Stay);
        }
        if !version.spec.is_empty() {
            let why =
                format!("it was recorded with uncommitted changes in `{}`, which git does not have", self.shown());
            return Ok(Way::None { why });
        }
        self.refuse_uncommitted(&self.changed().await?)?;
        match self.mode {
            GitMode::Checkout => Ok(match self.find(version).await? {
                Some(commit) => Way::CheckOut(commit),
                None => Way::None { why: format!("`{}` has no commit with tree {}", self.shown(), version.code) },
            }),
            GitMode::Revert => self.way_by_undoing(version).await,
        }
    }

    async fn way_by_undoing(&self, version: &Version) -> Result<Way, PortError> {
        let branch = self.checked_out_branch().await?;
        if let Some(wanted) = self.branch.as_deref().filter(|wanted| Some(*wanted) != branch.as_deref()) {
            let found = branch.map_or_else(|| "no branch".to_owned(), |branch| format!("`{branch}`"));
            let what = format!("`{}` is on {found}, not on `{wanted}`", self.shown());
            return Err(PortError::new(what).hint(format!("`git -C {} switch {wanted}`, then resume", self.shown())));
        }
        let line = parse::commits(&self.git(argv::git_line()).await?);
        Ok(match line.iter().position(|commit| commit.tree == version.code) {
            Some(good) => Way::Undo(line.into_iter().take(good + 1).collect()),
            None => Way::None {
                why: format!("tree {} is not among the ancestors of `HEAD` in `{}`", version.code, self.shown()),
            },
        })
    }

    /// The branch that is checked out; `None` where `HEAD` is detached: git then prints nothing and ends with code 1.
    async fn checked_out_branch(&self) -> Result<Option<String>, PortError> {
        let branch = self.command(argv::git_branch()).output().await?.text();
        Ok(Some(branch.trim_end().to_owned()).filter(|branch| !branch.is_empty()))
    }

    fn refuse_uncommitted(&self, changed: &[String]) -> Result<(), PortError> {
        if changed.is_empty() {
            return Ok(());
        }
        let named = changed.iter().take(NAMED_PATHS).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let more = changed.len().saturating_sub(NAMED_PATHS);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let what = format!("`{}` has uncommitted changes that going back would lose: {named}{more}", self.shown());
        Err(PortError::new(what)
            .hint(format!("keep them with `git -C {} stash` or commit them, then resume", self.shown())))
    }

    async fn build(&self) -> Result<(), PortError> {
        let Some((program, arguments)) = self.build.split_first() else { return Ok(()) };
        let command = Command::new(program, &self.environment).args(arguments).folder(&self.root).limit(BUILD_LIMIT);
        match command.run().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let port = PortError::from(error);
                Err(PortError::new(format!(
                    "the build of `{}` failed, and nothing was restarted: {}",
                    self.shown(),
                    port.what
                ))
                .hint(port.hint.unwrap_or_else(|| "run it by hand, then resume".to_owned())))
            }
        }
    }

    pub(crate) async fn evidence(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for (name, arguments) in [
            ("git-status.txt", argv::git_status()),
            ("git-log.txt", argv::git_recent()),
            ("git-diff.txt", argv::git_differences()),
        ] {
            let content = self.git(arguments).await.unwrap_or_else(with_hint);
            files.push((name.to_owned(), content.replace('\0', "\n").into_bytes()));
        }
        files
    }

    pub(super) fn shown(&self) -> String {
        self.root.display().to_string()
    }
}

/// How a version is reached.
enum Way {
    /// It is there.
    Stay,
    /// By checking out a commit.
    CheckOut(String),
    /// By undoing commits: from `HEAD` back to the good one, which is the last.
    Undo(Vec<parse::Commit>),
    /// Not at all.
    None { why: String },
}

fn with_hint(error: PortError) -> String {
    match error.hint {
        Some(hint) => format!("{}; {hint}", error.what),
        None => error.what,
    }
}
