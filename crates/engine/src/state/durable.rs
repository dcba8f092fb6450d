//! Files that are whole or not there: a crash at any moment leaves either the old content or the new.
//!
//! Contract: when a function here returns `Ok`, the change has reached the disk, the folder's entry included.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the names of unfinished files end. What carries it was left by a crash, and nobody refers to it.
pub(crate) const UNFINISHED: &str = ".tmp";

/// Makes `path` a file with this content and these permission bits, replacing what was there in one movement.
///
/// # Errors
/// Whatever the file system says. What was there before is still there then.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let unfinished = Unfinished::write(path, content, mode)?;
    fs::rename(&unfinished.path, path)?;
    sync_folder_of(path)
}

/// Makes `path` a file with this content and these permission bits, unless there is one.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where there is one, which is whole; otherwise whatever the file system says.
pub fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let unfinished = Unfinished::write(path, content, mode)?;
    // A rename would replace what another process has created meanwhile; a link does not.
    fs::hard_link(&unfinished.path, path)?;
    sync_folder_of(path)
}

/// Makes the entries of the folder that holds `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that is written and not yet visible under its name; it goes away when dropped.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn write(target: &Path, content: &[u8], mode: u32) -> io::Result<Self> {
        let (mut file, unfinished) = Self::open(target, mode)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(unfinished)
    }

    fn open(target: &Path, mode: u32) -> io::Result<(File, Self)> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
        loop {
            let path = folder_of(target).join(format!(".{name}.{}{UNFINISHED}", unique()));
            match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
                Ok(file) => return Ok((file, Self { path })),
                // Left by a process that crashed and had the same process id: the next number is free.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove, and a leftover that cannot be removed harms nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// A name that no other thread or living process of this machine uses.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn replace_swaps_content_and_mode_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        replace(&path, b"old", 0o644).unwrap();
        replace(&path, b"new", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn create_does_not_touch_a_file_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        create(&path, b"first", 0o600).unwrap();
        assert_eq!(create(&path, b"second", 0o600).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn failed_replace_keeps_what_was_there_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::create_dir(&path).unwrap();
        fs::create_dir(path.join("inside")).unwrap();
        assert!(replace(&path, b"new", 0o600).is_err());
        assert_eq!(names(dir.path()), ["a"]);
        assert_eq!(names(&path), ["inside"]);
    }
}
