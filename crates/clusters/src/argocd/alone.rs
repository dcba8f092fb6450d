//! The right to fetch into a clone, and locks of git that nobody holds any more.
//!
//! Contract: one process at a time has the right; it ends with the process, however that ends. A lock of git that is there
//! all the same, and stays, was left by a git that was killed or by a machine that went down: it is taken away, because with
//! it no fetch would ever pass again. What a clone has for a branch is fetched anew, so nothing is lost by that.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use backout_core::port::PortError;
use tokio::time::{Instant, sleep};

use super::git::unusable;

/// How often a lock is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long a git that nobody waits for any more may take to end. It holds its locks for as long as a file takes to write.
const STRAY: Duration = Duration::from_secs(3);

/// The right to fetch.
pub(super) struct Alone {
    _file: File,
}

impl Alone {
    /// Waits for the right to fetch into the clone at `place`, for at most `limit`, and sees to it that no lock of git is
    /// left there.
    pub(super) async fn at(place: &Path, limit: Duration) -> Result<Self, PortError> {
        let file = taken(&place.with_extension("lock"), limit).await?;
        let until = Instant::now() + STRAY;
        while !locks(place).is_empty() && Instant::now() < until {
            sleep(LOOK).await;
        }
        for lock in locks(place) {
            std::fs::remove_file(&lock).map_err(|error| unusable(place, &error))?;
        }
        Ok(Self { _file: file })
    }
}

async fn taken(path: &Path, limit: Duration) -> Result<File, PortError> {
    let file = File::create(path).map_err(|error| unusable(path, &error))?;
    let until = Instant::now() + limit;
    loop {
        match file.try_lock() {
            // A file system without locks is no reason not to fetch.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                let what = format!("another process has `{}` for more than {} s", path.display(), limit.as_secs());
                return Err(PortError::new(what).hint("see which: `fuser` with that file, and whether its git hangs"));
            }
            Err(TryLockError::WouldBlock) => sleep(LOOK).await,
        }
    }
}

/// The locks of git on branches, on the file that has them packed, and on the default branch.
fn locks(place: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["packed-refs.lock", "HEAD.lock"]
        .map(|name| place.join(name))
        .into_iter()
        .filter(|lock| lock.exists())
        .collect();
    let mut folders = vec![place.join("refs")];
    while let Some(entries) = folders.pop().map(std::fs::read_dir) {
        for entry in entries.into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(_) if path.extension().is_some_and(|extension| extension == "lock") => found.push(path),
                _ => {}
            }
        }
    }
    found
}
