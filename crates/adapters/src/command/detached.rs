//! Starting processes that run beside us: the dead-man's switch, which outlives us, and tunnels, which do not.
//!
//! Both get their own process group, no terminal input, and a log file for their output. Leaving the *session*, which
//! makes a process immune to the terminal's `SIGHUP`, needs a call in the child between fork and exec, which is `unsafe`
//! in Rust; so the dead-man's switch does it itself as its first act, with `rustix::process::setsid`. That call fails for
//! the leader of a process group, which the child is: it starts itself once more, or handles `SIGHUP`, where the terminal
//! must not reach it. As it is not in the terminal's foreground group, the hang-up of a closed terminal does not reach it
//! by itself; a shell's job control, which could, does not know it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{Command, CommandError, ProcessId, group, is_alive};

/// How often a process that was asked to end is looked at.
const LOOK: Duration = Duration::from_millis(5);

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

/// A process that runs beside us and is killed, with all that it started, when this value is dropped.
#[derive(Debug)]
pub struct Background(ProcessId);

impl Background {
    /// Starts a command; its output is appended to `log`.
    ///
    /// # Errors
    /// As [`spawn_detached`].
    pub fn start(command: &Command, log: &Path) -> Result<Self, CommandError> {
        spawn_detached(command, log).map(Self)
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        is_alive(self.0)
    }

    /// Sends a signal to the process itself and waits until it has ended, for at most `within`; the thread is blocked for as
    /// long. For a server that takes back what the system gave it when it is asked to end, and not when it is killed.
    pub fn ask_to_end(&self, signal: Signal, within: Duration) {
        let Some(pid) = i32::try_from(self.0.pid).ok().and_then(Pid::from_raw).filter(|_| self.is_alive()) else {
            return;
        };
        if kill_process(pid, signal).is_err() {
            return;
        }
        let mut waited = Duration::ZERO;
        while self.is_alive() && waited < within {
            std::thread::sleep(LOOK);
            waited += LOOK;
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if self.is_alive() {
            group::signal(self.0.pid, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Environment, terminate_group};

    fn shell(script: &str) -> Command {
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        Command::new("sh", &environment).args(["-c", script])
    }

    #[tokio::test]
    async fn a_detached_process_writes_to_its_log_and_runs_on() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = spawn_detached(&shell("echo armed; echo so >&2; sleep 60"), &log).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(is_alive(process));
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "armed\nso\n");
        terminate_group(process, Duration::from_secs(1)).await;
    }

    #[tokio::test]
    async fn a_background_process_ends_with_its_value() {
        let folder = tempfile::tempdir().unwrap();
        let background = Background::start(&shell("sleep 60"), &folder.path().join("log")).unwrap();
        let process = background.0;
        assert!(background.is_alive());
        drop(background);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!is_alive(process));
    }
}
