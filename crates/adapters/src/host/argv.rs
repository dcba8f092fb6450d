//! What is asked of other programs, as arguments: pure values, read as text by the tests below.
//!
//! Contract: nothing that comes from data can be taken for an option. Object ids have been checked to be hexadecimal
//! ([`super::parse::object_id`]), reference names begin with `refs/`, names of units and tags stand behind `--`, and what a
//! person typed behind `--end-of-options`.

use backout_core::id::CheckpointId;

/// Where the commits of checkpoints are kept from git's garbage collection.
const PINS: &str = "refs/backout/";
/// How many commits are searched for a tree at most.
const SEARCH_LIMIT: &str = "--max-count=50000";
/// What one commit is printed as: id, tree, subject, each followed by a zero byte.
const COMMIT_FORMAT: &str = "--format=%H%x00%T%x00%s%x00";

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(crate) fn git_head() -> Vec<String> {
    words(&["log", "--max-count=1", "--no-show-signature", COMMIT_FORMAT, "--end-of-options", "HEAD"])
}

pub(crate) fn git_branch() -> Vec<String> {
    words(&["symbolic-ref", "--quiet", "--short", "HEAD"])
}

pub(crate) fn git_reflog_path() -> Vec<String> {
    words(&["rev-parse", "--git-path", "logs/HEAD"])
}

/// What `HEAD` was, newest first: id, tree, subject, `HEAD@{seconds}`.
pub(crate) fn git_reflog() -> Vec<String> {
    let format = format!("{COMMIT_FORMAT}%gd%x00");
    words(&["log", "--walk-reflogs", "--max-count=200", "--no-show-signature", "--date=unix", &format, "HEAD"])
}

/// Tracked files that differ from `HEAD`. Files that git does not know are not its to lose: it refuses to overwrite them.
pub(crate) fn git_status() -> Vec<String> {
    words(&["status", "--porcelain=v2", "-z", "--untracked-files=no"])
}

pub(crate) fn git_differences() -> Vec<String> {
    words(&["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "--end-of-options", "HEAD"])
}

pub(crate) fn git_pin(checkpoint: &CheckpointId, commit: &str) -> Vec<String> {
    words(&["update-ref", "--create-reflog", &format!("{PINS}{checkpoint}"), commit])
}

pub(crate) fn git_unpin(checkpoint: &CheckpointId) -> Vec<String> {
    words(&["update-ref", "-d", &format!("{PINS}{checkpoint}")])
}

/// Commits kept for checkpoints, as id and tree.
pub(crate) fn git_pins() -> Vec<String> {
    words(&["for-each-ref", "--format=%(objectname) %(tree)", PINS])
}

/// Commits anywhere in the repository, as id and tree.
pub(crate) fn git_everything() -> Vec<String> {
    words(&["log", "--all", "--reflog", SEARCH_LIMIT, "--no-show-signature", "--format=%H %T"])
}

/// The commits that `HEAD` was built from, newest first, along first parents.
pub(crate) fn git_line() -> Vec<String> {
    words(&["log", "--first-parent", SEARCH_LIMIT, "--no-show-signature", COMMIT_FORMAT, "--end-of-options", "HEAD"])
}

/// The commit that words stand for, if any; prints nothing where git knows none.
pub(crate) fn git_commit_of(typed: &str) -> Vec<String> {
    words(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{typed}^{{commit}}")])
}

/// A commit and those that it was built from, as id and tree, itself first.
pub(crate) fn git_ancestry(commit: &str) -> Vec<String> {
    words(&["log", SEARCH_LIMIT, "--no-show-signature", "--format=%H %T", "--end-of-options", commit])
}

/// A tag of its own, without a message: it asks nobody for a name or a key.
pub(crate) fn git_tag(name: &str, commit: &str) -> Vec<String> {
    words(&["tag", "--no-sign", "--", name, commit])
}

pub(crate) fn git_checkout(commit: &str) -> Vec<String> {
    words(&["checkout", "--quiet", "--no-recurse-submodules", "--detach", commit])
}

/// Makes a commit that has a tree and stands on a parent, without touching the work tree or any branch.
pub(crate) fn git_commit(tree: &str, parent: &str, message: &str) -> Vec<String> {
    words(&["commit-tree", "-p", parent, "-m", message, tree])
}

pub(crate) fn git_identity() -> Vec<String> {
    words(&["var", "GIT_COMMITTER_IDENT"])
}

/// Moves the branch and the work tree forward to a commit that stands on `HEAD`, or does nothing at all.
pub(crate) fn git_forward(commit: &str) -> Vec<String> {
    words(&["merge", "--quiet", "--ff-only", commit])
}

pub(crate) fn git_recent() -> Vec<String> {
    words(&["log", "--max-count=20", "--no-show-signature", "--date=iso-strict", "--stat", "HEAD"])
}

/// The properties of a unit that are read.
pub(crate) const UNIT_PROPERTIES: [&str; 16] = [
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "MainPID",
    "ControlGroup",
    "ExecMainCode",
    "ExecMainStatus",
    "Result",
    "NRestarts",
    "InvocationID",
    "ExecMainStartTimestampMonotonic",
    "StateChangeTimestampMonotonic",
    "CPUUsageNSec",
    "MemoryCurrent",
    "MemoryMax",
];

pub(crate) fn systemctl_show(units: &[String]) -> Vec<String> {
    let properties = format!("--property={}", UNIT_PROPERTIES.join(","));
    with_units(&["show", "--no-pager", &properties, "--"], units)
}

pub(crate) fn systemctl_restart(units: &[String]) -> Vec<String> {
    with_units(&["restart", "--no-ask-password", "--"], units)
}

pub(crate) fn systemctl_reset(units: &[String]) -> Vec<String> {
    with_units(&["reset-failed", "--no-ask-password", "--"], units)
}

pub(crate) fn systemctl_stop(units: &[String]) -> Vec<String> {
    with_units(&["stop", "--no-ask-password", "--"], units)
}

pub(crate) fn systemctl_kill(unit: &str) -> Vec<String> {
    words(&["kill", "--no-ask-password", "--signal=SIGKILL", "--", unit])
}

pub(crate) fn systemctl_status(unit: &str) -> Vec<String> {
    words(&["status", "--no-pager", "--full", "--lines=0", "--", unit])
}

pub(crate) fn journal(unit: &str) -> Vec<String> {
    words(&["--no-pager", "--lines=1000", "--output=short-iso-precise", &format!("--unit={unit}")])
}

/// Messages of a unit since a time, of which the last ones.
pub(crate) fn journal_since(unit: &str, since_ms: i64, at_most: Option<u32>) -> Vec<String> {
    let since = format!("--since=@{}.{:03}", since_ms.div_euclid(1000), since_ms.rem_euclid(1000));
    let first = ["--no-pager", "--quiet", "--output=cat", &since];
    let lines = at_most.map(|lines| format!("--lines={lines}"));
    words(&first).into_iter().chain(lines).chain([format!("--unit={unit}")]).collect()
}

fn with_units(first: &[&str], units: &[String]) -> Vec<String> {
    words(first).into_iter().chain(units.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> CheckpointId {
        CheckpointId::new("cp-1").unwrap()
    }

    #[test]
    fn requests_read_as_a_person_would_type_them() {
        let units = ["-x.service".to_owned(), "b.service".to_owned()];
        let text = [
            git_pin(&checkpoint(), "abc"),
            git_unpin(&checkpoint()),
            git_checkout("abc"),
            git_commit("tree", "parent", "-m is a message"),
            git_forward("abc"),
            git_commit_of("-x~2"),
            git_ancestry("abc"),
            git_tag("-x", "abc"),
            systemctl_restart(&units),
            systemctl_reset(&units),
            systemctl_stop(&units),
            systemctl_kill("-x.service"),
            journal("b.service"),
            journal_since("b.service", 1_500, Some(20)),
            journal_since("b.service", 1_000, None),
        ]
        .map(|argv| argv.join(" "))
        .join("\n");
        assert_eq!(
            text,
            "update-ref --create-reflog refs/backout/cp-1 abc\n\
             update-ref -d refs/backout/cp-1\n\
             checkout --quiet --no-recurse-submodules --detach abc\n\
             commit-tree -p parent -m -m is a message tree\n\
             merge --quiet --ff-only abc\n\
             rev-parse --verify --quiet --end-of-options -x~2^{commit}\n\
             log --max-count=50000 --no-show-signature --format=%H %T --end-of-options abc\n\
             tag --no-sign -- -x abc\n\
             restart --no-ask-password -- -x.service b.service\n\
             reset-failed --no-ask-password -- -x.service b.service\n\
             stop --no-ask-password -- -x.service b.service\n\
             kill --no-ask-password --signal=SIGKILL -- -x.service\n\
             --no-pager --lines=1000 --output=short-iso-precise --unit=b.service\n\
             --no-pager --quiet --output=cat --since=@1.500 --lines=20 --unit=b.service\n\
             --no-pager --quiet --output=cat --since=@1.000 --unit=b.service"
        );
    }
}
