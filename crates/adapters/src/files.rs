//! Configuration files on this host: read as they are, replaced in one step.
//!
//! Contract: a kill at any moment leaves the old content or the new one, never a part. The new content is written to a
//! temporary file beside the old one (readable by its owner only until it is complete), flushed, given the recorded
//! permissions and the replaced file's owner, renamed over it, and the folder is flushed. A temporary file of a killed
//! writer is recognised by its name and by nobody holding its lock, and is removed at the next write in that folder.
//!
//! | what is at the path          | read             | write content                | remove             |
//! |------------------------------|------------------|------------------------------|--------------------|
//! | nothing                      | none             | made, with missing folders   | nothing            |
//! | a regular file               | its content      | replaced                     | removed            |
//! | a link to a file             | that content     | the file behind it replaced  | the link removed   |
//! | a link to nothing            | none             | made where the link points   | the link removed   |
//! | a folder, socket, device     | error            | error                        | error              |
//!
//! Removing takes the link and not what is behind it, because only a name is lost that way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use backout_core::journal::FileEnd;
use backout_core::port::{Content, FileChange, Files, Pending, PortError};

/// How the name of a temporary file begins.
const TEMPORARY_PREFIX: &str = ".backout-";
/// How it ends.
const TEMPORARY_SUFFIX: &str = ".tmp";
/// How many links are followed before a path counts as a loop: what Linux does.
const LINK_LIMIT: usize = 40;
/// How much of a long file is read at a time.
const PART: u64 = 256 * 1024;
/// Permission bits that are kept: all but the file's type.
const MODE_BITS: u32 = 0o7777;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The files of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostFiles;

impl Files for HostFiles {
    fn read<'a>(&'a self, path: &'a str) -> Pending<'a, Result<Option<Content>, PortError>> {
        let path = PathBuf::from(path);
        Box::pin(blocking("read", path, read))
    }

    fn write<'a>(&'a self, path: &'a str, content: Option<&'a Content>) -> Pending<'a, Result<FileChange, PortError>> {
        let path = PathBuf::from(path);
        match content.cloned() {
            Some(content) => Box::pin(blocking("write", path, move |path| write(path, &content))),
            None => Box::pin(blocking("remove", path, remove)),
        }
    }

    fn end<'a>(&'a self, path: &'a str) -> Pending<'a, Result<Option<FileEnd>, PortError>> {
        Box::pin(blocking("look at", PathBuf::from(path), end))
    }

    fn read_at<'a>(&'a self, path: &'a str, offset: u64) -> Pending<'a, Result<Vec<u8>, PortError>> {
        Box::pin(blocking("read", PathBuf::from(path), move |path| read_at(path, offset)))
    }
}

fn end(path: &Path) -> io::Result<Option<FileEnd>> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(Some(FileEnd { inode: found.ino(), bytes: found.len() })),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
        Err(error) if is_nothing_there(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_at(path: &Path, offset: u64) -> io::Result<Vec<u8>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_nothing_there(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(offset))?;
    let mut part = Vec::new();
    file.take(PART).read_to_end(&mut part)?;
    Ok(part)
}

async fn blocking<T: Send + 'static>(
    verb: &'static str,
    path: PathBuf,
    act: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, PortError> {
    let at = path.clone();
    match tokio::task::spawn_blocking(move || act(&at)).await {
        Ok(done) => done.map_err(|error| explain(verb, &path, &error)),
        Err(_) => Err(PortError::new(format!("could not {verb} `{}`: interrupted", path.display()))),
    }
}

fn read(path: &Path) -> io::Result<Option<Content>> {
    let Some(mode) = regular(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(Content { bytes, mode }))
}

fn write(path: &Path, content: &Content) -> io::Result<FileChange> {
    if read(path)?.as_ref() == Some(content) {
        return Ok(FileChange::Same);
    }
    replace(&behind_links(path)?, &content.bytes, content.mode)?;
    Ok(FileChange::Changed)
}

fn remove(path: &Path) -> io::Result<FileChange> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() || regular(path)?.is_some() => fs::remove_file(path)?,
        Ok(_) => return Ok(FileChange::Same),
        Err(error) if is_nothing_there(&error) => return Ok(FileChange::Same),
        Err(error) => return Err(error),
    }
    sync_folder(folder_of(path))?;
    Ok(FileChange::Changed)
}

/// The permission bits of the regular file at a path, links followed; `None` where nothing is there.
fn regular(path: &Path) -> io::Result<Option<u32>> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(Some(found.mode() & MODE_BITS)),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
        Err(error) if is_nothing_there(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_nothing_there(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Where a file really is: links in the last component are followed by hand, because what they point to may be missing.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINK_LIMIT {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "its links go round in a circle"))
}

/// Makes a file have this content and these permission bits, in one step. The path must not be a link.
///
/// # Errors
/// Whatever the file system says; the old content is in place then.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    remove_stale(folder);
    let temporary = folder.join(temporary_name());
    let written = fill(&temporary, bytes, mode, fs::metadata(path).ok()).and_then(|file| {
        fs::rename(&temporary, path)?;
        drop(file);
        sync_folder(folder)
    });
    if written.is_err() {
        // The name may be gone already, or the disk be the problem; the next write tries again.
        fs::remove_file(&temporary).ok();
    }
    written
}

/// Writes the temporary file and returns it locked, so that nobody takes it for a stale one before it has its own name.
fn fill(temporary: &Path, bytes: &[u8], mode: u32, replaced: Option<fs::Metadata>) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.try_lock().or_else(|error| match error {
        fs::TryLockError::WouldBlock => Err(io::Error::from(ErrorKind::WouldBlock)),
        // A file system without locks has no stale files recognised; that is no reason not to write.
        fs::TryLockError::Error(_) => Ok(()),
    })?;
    file.write_all(bytes)?;
    if let Some(owner) = replaced {
        // Only root may give files away; anybody else keeps them, as an editor would.
        fchown(&file, Some(owner.uid()), Some(owner.gid())).ok();
    }
    file.set_permissions(fs::Permissions::from_mode(mode & MODE_BITS))?;
    file.sync_all()?;
    Ok(file)
}

fn temporary_name() -> String {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{TEMPORARY_PREFIX}{}-{number}{TEMPORARY_SUFFIX}", std::process::id())
}

/// Removes temporary files of writers that are no more. Best effort: they are small, and the next write tries again.
fn remove_stale(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| {
            name.strip_prefix(TEMPORARY_PREFIX).and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX)).is_some()
        });
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_ours && is_file && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            fs::remove_file(entry.path()).ok();
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// An error of the file system, with the path and what to do.
pub(crate) fn explain(verb: &str, path: &Path, error: &io::Error) -> PortError {
    let told = PortError::new(format!("could not {verb} `{}`: {error}", path.display()));
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem => told.hint("the file system is read-only; mount it writable and resume"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            told.hint("the file system is full; free some space there and resume")
        }
        ErrorKind::PermissionDenied => {
            told.hint("run backout as a user who may read and write there, or change the owner or mode of the folder")
        }
        ErrorKind::InvalidInput => told.hint("name a regular file in `artifacts`"),
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_path_and_what_to_do() {
        for (errno, word) in
            [(30, "read-only"), (28, "full"), (122, "full"), (13, "run backout as"), (1, "run backout as")]
        {
            let told = explain("write", Path::new("/etc/app.toml"), &io::Error::from_raw_os_error(errno));
            assert!(told.what.starts_with("could not write `/etc/app.toml`: "), "{told:?}");
            assert!(told.hint.as_deref().is_some_and(|hint| hint.contains(word)), "{errno}: {told:?}");
        }
    }

    #[test]
    fn stale_temporary_files_are_removed_and_live_ones_and_strangers_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let stale = folder.path().join(".backout-1-0.tmp");
        let live = folder.path().join(".backout-2-0.tmp");
        let stranger = folder.path().join(".backout-notes");
        for path in [&stale, &live, &stranger] {
            File::create(path).unwrap();
        }
        let held = File::open(&live).unwrap();
        held.lock().unwrap();
        replace(&folder.path().join("app.toml"), b"new", 0o640).unwrap();
        assert!(!stale.exists() && live.exists() && stranger.exists());
    }

    #[test]
    fn a_folder_in_the_way_of_the_rename_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("app.toml")).unwrap();
        assert!(replace(&folder.path().join("app.toml"), b"new", 0o644).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
