//! Processes with data flowing through them: dumps, restores.
//!
//! Contract: the caller has both streams as blocking files and moves the data on a thread of its own; messages are read
//! beside it, so that a talkative process does not stop. An end of a stream is not a success: [`Piped::wait`] tells. Dropping
//! the value kills the whole process group, whereupon the streams end as well.

use std::fs::File;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::capture::{Captured, Keep};
use super::run::ending;
use super::{Command, CommandError, group};

/// How much of standard error is kept: its end.
const MESSAGES: usize = 64 * 1024;

/// How long messages are still read after the process has ended.
const DRAIN: Duration = Duration::from_millis(300);

/// A process whose standard input and output are ours. Dropping it kills its whole process group.
#[derive(Debug)]
pub struct Piped {
    command: Command,
    child: Child,
    stdin: Option<File>,
    stdout: Option<File>,
    messages: Captured,
    reading: JoinHandle<()>,
}

/// How a process ended, with the end of what it said, secrets redacted.
#[derive(Debug, Clone)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// The last 64 KiB of its standard error.
    pub messages: String,
}

/// Starts a command to write to it and to read from it. A limit of time is the caller's; [`Command::stdin`] is not used.
///
/// # Errors
/// [`CommandError`] where it was not found or could not be started.
pub fn spawn_piped(command: &Command) -> Result<Piped, CommandError> {
    let mut process = command.process();
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process.spawn().map_err(|error| command.not_started(error))?;
    let messages = Captured::new(Keep::Last, MESSAGES);
    let reading = tokio::spawn(messages.clone().read(child.stderr.take()));
    let stdin = child.stdin.take().map(tokio::process::ChildStdin::into_owned_fd).transpose();
    let stdout = child.stdout.take().map(tokio::process::ChildStdout::into_owned_fd).transpose();
    let mut piped = Piped { command: command.clone(), child, stdin: None, stdout: None, messages, reading };
    piped.stdin = stdin.map_err(|error| command.unusable("written to", error))?.map(File::from);
    piped.stdout = stdout.map_err(|error| command.unusable("read", error))?.map(File::from);
    Ok(piped)
}

impl Piped {
    /// Its standard input, once; dropping it is the end of the input.
    pub fn stdin(&mut self) -> Option<File> {
        self.stdin.take()
    }

    /// Its standard output, once.
    pub fn stdout(&mut self) -> Option<File> {
        self.stdout.take()
    }

    /// Waits until it ends, well or not. Streams that were not taken are closed first: it reads nothing more then, and is
    /// ended by what it still writes. May be cancelled and called again.
    ///
    /// # Errors
    /// [`CommandError::Unusable`] where it cannot be waited for.
    pub async fn wait(&mut self) -> Result<Ended, CommandError> {
        drop((self.stdin.take(), self.stdout.take()));
        let waited = self.child.wait().await;
        let status = waited.map_err(|error| self.command.unusable("waited for", error))?;
        // A process that it left behind may hold the pipe open for ever.
        if !self.reading.is_finished() && timeout(DRAIN, &mut self.reading).await.is_err() {
            self.reading.abort();
        }
        let messages = self.command.redactor.apply(&String::from_utf8_lossy(&self.messages.take()));
        Ok(Ended { status, messages })
    }

    /// Ends it politely: `SIGINT`, as a person would who types Ctrl-C, and `SIGKILL` for what is left of its group after
    /// `grace`. Answers with how it ended.
    ///
    /// # Errors
    /// As [`Piped::wait`].
    pub async fn interrupt(&mut self, grace: Duration) -> Result<Ended, CommandError> {
        let group = self.child.id();
        for signal in [Signal::INT, Signal::KILL] {
            group.into_iter().for_each(|group| group::signal(group, signal));
            if let Ok(ended) = timeout(grace, self.wait()).await {
                return ended;
            }
        }
        self.wait().await
    }

    /// The error that an ending comes to, whatever the exit code was.
    #[must_use]
    pub fn failure(&self, ended: &Ended) -> CommandError {
        CommandError::Failed {
            command: self.command.to_string(),
            ending: ending(ended.status),
            stderr: self.command.last_lines(ended.messages.as_bytes()),
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        self.reading.abort();
        if let Some(pid) = self.child.id() {
            group::signal(pid, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::command::{Environment, ProcessId, is_alive};

    fn shell(script: &str) -> Command {
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        Command::new("sh", &environment).args(["-c", script])
    }

    #[tokio::test]
    async fn what_goes_in_comes_out_whatever_its_size() {
        let mut piped = spawn_piped(&shell("cat; echo done >&2")).unwrap();
        let (mut stdin, mut stdout) = (piped.stdin().unwrap(), piped.stdout().unwrap());
        let writing = tokio::task::spawn_blocking(move || stdin.write_all(&vec![7; 1_000_000]).unwrap());
        let reading = tokio::task::spawn_blocking(move || {
            let mut read = Vec::new();
            stdout.read_to_end(&mut read).unwrap();
            read
        });
        writing.await.unwrap();
        assert!(reading.await.unwrap() == vec![7; 1_000_000]);
        let ended = piped.wait().await.unwrap();
        assert!(ended.status.success());
        assert_eq!(ended.messages, "done\n");
    }

    #[tokio::test]
    async fn a_talkative_process_does_not_stop_and_the_end_of_what_it_said_is_kept_redacted() {
        let script = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo 'bad password hunter2' >&2; exit 3";
        let mut piped = spawn_piped(&shell(script).secrets(["hunter2".to_owned()])).unwrap();
        let ended = piped.wait().await.unwrap();
        assert!(ended.messages.len() <= MESSAGES + 10);
        let error = piped.failure(&ended).to_string();
        assert!(error.contains("exit code 3") && error.ends_with("bad password [redacted]"), "{error}");
        assert!(!ended.messages.contains("hunter2") && !error.contains("hunter2"));
    }

    #[tokio::test]
    async fn an_interrupted_process_may_tidy_up_and_one_that_does_not_end_is_killed() {
        let tidy = "trap 'echo tidied >&2; exit 4' INT; echo ready; while :; do sleep 0.05; done";
        for (script, expected) in [(tidy, Some(4)), ("trap '' INT; echo ready; while :; do sleep 0.05; done", None)] {
            let mut piped = spawn_piped(&shell(script)).unwrap();
            piped.stdout().unwrap().read_exact(&mut [0; 5]).unwrap();
            let ended = piped.interrupt(Duration::from_millis(500)).await.unwrap();
            assert_eq!(ended.status.code(), expected);
            assert_eq!(ended.messages.contains("tidied"), expected.is_some());
        }
    }

    #[tokio::test]
    async fn dropping_it_kills_its_children_and_ends_its_streams() {
        let mut piped = spawn_piped(&shell("sleep 60 & echo $!; wait")).unwrap();
        let mut stdout = piped.stdout().unwrap();
        let mut first = [0; 64];
        let length = stdout.read(&mut first).unwrap();
        let child: u32 = std::str::from_utf8(&first[..length]).unwrap().trim().parse().unwrap();
        drop(piped);
        assert_eq!(stdout.read(&mut first).unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(ProcessId::current(child).filter(|process| is_alive(*process)), None);
    }
}
