//! The programs that nothing runs until they are needed: of smoke checks, of fallbacks, and of maintenance mode.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::finding::Finding;
use crate::wire::Setup;

/// What is wrong with a program, if anything is.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    Missing,
    NoFile(PathBuf),
    Denied(PathBuf),
}

/// Whether each is there, and may be executed. None is run.
pub(super) fn programs(setup: &Setup) -> Vec<Finding> {
    let (folder, search) = (setup.found.folder(), setup.process.variables.get(OsStr::new("PATH")));
    let finding = |(of, program): (String, String)| {
        let check = format!("program of {of}");
        match look(&program, folder, search.map(AsRef::as_ref)) {
            Ok(path) => Finding::holds(check, path.display().to_string()),
            Err(Wrong::Missing) if program.contains('/') => {
                let path = folder.join(&program);
                Finding::fails(check, format!("{} is not there", path.display()))
                    .hint("write it, or change the configuration".to_owned())
            }
            Err(Wrong::Missing) => Finding::fails(check, format!("`{program}` is in no folder of `PATH`"))
                .hint("install it, or name it by its path".to_owned()),
            Err(Wrong::NoFile(path)) => Finding::fails(check, format!("{} is no file", path.display())),
            Err(Wrong::Denied(path)) => {
                Finding::fails(check, format!("{} may not be executed by this user", path.display()))
                    .hint(format!("`chmod +x {}`, or run backout as a user that may", path.display()))
            }
        }
    };
    setup.environment.programs().into_iter().map(finding).collect()
}

/// Where a program is, by the rules by which it would be started: a path stands for itself, from the configuration's folder on;
/// any other name is looked for in `PATH`.
fn look(program: &str, folder: &Path, search: Option<&OsStr>) -> Result<PathBuf, Wrong> {
    if program.contains('/') {
        return usable(folder.join(program));
    }
    let all = search.map(std::env::split_paths).into_iter().flatten();
    let mut seen = None;
    for found in all.map(|place| usable(place.join(program))) {
        match found {
            Ok(path) => return Ok(path),
            Err(Wrong::Denied(path)) => seen = seen.or(Some(Wrong::Denied(path))),
            Err(Wrong::Missing | Wrong::NoFile(_)) => {}
        }
    }
    Err(seen.unwrap_or(Wrong::Missing))
}

fn usable(path: PathBuf) -> Result<PathBuf, Wrong> {
    let Ok(found) = path.metadata() else { return Err(Wrong::Missing) };
    if !found.is_file() {
        return Err(Wrong::NoFile(path));
    }
    if access(&path, Access::EXEC_OK).is_err() { Err(Wrong::Denied(path)) } else { Ok(path) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_program_is_there_and_may_be_executed_or_it_is_said_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("smoke.sh");
        let looked = |program: &str| look(program, folder.path(), Some(folder.path().as_os_str()));
        assert_eq!((looked("./smoke.sh"), looked("smoke.sh")), (Err(Wrong::Missing), Err(Wrong::Missing)));
        std::fs::File::create(&path).unwrap().set_permissions(std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(looked("./smoke.sh"), Err(Wrong::Denied(_))), "{:?}", looked("./smoke.sh"));
        assert!(matches!(looked("smoke.sh"), Err(Wrong::Denied(_))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(looked("smoke.sh"), Ok(path));
        assert!(looked("./").is_err_and(|wrong| matches!(wrong, Wrong::NoFile(_))));
    }
}
