//! The one process that sees to deploys that nobody told of, of all that watch an environment.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use backout_core::id::EnvironmentName;
use rustix::fs::{FlockOperation, flock};

use crate::state_dir::StateDir;

/// The right to see to them; it ends with the process, however that ends.
#[derive(Debug)]
pub struct Sole {
    _file: File,
}

impl Sole {
    /// Takes the right; `None` where another process has it.
    ///
    /// # Errors
    /// Where the file that stands for it cannot be used.
    pub fn take(dir: &StateDir, environment: &EnvironmentName) -> std::io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path(dir, environment))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether some process has it.
    #[must_use]
    pub fn is_taken(dir: &StateDir, environment: &EnvironmentName) -> bool {
        let Ok(file) = File::open(path(dir, environment)) else { return false };
        matches!(flock(&file, FlockOperation::NonBlockingLockShared), Err(rustix::io::Errno::WOULDBLOCK))
    }
}

fn path(dir: &StateDir, environment: &EnvironmentName) -> PathBuf {
    dir.root().join(format!("watch-{environment}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_has_the_right() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = StateDir::create(&tmp.path().join("state")).unwrap();
        let name = EnvironmentName::new("production").unwrap();
        assert!(!Sole::is_taken(&dir, &name));
        let sole = Sole::take(&dir, &name).unwrap();
        assert!(sole.is_some() && Sole::is_taken(&dir, &name));
        assert!(Sole::take(&dir, &name).unwrap().is_none());
        drop(sole);
        assert!(Sole::take(&dir, &name).unwrap().is_some());
    }
}
