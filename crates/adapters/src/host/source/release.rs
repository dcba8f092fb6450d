//! Release folders: `root/releases/ID`, with `root/current` a link to one of them (Capistrano's layout).
//!
//! Contract: `current` is replaced in one step and never missing. A version is the folder's name. There is no digest of
//! its content: applications write into their release folder, and a digest would call that another version.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use backout_core::id::CheckpointId;
use backout_core::inventory::Version;
use backout_core::port::{PortError, Preflight};
use jiff::Timestamp;

use super::{Loaded, Standing, pin};
use crate::files::{explain, sync_folder};

/// How a version of this kind begins.
const PREFIX: &str = "release:";
/// The link while it is made.
const NEW_LINK: &str = ".current.backout";
/// How much earlier than the link a process may seem to have started and still have been started from it: process start
/// times are known to 10 ms.
const CLOCK_SLACK: std::time::Duration = std::time::Duration::from_millis(50);

/// The release folders of one service.
#[derive(Debug, Clone)]
pub(crate) struct Releases {
    root: PathBuf,
}

impl Releases {
    pub(crate) fn new(root: &str) -> Self {
        Self { root: PathBuf::from(root) }
    }

    fn link(&self) -> PathBuf {
        self.root.join("current")
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.root.join("releases").join(id)
    }

    fn standing(&self, id: &str) -> Standing {
        Standing {
            version: Version { code: format!("{PREFIX}{id}"), spec: String::new() },
            label: format!("release {id}"),
            folder: self.folder(id),
        }
    }

    /// The release that `current` points to; `None` where there is no such link.
    pub(crate) fn current(&self) -> Result<Option<Standing>, PortError> {
        let link = self.link();
        let target = match fs::read_link(&link) {
            Ok(target) => self.root.join(target),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                return Err(PortError::new(format!("`{}` is not a link to a release", link.display()))
                    .hint("move what is there to a folder under `releases` and make `current` a link to it"));
            }
            Err(error) => return Err(explain("read", &link, &error)),
        };
        match self.id_of(&target) {
            Some(id) => Ok(Some(self.standing(&id))),
            None => Err(PortError::new(format!(
                "`{}` points to `{}`, which is not a release of `{}`",
                link.display(),
                target.display(),
                self.root.display()
            ))),
        }
    }

    /// What a process was started from.
    ///
    /// | started (or last reloaded)         | its folder or program lies in a release | answer                   |
    /// |------------------------------------|-----------------------------------------|--------------------------|
    /// | started after `current` was moved  | yes                                     | that release             |
    /// | started after                      | no                                      | what `current` points to |
    /// | started before, reloaded after     | either                                  | what `current` points to |
    /// | started before                     | yes                                     | that release             |
    /// | started before                     | no                                      | some earlier release     |
    /// | unknown                            | yes                                     | that release             |
    /// | unknown                            | no                                      | what `current` points to |
    pub(crate) fn loaded(&self, process: &Loaded) -> Result<Option<Standing>, PortError> {
        let Some(current) = self.current()? else { return Ok(None) };
        let moved = fs::symlink_metadata(self.link()).and_then(|link| link.modified()).ok();
        let moved = moved.and_then(|at| Timestamp::try_from(at).ok());
        let is_after = |at: Option<Timestamp>| at.zip(moved).is_none_or(|(at, moved)| at + CLOCK_SLACK >= moved);
        let is_reloaded_after = process.reloaded.is_some() && is_after(process.reloaded);
        if !is_after(process.started) && is_reloaded_after {
            return Ok(Some(current));
        }
        let seen = process.pid.and_then(|pid| self.release_of(pid));
        Ok(Some(match seen {
            Some(id) => self.standing(&id),
            None if is_after(process.started) => current,
            None => Standing {
                version: Version { code: format!("{PREFIX}?"), spec: String::new() },
                label: "a release from before `current` was moved".to_owned(),
                folder: current.folder,
            },
        }))
    }

    /// The release that a process's folder or program lies in.
    fn release_of(&self, pid: u32) -> Option<String> {
        let releases = fs::canonicalize(self.root.join("releases")).ok()?;
        ["cwd", "exe"].iter().find_map(|what| {
            let path = fs::read_link(format!("/proc/{pid}/{what}")).ok()?;
            let id = path.strip_prefix(&releases).ok()?.components().next()?.as_os_str().to_str()?.to_owned();
            // The kernel's way to say that a folder was removed under a process.
            Some(id.strip_suffix(" (deleted)").map(ToOwned::to_owned).unwrap_or(id))
        })
    }

    fn id_of(&self, folder: &Path) -> Option<String> {
        let releases = fs::canonicalize(self.root.join("releases")).ok()?;
        let parent = fs::canonicalize(folder.parent()?).ok()?;
        (parent == releases).then(|| folder.file_name()?.to_str().map(ToOwned::to_owned)).flatten()
    }

    fn id_in(version: &Version) -> Option<&str> {
        let id = version.code.strip_prefix(PREFIX)?;
        (!id.is_empty() && !id.contains('/') && !matches!(id, "." | ".." | "?")).then_some(id)
    }

    /// Keeps a release from being pruned: Capistrano removes all but the newest few, and no marker stops it, so its
    /// files get a second name. Where that cannot be (another owner, a file system without links) nothing is kept, and
    /// the preflight finds out.
    pub(crate) fn pin(&self, standing: &Standing, checkpoint: &CheckpointId) -> Result<(), PortError> {
        match Self::id_in(&standing.version) {
            Some(id) => pin::keep(&self.root, &self.folder(id), checkpoint)
                .map_err(|error| explain("keep a copy of", &standing.folder, &error)),
            None => Ok(()),
        }
    }

    pub(crate) fn unpin(&self, checkpoint: &CheckpointId) -> Result<(), PortError> {
        pin::let_go(&self.root, checkpoint).map_err(|error| explain("remove the kept copy in", &self.root, &error))
    }

    pub(crate) fn preflight(&self, version: &Version) -> Preflight {
        let Some(id) = Self::id_in(version) else {
            return Preflight::Gone { why: format!("`{}` does not name a release", version.code) };
        };
        let folder = self.folder(id);
        if folder.is_dir() || pin::kept(&self.root, id).is_some() {
            Preflight::Present
        } else {
            Preflight::Gone { why: format!("there is no `{}`, and no copy of it was kept", folder.display()) }
        }
    }

    /// Makes `current` point to a release, brought back from its kept copy where it was pruned.
    pub(crate) fn go(&self, version: &Version) -> Result<Standing, PortError> {
        let id = Self::id_in(version)
            .ok_or_else(|| PortError::new(format!("`{}` does not name a release", version.code)))?;
        let folder = self.folder(id);
        if !folder.is_dir() {
            let kept = pin::kept(&self.root, id).ok_or_else(|| {
                PortError::new(format!("release `{}` is gone, and no copy of it was kept", folder.display()))
                    .hint("choose another checkpoint: `backout checkpoint list`")
            })?;
            pin::bring_back(&kept, &folder).map_err(|error| explain("bring back", &folder, &error))?;
        }
        self.point(id).map_err(|error| explain("move", &self.link(), &error))?;
        Ok(self.standing(id))
    }

    fn point(&self, id: &str) -> io::Result<()> {
        let link = self.link();
        let new = self.root.join(NEW_LINK);
        let is_absolute = fs::read_link(&link).is_ok_and(|target| target.is_absolute());
        let target = if is_absolute { self.folder(id) } else { Path::new("releases").join(id) };
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => symlink(target, &new)?,
        }
        fs::rename(&new, &link)?;
        sync_folder(&self.root)
    }
}
