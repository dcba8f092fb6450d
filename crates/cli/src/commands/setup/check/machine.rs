//! The machine that backout runs on: its clock, its disk, and the state directory.

use std::path::Path;

use backout_core::port::StoreError;
use backout_engine::clock::SystemClock;
use backout_engine::state_dir::StateDir;
use backout_engine::store::SqliteStore;
use jiff::{Timestamp, ToSpan};
use std::sync::Arc;

use super::finding::Finding;
use crate::ui::date_time;

/// Less free space than this, and a checkpoint may not fit.
const TOO_LITTLE: u64 = 64 * 1024 * 1024;
/// Less than this is worth knowing.
const LITTLE: u64 = 1024 * 1024 * 1024;
const MEBIBYTE: u64 = 1024 * 1024;
/// When this was written: no clock that is right shows less. 2026-01-01 in seconds.
const WRITTEN: i64 = 1_767_225_600;

/// Whether the state directory can be written, and by this version.
pub(super) fn state(dir: &StateDir) -> Finding {
    let (check, root) = ("state directory", dir.root());
    if !root.exists() {
        let Some(above) = existing(root) else { return Finding::fails(check, "there is no folder for it") };
        return match rustix::fs::access(above, rustix::fs::Access::WRITE_OK) {
            Ok(()) => Finding::holds(check, format!("{} will be made when something is recorded", root.display())),
            Err(error) => Finding::fails(check, format!("{} cannot be made: {error}", root.display()))
                .hint("name a folder that can be written: `--state DIR`".to_owned()),
        };
    }
    let opened = StateDir::create(root).and_then(|dir| SqliteStore::open(&dir, Arc::new(SystemClock)));
    match opened {
        Ok(_) => Finding::holds(check, root.display().to_string()),
        Err(StoreError::Unusable { what, hint, .. }) => Finding::fails(check, what).hint(hint),
        Err(error) => Finding::fails(check, error.to_string()),
    }
}

/// Whether there is room for a checkpoint.
pub(super) fn disk(root: &Path) -> Finding {
    let check = "free disk space";
    let Some(folder) = existing(root) else { return Finding::note(check, "could not be found out") };
    match rustix::fs::statvfs(folder) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let what = format!("{} MiB for {}", free / MEBIBYTE, root.display());
            match free {
                ..TOO_LITTLE => {
                    Finding::fails(check, what).hint("free some, or name another place: `--state DIR`".to_owned())
                }
                TOO_LITTLE..LITTLE => Finding::note(check, what),
                _ => Finding::holds(check, what),
            }
        }
        Err(error) => Finding::note(check, format!("could not be found out: {error}")),
    }
}

/// Whether the clock can be right: not from before this program was written, and not behind its own records.
pub(super) fn clock(now: Timestamp, newest_record: Option<Timestamp>) -> Finding {
    let check = "clock";
    let hint = "set the clock: leases, ages and the order of records depend on it".to_owned();
    if now.as_second() < WRITTEN {
        return Finding::fails(check, format!("it says {}", date_time(now))).hint(hint);
    }
    match newest_record {
        Some(newest) if newest > now + 1.minute() => {
            let what = format!("it says {}, and the newest run began at {}", date_time(now), date_time(newest));
            Finding::fails(check, what).hint(hint)
        }
        _ => Finding::holds(check, date_time(now)),
    }
}

/// The nearest folder above that exists.
pub(super) fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.is_dir())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    #[test]
    fn a_clock_behind_its_own_records_is_wrong() {
        let at = |second: i64| Timestamp::from_second(WRITTEN + second).unwrap();
        assert_eq!(clock(at(100), Some(at(1_000))).result, Outcome::Fails);
        assert_eq!(clock(at(100), Some(at(110))).result, Outcome::Holds);
        assert_eq!(clock(at(-1), None).result, Outcome::Fails);
    }

    #[test]
    fn a_state_directory_that_is_a_file_fails_and_says_what_to_do() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let finding = state(&StateDir::at(file.path()));
        assert_eq!(finding.result, Outcome::Fails);
        assert!(finding.hint.is_some(), "{finding:?}");
    }

    #[test]
    fn looking_at_a_state_directory_does_not_make_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("deep/state");
        assert_eq!(state(&StateDir::at(&root)).result, Outcome::Holds);
        assert!(!folder.path().join("deep").exists());
    }
}
