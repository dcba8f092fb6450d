//! What runners do with a script: a shell of their own kind, with variables, in the project's folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use backout_testkit::guarded::{Ended, Running};

/// Runs a script. `shell` is the runner's own way to call it; the script's path is added.
#[expect(clippy::disallowed_methods, reason = "the script is run as a runner runs it")]
pub(super) fn run(shell: &[&str], script: &str, project: &Path, variables: &BTreeMap<String, String>) -> Ended {
    let file = project.parent().unwrap().join("script");
    backout_engine::durable::replace(&file, script.as_bytes(), 0o644).unwrap();
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(&file).current_dir(project).env_clear().envs(variables);
    Running::start(command).wait()
}

/// The variables that every job has.
#[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
pub(super) fn variables(project: &Path) -> BTreeMap<String, String> {
    let program = Path::new(env!("CARGO_BIN_EXE_backout")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap());
    let home = project.parent().unwrap().display().to_string();
    [("PATH", path), ("HOME", home), ("NO_COLOR", "1".to_owned()), ("USER", "runner".to_owned())]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}
