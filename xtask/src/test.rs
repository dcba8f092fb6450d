//! Runs all tests against the test-bed, and names and counts those that could not be had on this machine.
//!
//! Contract: a test that cannot run appends `NAME: reason` to the file that `BACKOUT_SKIP_LOG` names and returns. The last
//! lines here tell them; with `CI=true` a skip is a failure. Tests find the parts through `testbed.json` in the folder that
//! `BACKOUT_TESTBED` names, and this program (for `testbed restart PART`) through `BACKOUT_XTASK`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::Call;
use crate::scratch::Scratch;
use crate::{testbed, workspace};

/// `cargo xtask test [ARGS]`
pub(crate) fn command(arguments: &[&str]) -> Result<(), Failure> {
    let record = testbed::up()?;
    print!("{record}");
    let log = workspace::testbed().join("skipped.log");
    fs::write(&log, "").map_err(Failure::file(&log))?;
    let scratch = Scratch::in_memory();
    let ended = run(arguments, &Surroundings { log: &log, scratch: scratch.as_ref().map(Scratch::path) });
    drop(scratch);
    let text = fs::read_to_string(&log).map_err(Failure::file(&log))?;
    let skipped = skipped(&text);
    println!("skipped: {}", skipped.len());
    skipped.iter().for_each(|line| println!("  {line}"));
    ended?;
    if is_ci() && !skipped.is_empty() {
        return Err(Failure::Check(format!("{} tests were skipped, and in CI none may be", skipped.len())));
    }
    Ok(())
}

/// What tests are told beside where the parts are.
struct Surroundings<'a> {
    /// The file that skipped tests are written to.
    log: &'a Path,
    /// Where they keep their files; `None` is the system's folder for that.
    scratch: Option<&'a Path>,
}

/// Documentation tests first, so that the runner's closing summary stands near the end.
fn run(arguments: &[&str], around: &Surroundings<'_>) -> Result<(), Failure> {
    let has_nextest = Call::new("cargo").args(["nextest", "--version"]).output().is_ok();
    if !has_nextest {
        return cargo(&["test", "--workspace"], around)?.args(arguments).run();
    }
    // Both run even if the first fails: people want to know all of it.
    let documentation = match arguments {
        [] => cargo(&["test", "--workspace", "--doc", "--quiet"], around)?.output().map(drop),
        _ => Ok(()),
    };
    let tests = cargo(&["nextest", "run", "--workspace", "--no-fail-fast"], around)?.args(arguments).run();
    documentation.and(tests)
}

fn cargo(words: &[&str], around: &Surroundings<'_>) -> Result<Call, Failure> {
    let xtask: PathBuf = std::env::current_exe().map_err(Failure::file(Path::new("the running program")))?;
    let call = Call::new("cargo")
        .args(words)
        .folder(workspace::root())
        .env("BACKOUT_TESTBED", workspace::testbed())
        .env("BACKOUT_TEST_VENV", workspace::testbed().join("venv"))
        .env("BACKOUT_SKIP_LOG", around.log)
        .env("BACKOUT_XTASK", xtask);
    Ok(match around.scratch {
        Some(scratch) => call.env("TMPDIR", scratch),
        None => call,
    })
}

/// Each skipped test once, sorted, though it may have been tried more than once.
fn skipped(text: &str) -> BTreeSet<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// Whether a machine runs this for everyone.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_tests_are_counted_once_each() {
        let text = "b: no engine\n\na: no engine\nb: no engine\n";
        assert_eq!(skipped(text).into_iter().collect::<Vec<_>>(), ["a: no engine", "b: no engine"]);
    }
}
