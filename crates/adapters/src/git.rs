//! Calling git so that it neither asks nor wanders off, and leaves no lock behind where nobody waits for it any more.

use std::path::Path;
use std::time::Duration;

use crate::command::{Command, Environment};

/// How long git may take: a checkout of a large tree on a slow disk.
const LIMIT: Duration = Duration::from_secs(600);

/// A call of git in a work tree or a bare clone.
#[must_use]
pub fn call(root: &Path, environment: &Environment, arguments: Vec<String>) -> Command {
    Command::new("git", &scrubbed(environment))
        .arg("-C")
        .arg(root)
        .args(arguments)
        .limit(LIMIT)
        .install("install git: `apt install git`")
        .tidies_up()
}

/// The environment for git: nothing that points it to another repository or makes it ask, and messages in English.
#[must_use]
pub fn scrubbed(environment: &Environment) -> Environment {
    let mut scrubbed = environment.clone();
    scrubbed.retain(|name, _| {
        let name = name.to_string_lossy();
        !name.starts_with("GIT_") || name.starts_with("GIT_SSH") || name.starts_with("GIT_CONFIG_")
    });
    for (name, value) in
        [("GIT_TERMINAL_PROMPT", "0"), ("GIT_OPTIONAL_LOCKS", "0"), ("LC_ALL", "C"), ("GIT_PAGER", "cat")]
    {
        scrubbed.insert(name.into(), value.into());
    }
    scrubbed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_points_git_to_another_repository_or_makes_it_ask() {
        let names = ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_ASKPASS", "GIT_SSH_COMMAND", "PATH"];
        let given: Environment = names.iter().map(|name| ((*name).into(), "x".into())).collect();
        let seen = scrubbed(&given);
        let names: Vec<&str> = seen.keys().filter_map(|name| name.to_str()).collect();
        assert_eq!(
            names,
            ["GIT_OPTIONAL_LOCKS", "GIT_PAGER", "GIT_SSH_COMMAND", "GIT_TERMINAL_PROMPT", "LC_ALL", "PATH"]
        );
    }
}
