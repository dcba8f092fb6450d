//! Second names for the files of a release, under `root/.backout/CHECKPOINT/ID`, so that pruning cannot take them.
//!
//! Contract: a copy is complete or has another name. It shares its files with the release, so it costs little; a file that
//! is edited in place changes in both, a file that is replaced or removed stays as it was in the copy.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, lchown, symlink};
use std::path::{Path, PathBuf};

use backout_core::id::CheckpointId;

/// Our folder in a root.
const FOLDER: &str = ".backout";
/// How the name of an incomplete copy begins.
const PARTIAL: &str = ".partial-";

/// Keeps a release for a checkpoint. Where the file system or its rights do not allow second names nothing is kept.
///
/// # Errors
/// A full or read-only file system.
pub(crate) fn keep(root: &Path, release: &Path, checkpoint: &CheckpointId) -> io::Result<()> {
    let Some(id) = release.file_name() else { return Ok(()) };
    let home = root.join(FOLDER).join(checkpoint.as_str());
    if home.join(id).is_dir() || !release.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(&home)?;
    match copy(release, &home.join(id)) {
        Err(error) if is_not_allowed(&error) => {
            // An empty home says nothing; an incomplete copy has another name and is removed with it.
            fs::remove_dir_all(&home)
        }
        other => other,
    }
}

fn is_not_allowed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::CrossesDevices | ErrorKind::TooManyLinks | ErrorKind::Unsupported
    )
}

/// Lets go of everything kept for a checkpoint.
///
/// # Errors
/// Whatever the file system says; what does not exist is no error.
pub(crate) fn let_go(root: &Path, checkpoint: &CheckpointId) -> io::Result<()> {
    match fs::remove_dir_all(root.join(FOLDER).join(checkpoint.as_str())) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A kept copy of a release, of whichever checkpoint.
pub(crate) fn kept(root: &Path, id: &str) -> Option<PathBuf> {
    let homes = fs::read_dir(root.join(FOLDER)).ok()?;
    homes.flatten().map(|home| home.path().join(id)).find(|copy| copy.is_dir())
}

/// Makes a release again from its kept copy, which stays.
///
/// # Errors
/// Whatever the file system says; there is no release then.
pub(crate) fn bring_back(kept: &Path, release: &Path) -> io::Result<()> {
    copy(kept, release)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (to.parent(), to.file_name().and_then(|name| name.to_str())) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let partial = folder.join(format!("{PARTIAL}{name}"));
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => copy_folder(from, &partial)?,
    }
    fs::rename(&partial, to)?;
    crate::files::sync_folder(folder)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, path, new) = (entry.file_type()?, entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&path, &new)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&path)?, &new)?;
        } else if kind.is_file() {
            fs::hard_link(&path, &new)?;
        }
        // Sockets and pipes belong to a process, not to a release.
    }
    let found = fs::metadata(from)?;
    fs::set_permissions(to, found.permissions())?;
    // Only root may give folders away.
    lchown(to, Some(found.uid()), Some(found.gid())).ok();
    Ok(())
}
