//! The state directory: where the journal, the blobs, the key and the logs are.
//!
//! Contract: a [`StateDir`] from [`StateDir::create`] exists, belongs to the user that runs, cannot be written by
//! others and is ignored by git. Who resolves the place passes the environment in.
//!
//! | entry | what |
//! |---|---|
//! | `journal.db` | records and leases (SQLite; `-wal` and `-shm` beside it while in use) |
//! | `journal.head` | the newest record's number and hash, so that a missing tail is noticed |
//! | `blobs/` | captured content, encrypted |
//! | `key` | the key of the blobs, mode 0600 |
//! | `logs/` | what detached processes say |
//! | `.gitignore` | keeps all of it out of version control |

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use backout_core::port::StoreError;

use crate::state::durable;
use crate::state::failure::Failure;

const GITIGNORE: &[u8] = b"# Written by backout: state is kept on this machine, and is never committed.\n*\n";
const FOLDERS: [&str; 2] = ["blobs", "logs"];
/// What may be in a directory that a crash kept from being finished, and what a fresh file system has by itself.
const KNOWN: [&str; 7] = ["blobs", "logs", "key", "journal.head", ".gitignore", "evidence", "lost+found"];

/// What decides on the place of the state directory; the environment's part comes in as values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Places<'a> {
    /// What the person named with `--state`.
    pub named: Option<&'a Path>,
    /// The folder that the configuration file is in.
    pub beside: Option<&'a Path>,
    /// `$XDG_STATE_HOME`.
    pub xdg_state_home: Option<&'a Path>,
    /// `$HOME`.
    pub home: Option<&'a Path>,
}

impl Places<'_> {
    /// The place: the one named, else `.backout` beside the configuration, else `backout` in the user's state folder.
    /// `None` where there is none of them. Relative values of `$XDG_STATE_HOME` are ignored, as its specification
    /// asks.
    #[must_use]
    pub fn resolve(&self) -> Option<PathBuf> {
        let xdg = self.xdg_state_home.filter(|path| path.is_absolute());
        self.named
            .map(Path::to_path_buf)
            .or_else(|| self.beside.map(|folder| folder.join(".backout")))
            .or_else(|| xdg.map(|folder| folder.join("backout")))
            .or_else(|| self.home.map(|folder| folder.join(".local/state/backout")))
    }
}

/// A state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir {
    root: PathBuf,
}

impl StateDir {
    /// Makes the directory and what belongs into it, with mode 0700; does nothing to what is there already.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where it cannot be made, belongs to another user, can be written by others, or is a
    /// folder that holds other things.
    pub fn create(root: &Path) -> Result<Self, StoreError> {
        let root = std::path::absolute(root).map_err(|error| Failure::io("resolve", root, error))?;
        make_folder(&root)?;
        let dir = Self { root };
        dir.check_owner()?;
        dir.check_is_ours()?;
        for folder in FOLDERS {
            make_folder(&dir.root.join(folder))?;
        }
        dir.ignore_in_git()?;
        Ok(dir)
    }

    /// The directory as it is, for reading: nothing is made, and it need not exist.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf()) }
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.db")
    }

    /// The second copy of the journal's newest hash.
    #[must_use]
    pub fn journal_head(&self) -> PathBuf {
        self.root.join("journal.head")
    }

    /// The folder of the blobs.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// The key of the blobs.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.root.join("key")
    }

    /// The folder of the logs of detached processes.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// A directory of somebody else is not written to: the files would end up with two owners, and neither of them
    /// could go on. Reading it is fine.
    pub(crate) fn check_owner(&self) -> Result<(), Failure> {
        let meta = fs::metadata(&self.root).map_err(|error| Failure::io("look at", &self.root, error))?;
        let (user, path) = (rustix::process::geteuid().as_raw(), self.root.display());
        if meta.uid() != user {
            return Err(Failure::new(
                format!("the state directory `{path}` belongs to user {}, and backout runs as user {user}", meta.uid()),
                format!("run backout as the owner, `chown -R {user}` the directory, or name another with `--state`"),
            ));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(Failure::new(
                format!("the state directory `{path}` can be written by other users"),
                format!("run `chmod go-w {path}`"),
            ));
        }
        Ok(())
    }

    /// Keeps `--state .` from turning a folder with other things in it into one that git ignores.
    fn check_is_ours(&self) -> Result<(), Failure> {
        if self.journal().exists() {
            return Ok(());
        }
        let entries = fs::read_dir(&self.root).map_err(|error| Failure::io("read", &self.root, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Failure::io("read", &self.root, error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !KNOWN.contains(&name.as_str())
                && !name.ends_with(durable::UNFINISHED)
                && !name.starts_with("journal.db")
            {
                return Err(Failure::new(
                    format!("`{}` is not a state directory of backout: it holds `{name}`", self.root.display()),
                    "name an empty or a new folder with `--state`",
                ));
            }
        }
        Ok(())
    }

    fn ignore_in_git(&self) -> Result<(), Failure> {
        let path = self.root.join(".gitignore");
        if path.exists() {
            return Ok(());
        }
        match durable::create(&path, GITIGNORE, 0o600) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(Failure::io("create", &path, error)),
            _ => Ok(()),
        }
    }
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        // What is there under this name is a file, or the folder that another process has just made.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !path.is_dir() => {
            Err(Failure::io("create", path, io::ErrorKind::NotADirectory.into()))
        }
        Err(error) if !path.is_dir() => Err(Failure::io("create", path, error)),
        _ => durable::sync_folder_of(path).map_err(|error| Failure::io("create", path, error)),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what is in these files does not matter")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn unusable(result: Result<StateDir, StoreError>) -> (String, String) {
        match result.unwrap_err() {
            StoreError::Unusable { what, hint, .. } => (what, hint),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn directory_is_private_and_ignored_by_git() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = StateDir::create(&tmp.path().join("a/.backout")).unwrap();
        assert_eq!([mode(dir.root()), mode(&dir.blobs()), mode(&dir.logs())], [0o700; 3]);
        let ignored = fs::read_to_string(dir.root().join(".gitignore")).unwrap();
        assert!(ignored.lines().any(|line| line == "*"), "{ignored}");
    }

    #[test]
    fn creating_twice_changes_nothing() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = StateDir::create(&tmp.path().join("s")).unwrap();
        fs::write(dir.root().join(".gitignore"), "mine").unwrap();
        assert_eq!(StateDir::create(dir.root()).unwrap(), dir);
        assert_eq!(fs::read_to_string(dir.root().join(".gitignore")).unwrap(), "mine");
    }

    #[test]
    fn folder_with_other_things_is_refused_and_left_alone() {
        let tmp = tempfile::tempdir().unwrap();
        fs::write(tmp.path().join("backout.yaml"), "version: 1").unwrap();
        let (what, hint) = unusable(StateDir::create(tmp.path()));
        assert!(what.contains("backout.yaml") && hint.contains("--state"), "{what} {hint}");
        assert_eq!(fs::read_dir(tmp.path()).unwrap().count(), 1);
    }

    #[test]
    fn file_in_the_place_of_the_directory_is_said_to_be_one() {
        let tmp = tempfile::tempdir().unwrap();
        let file = tmp.path().join("file");
        fs::write(&file, "").unwrap();
        for place in [file.clone(), file.join("below")] {
            let (what, hint) = unusable(StateDir::create(&place));
            assert!(what.contains("is a file, not a folder") && hint.contains("--state"), "{what} {hint}");
        }
    }

    #[test]
    fn directory_that_others_can_write_is_refused() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = StateDir::create(&tmp.path().join("s")).unwrap();
        fs::set_permissions(dir.root(), fs::Permissions::from_mode(0o770)).unwrap();
        let (what, hint) = unusable(StateDir::create(dir.root()));
        assert!(what.contains("can be written by other users") && hint.contains("chmod"), "{what} {hint}");
    }

    #[test]
    fn place_named_by_the_person_comes_first_and_relative_xdg_is_ignored() {
        let [named, beside, xdg, home] = ["/n", "/b", "/x", "/h"].map(Path::new);
        let mut places =
            Places { named: Some(named), beside: Some(beside), xdg_state_home: Some(xdg), home: Some(home) };
        let mut seen = vec![places.resolve()];
        places.named = None;
        seen.push(places.resolve());
        places.beside = None;
        seen.push(places.resolve());
        places.xdg_state_home = Some(Path::new("x"));
        seen.push(places.resolve());
        let expected = ["/n", "/b/.backout", "/x/backout", "/h/.local/state/backout"];
        assert_eq!(seen, expected.map(|path| Some(PathBuf::from(path))));
        assert_eq!(Places::default().resolve(), None);
    }
}
