//! Base backups that `pg_basebackup` made in a folder, and the folder that the server copies its log into.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown, symlink};
use std::path::{Path, PathBuf};

use backout_core::port::{Pending, PortError};
use jiff::Timestamp;
use serde::Deserialize;

use super::base::{Base, position};
use super::physical::{Physical, shell_word};
use crate::pipe::blocking;
use crate::seal::failed;
use crate::server::OwnServer;

/// What `pg_basebackup` writes last.
const MANIFEST: &str = "backup_manifest";
/// Where a cluster has links to its tablespaces.
const TABLESPACES: &str = "pg_tblspc";

/// Two folders.
pub(super) struct Archive {
    bases: PathBuf,
    log: PathBuf,
}

/// What a manifest says of the log.
#[derive(Deserialize)]
struct BackupManifest {
    #[serde(rename = "WAL-Ranges")]
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "End-LSN")]
    end: String,
}

impl Archive {
    pub(super) fn new(bases: PathBuf, log: PathBuf) -> Self {
        Self { bases, log }
    }

    pub(super) fn list(&self) -> Result<Vec<Base>, PortError> {
        let failed = |error| failed(&format!("could not list base backups in {}", self.bases.display()), &error);
        let mut bases = Vec::new();
        for entry in fs::read_dir(&self.bases).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_partial = entry.file_name().to_string_lossy().starts_with('.');
            // Without a manifest it is not whole, or no base backup.
            let Ok(manifest) = File::open(entry.path().join(MANIFEST)) else { continue };
            if is_partial {
                continue;
            }
            bases.extend(read(&entry.file_name().to_string_lossy(), &manifest));
        }
        Ok(bases)
    }
}

impl Physical for Archive {
    fn bases<'a>(&'a self, _server: &'a OwnServer) -> Pending<'a, Result<Vec<Base>, PortError>> {
        Box::pin(async { self.list() })
    }

    fn lay<'a>(&'a self, base: &'a Base, server: &'a OwnServer) -> Pending<'a, Result<(), PortError>> {
        let (from, data, beside) = (self.bases.join(&base.name), server.data(), server.folder().to_owned());
        Box::pin(blocking(move || {
            let failed = |error| failed(&format!("could not copy the base backup {}", from.display()), &error);
            let owner = beside.metadata().map_err(failed)?;
            has_room(&beside, size(&from).map_err(failed)?)?;
            let copy = Copy { user: owner.uid(), group: owner.gid(), tablespaces: beside.join("tablespaces") };
            copy.tree(&from, &data).map_err(failed)
        }))
    }

    fn restore_command(&self, _server: &OwnServer) -> String {
        format!("cp {}/%f \"%p\"", shell_word(&self.log.display().to_string()))
    }
}

fn read(name: &str, manifest: &File) -> Option<Base> {
    let written = manifest.metadata().ok()?.modified().ok()?;
    let manifest: BackupManifest = serde_json::from_reader(io::BufReader::new(manifest)).ok()?;
    let ends = manifest.ranges.iter().filter_map(|range| position(&range.end));
    let ended_at = Timestamp::try_from(written).ok()?;
    Some(Base { name: name.to_owned(), ended_at, sound_from: ends.max()? })
}

/// The size of a folder with everything in it, links followed, in bytes.
pub(super) fn size(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let found = fs::metadata(&path)?;
        sum += if found.is_dir() { size(&path)? } else { found.size() };
    }
    Ok(sum)
}

fn has_room(folder: &Path, bytes: u64) -> Result<(), PortError> {
    let Ok(seen) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let free = seen.f_bavail.saturating_mul(seen.f_frsize);
    if free >= bytes {
        return Ok(());
    }
    let folder = folder.parent().unwrap_or(folder).display();
    Err(PortError::new(format!("a base backup of {bytes} bytes is to be recovered in {folder}, where {free} are free"))
        .hint("make room there, or set TMPDIR to a folder with more"))
}

/// Copies a cluster so that nothing of the copy is that of the original.
struct Copy {
    user: u32,
    group: u32,
    tablespaces: PathBuf,
}

impl Copy {
    fn tree(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).recursive(true).create(to)?;
        lchown(to, Some(self.user), Some(self.group))?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (path, to) = (entry.path(), to.join(entry.file_name()));
            // Links are followed: the copy must not write where the original does.
            let kind = fs::metadata(&path)?;
            let is_link = entry.file_type()?.is_symlink();
            if is_link && from.ends_with(TABLESPACES) {
                let kept = self.tablespaces.join(entry.file_name());
                self.tree(&path, &kept)?;
                symlink(&kept, &to)?;
            } else if kind.is_dir() {
                self.tree(&path, &to)?;
            } else if kind.is_file() {
                fs::copy(&path, &to)?;
            }
            lchown(&to, Some(self.user), Some(self.group))?;
        }
        Ok(())
    }
}
