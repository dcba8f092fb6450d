//! Starting the guarded deploy: its terminal is ours, its process group is its own.
//!
//! The process group makes it possible to end a deploy with everything it started, also after the guard itself has died
//! and another process takes over ([`super::terminate_group`]). The price: while the guard is in the terminal's foreground
//! the deploy is not, so a deploy that *reads from the terminal* (a password prompt) is stopped by the kernel with
//! `SIGTTIN`; [`Guarded::is_stopped`] tells.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Child;

use super::{Command, CommandError, ProcessId, Termination, group, terminate_group};

/// A guarded process. Dropping it leaves the process running.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    id: ProcessId,
    shown: String,
}

/// Starts a command with our standard input, output and error, in its own process group. Limits are the caller's.
///
/// # Errors
/// [`CommandError`] where it was not found or could not be started.
pub fn spawn_inherited(command: &Command) -> Result<Guarded, CommandError> {
    spawn(command, Stdio::inherit())
}

/// The same, with what it prints on our standard error: our standard output is for a document that nothing may come into.
///
/// # Errors
/// As [`spawn_inherited`].
pub fn spawn_beside_document(command: &Command) -> Result<Guarded, CommandError> {
    spawn(command, Stdio::from(std::io::stderr()))
}

fn spawn(command: &Command, stdout: Stdio) -> Result<Guarded, CommandError> {
    let mut process = command.process();
    process.stdin(Stdio::inherit()).stdout(stdout).stderr(Stdio::inherit());
    let child = process.spawn().map_err(|error| command.not_started(error))?;
    let id = child.id().and_then(ProcessId::current);
    let id = id.ok_or_else(|| command.unusable("found under /proc", std::io::ErrorKind::NotFound.into()))?;
    Ok(Guarded { child, id, shown: command.to_string() })
}

impl Guarded {
    /// Its name for all time, to be written down.
    #[must_use]
    pub fn id(&self) -> ProcessId {
        self.id
    }

    /// Waits until it ends. May be cancelled and called again.
    ///
    /// # Errors
    /// [`CommandError::Unusable`] where it cannot be waited for.
    pub async fn wait(&mut self) -> Result<ExitStatus, CommandError> {
        let waited = self.child.wait().await;
        waited.map_err(|source| CommandError::Unusable { command: self.shown.clone(), what: "waited for", source })
    }

    /// Whether the kernel has stopped it: it tried to read from the terminal.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        group::is_stopped(self.id)
    }

    /// Ends it with everything it started: `SIGTERM`, and `SIGKILL` for what is left after `grace`.
    pub async fn terminate(&mut self, grace: Duration) -> Termination {
        terminate_group(self.id, grace).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Environment, is_alive};

    fn shell(script: &str) -> Command {
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        Command::new("sh", &environment).args(["-c", script])
    }

    #[tokio::test]
    async fn the_exit_code_of_a_guarded_process_comes_back() {
        let mut guarded = spawn_inherited(&shell("exit 5")).unwrap();
        assert_eq!(guarded.wait().await.unwrap().code(), Some(5));
    }

    #[tokio::test]
    async fn a_guarded_process_ends_with_its_children() {
        let mut guarded = spawn_inherited(&shell("sleep 60 & sleep 60")).unwrap();
        assert!(is_alive(guarded.id()));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(guarded.terminate(Duration::from_secs(2)).await, Termination::Ended);
        guarded.wait().await.unwrap();
        assert_eq!(terminate_group(guarded.id(), Duration::ZERO).await, Termination::NotRunning);
    }

    #[tokio::test]
    async fn a_group_that_ignores_the_signal_is_killed_by_name_alone() {
        let guarded = spawn_inherited(&shell("trap '' TERM; while :; do sleep 0.1; done")).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let name = guarded.id();
        assert_eq!(terminate_group(name, Duration::from_millis(200)).await, Termination::Killed);
    }

    #[tokio::test]
    async fn a_group_outlives_its_leader_and_is_still_found() {
        let mut guarded = spawn_inherited(&shell("sleep 60 & exit 0")).unwrap();
        guarded.wait().await.unwrap();
        assert_eq!(terminate_group(guarded.id(), Duration::from_secs(2)).await, Termination::Ended);
    }
}
