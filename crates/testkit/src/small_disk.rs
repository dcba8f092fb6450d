//! A small disk of its own: for tests of what happens when it is full or read-only. Root cannot be kept out by
//! permissions, so a real file system is needed; mounting one needs root.

use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};

/// A memory disk, taken down when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts a disk of so many KiB.
    ///
    /// # Errors
    /// Why it cannot be mounted here: the reason to give to [`crate::skip::skip`].
    pub fn mount(kib: u32) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let options = std::ffi::CString::new(format!("size={kib}k,mode=0700")).map_err(|error| error.to_string())?;
        mount("tmpfs", folder.path(), "tmpfs", MountFlags::NODEV | MountFlags::NOSUID, options.as_c_str())
            .map_err(|error| format!("a memory disk cannot be mounted here: {error}"))?;
        Ok(Self { folder })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the space that is left. Removing the file gives it back.
    ///
    /// # Errors
    /// Where it ends for another reason than a full disk.
    pub fn fill(&self) -> std::io::Result<PathBuf> {
        use std::io::Write;
        let path = self.path().join("filler");
        let mut file = std::fs::File::create(&path)?;
        loop {
            match file.write(&[0; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(path),
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes it read-only.
    ///
    /// # Errors
    /// Where a file on it is open for writing.
    pub fn make_read_only(&self) -> std::io::Result<()> {
        Ok(mount_remount(self.path(), MountFlags::RDONLY | MountFlags::NODEV | MountFlags::NOSUID, "")?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Detached, because a connection that the test forgot may still have a file open.
        let _ = unmount(self.path(), UnmountFlags::DETACH);
    }
}
