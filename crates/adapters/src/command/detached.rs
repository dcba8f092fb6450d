//! Starting a process that outlives us: the dead-man's switch.
//!
//! It gets its own process group, no terminal input, and a log file for its output. Leaving the *session*, which makes it
//! immune to the terminal's `SIGHUP`, needs a call in the child between fork and exec, which is `unsafe` in Rust; so the
//! child does it itself as its first act, with `rustix::process::setsid`. That call fails for the leader of a process
//! group, which the child is: it starts itself once more (or handles `SIGHUP`) where the terminal must not reach it. As it
//! is not in the terminal's foreground group, the hang-up of a closed terminal does not reach it by itself; a shell's job
//! control, which could, does not know it.

use std::path::Path;
use std::process::Stdio;

use super::{Command, CommandError, ProcessId};

/// Starts a command that runs on when we end; its output is appended to `log`.
///
/// # Errors
/// [`CommandError`] where it was not found or could not be started, or the log cannot be written.
pub fn spawn_detached(command: &Command, log: &Path) -> Result<ProcessId, CommandError> {
    let open = || std::fs::OpenOptions::new().create(true).append(true).open(log);
    let stdout = open().map_err(|error| command.unusable("given its log file", error))?;
    let stderr = open().map_err(|error| command.unusable("given its log file", error))?;
    let mut process = command.process();
    process.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    let child = process.spawn().map_err(|error| command.not_started(error))?;
    let id = child.id().and_then(ProcessId::current);
    id.ok_or_else(|| command.unusable("found under /proc", std::io::ErrorKind::NotFound.into()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::command::{Environment, is_alive, terminate_group};

    #[tokio::test]
    async fn a_detached_process_writes_to_its_log_and_runs_on() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let command = Command::new("sh", &environment).args(["-c", "echo armed; echo so >&2; sleep 60"]);
        let process = spawn_detached(&command, &log).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(is_alive(process));
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "armed\nso\n");
        terminate_group(process, Duration::from_secs(1)).await;
    }
}
