//! A file that is not there before it is whole and durable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use backout_core::data::StoredObject;
use backout_core::port::PortError;
use rustix::fs::FlockOperation;

use super::contract::Upload;
use super::name::PART;
use crate::seal::{Hashing, failed};

/// A file that is being written under another name.
pub(super) struct FileUpload {
    name: String,
    path: PathBuf,
    part: PathBuf,
    file: Option<Hashing<File>>,
}

impl FileUpload {
    /// Begins the file at `path`, in a folder that exists.
    pub(super) fn begin(name: &str, path: &Path) -> Result<Self, PortError> {
        let mut part = path.as_os_str().to_owned();
        part.push(PART);
        let part = PathBuf::from(part);
        let failed = |error: io::Error| failed(&format!("could not write {}", part.display()), &error);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600).custom_flags(no_follow());
        let file = options.open(&part).map_err(failed)?;
        // Held for as long as it is written, so that others know it from one that was abandoned.
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(PortError::new(format!("{} is being written by another run", path.display()))
                .hint("wait until it has ended, then try again"));
        }
        file.set_len(0).map_err(failed)?;
        let file = Some(Hashing::new(file));
        Ok(Self { name: name.to_owned(), path: path.to_owned(), part, file })
    }

    fn settle(&mut self) -> io::Result<StoredObject> {
        let Some(file) = self.file.take() else { return Err(io::Error::other("it is finished already")) };
        let (file, sum) = file.finish();
        file.sync_all()?;
        let written = file.metadata()?.size();
        if written != sum.bytes {
            return Err(io::Error::other(format!("{written} of {} bytes arrived", sum.bytes)));
        }
        fs::rename(&self.part, &self.path)?;
        sync_folder(self.path.parent().unwrap_or(Path::new("/")))?;
        Ok(StoredObject { name: self.name.clone(), bytes: sum.bytes, sha256: sum.sha256 })
    }
}

impl Write for FileUpload {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or_else(|| Err(io::ErrorKind::BrokenPipe.into()), |file| file.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for FileUpload {
    fn finish(mut self: Box<Self>) -> Result<StoredObject, PortError> {
        self.settle().map_err(|error| failed(&format!("could not write {}", self.path.display()), &error))
    }
}

impl Drop for FileUpload {
    fn drop(&mut self) {
        // After a rename there is nothing of that name.
        let _ = fs::remove_file(&self.part);
    }
}

/// Makes the entries of a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a part that no writer holds.
pub(super) fn remove_unless_held(part: &Path) {
    let held = |file: &File| rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive).is_err();
    if File::open(part).is_ok_and(|file| !held(&file)) {
        let _ = fs::remove_file(part);
    }
}

/// Opening does not follow a link.
fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits() as i32
}
