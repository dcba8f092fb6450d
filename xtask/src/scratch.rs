//! The folder that tests keep their files in: in memory, where the machine has the room.
//!
//! Contract: a disk that others write to may stall for seconds. A lease of one second, as tests have them, is lost then, and
//! with good reason; but it says nothing of what is tested. The folder goes with the run, and that of a run that was killed
//! goes with the next one.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Where files are in memory.
const MEMORY: &str = "/dev/shm";
/// The room that there must be, in bytes: several times what all tests were seen to take.
const ROOM: u64 = 6 << 30;
/// What the folders' names begin with; the id of the process follows.
const NAME: &str = "backout-tests-";

/// A folder that goes with its owner.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A new one; `None` where there is too little room, or no program may be run from there.
    pub(crate) fn in_memory() -> Option<Self> {
        let memory = Path::new(MEMORY);
        remove_abandoned(memory);
        let has = statvfs(memory).ok()?;
        let room = has.f_bavail * has.f_frsize;
        if room < ROOM || has.f_flag.contains(StatVfsMountFlags::NOEXEC) {
            return None;
        }
        let folder = memory.join(format!("{NAME}{}", std::process::id()));
        fs::create_dir(&folder).ok()?;
        Some(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What a process that is still ending writes meanwhile goes with the next run.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes the folders of runs that are no more.
fn remove_abandoned(memory: &Path) {
    for entry in fs::read_dir(memory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(NAME)).and_then(|id| id.parse::<u32>().ok());
        if owner.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_that_is_no_more_left_is_removed_and_nothing_else() {
        let memory = std::env::temp_dir().join(format!("xtask-scratch-{}", std::process::id()));
        // The kernel gives no process an id above 4,194,304.
        let (abandoned, own) = (format!("{NAME}4999999"), format!("{NAME}{}", std::process::id()));
        for name in [&abandoned, &own, &"somebody-elses".to_owned()] {
            fs::create_dir_all(memory.join(name).join("folder")).unwrap();
        }
        remove_abandoned(&memory);
        let is_there = |name: &str| memory.join(name).exists();
        assert_eq!((is_there(&abandoned), is_there(&own), is_there("somebody-elses")), (false, true, true));
        fs::remove_dir_all(&memory).unwrap();
    }
}
