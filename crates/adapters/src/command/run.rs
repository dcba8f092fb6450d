//! Running a command to its end.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use super::capture::{Captured, Keep};
use super::{Command, CommandError, ProcessId, group};

/// How long a command that is over its limit gets between `SIGTERM` and `SIGKILL`.
const GRACE: Duration = Duration::from_secs(2);

/// How long output is still read after the process has ended: a background process that it left behind may hold the
/// pipe open for ever.
const DRAIN: Duration = Duration::from_millis(300);

/// How much of standard error an error quotes.
const QUOTED_LINES: usize = 12;

/// What a command that ended left.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// The beginning of its standard output.
    pub stdout: Vec<u8>,
    /// The end of its standard error.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub took: Duration,
}

impl Output {
    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

impl Command {
    /// Runs it and returns what it left, if it ended with exit code 0. Dropping the future kills its whole process group,
    /// or asks it to end where it [tidies up](Self::tidies_up).
    ///
    /// # Errors
    /// [`CommandError`] where it was not found, could not be started, did not end in time, or ended otherwise.
    pub async fn run(&self) -> Result<Output, CommandError> {
        let output = self.output().await?;
        if output.status.success() {
            return Ok(output);
        }
        Err(CommandError::Failed {
            command: self.to_string(),
            ending: ending(output.status),
            stderr: self.last_lines(&output.stderr),
        })
    }

    /// Runs it and returns what it left, whatever its exit code. Dropping the future kills its whole process group,
    /// or asks it to end where it [tidies up](Self::tidies_up).
    ///
    /// # Errors
    /// [`CommandError`] where it was not found, could not be started, or did not end in time.
    pub async fn output(&self) -> Result<Output, CommandError> {
        let started = Instant::now();
        let mut process = self.process();
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.spawn().map_err(|error| self.not_started(error))?;
        let mut running = EndOnDrop { leader: child.id(), with: self.when_dropped };
        let (stdout, stderr) =
            (Captured::new(Keep::First, self.output_limit), Captured::new(Keep::Last, self.output_limit));
        let reading = (stdout.clone().read(child.stdout.take()), stderr.clone().read(child.stderr.take()));
        let talk = tokio::spawn(converse(child.stdin.take(), self.stdin.clone(), reading));
        let Ok(status) = timeout(self.limit, child.wait()).await else {
            end(&mut child, &mut running).await;
            let stderr = self.last_lines(&stderr.take());
            return Err(CommandError::TimedOut { command: self.to_string(), limit: self.limit, stderr });
        };
        running.disarm();
        let aborter = talk.abort_handle();
        if timeout(DRAIN, talk).await.is_err() {
            aborter.abort();
        }
        let status = status.map_err(|error| self.unusable("waited for", error))?;
        Ok(Output { status, stdout: stdout.take(), stderr: stderr.take(), took: started.elapsed() })
    }

    /// The process builder: own group, exactly the given environment, no shell.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that starts processes")]
    pub(super) fn process(&self) -> tokio::process::Command {
        let mut process = tokio::process::Command::new(&self.program);
        process.args(&self.args).env_clear().envs(&self.environment).process_group(0);
        if let Some(folder) = &self.folder {
            process.current_dir(folder);
        }
        process
    }

    pub(super) fn not_started(&self, error: std::io::Error) -> CommandError {
        let is_there = self.folder.as_deref().is_none_or(std::path::Path::is_dir);
        if error.kind() == std::io::ErrorKind::NotFound && is_there {
            let program = self.program.to_string_lossy().into_owned();
            return CommandError::NotFound { program, install: self.install.clone() };
        }
        self.unusable("started", error)
    }

    pub(super) fn unusable(&self, what: &'static str, source: std::io::Error) -> CommandError {
        CommandError::Unusable { command: self.to_string(), what, source }
    }

    pub(super) fn last_lines(&self, stderr: &[u8]) -> String {
        let text = String::from_utf8_lossy(stderr);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        self.redactor.apply(&lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n"))
    }
}

/// How a process ended, in words.
pub(super) fn ending(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}

async fn converse(stdin: Option<ChildStdin>, content: Vec<u8>, reading: (impl Future, impl Future)) {
    let writing = async {
        if let Some(mut stdin) = stdin {
            // A process that does not read its input is not at fault; its exit code tells.
            let _ = stdin.write_all(&content).await;
        }
    };
    tokio::join!(writing, reading.0, reading.1);
}

async fn end(child: &mut Child, running: &mut EndOnDrop) {
    running.signal(Signal::TERM);
    let ended = timeout(GRACE, child.wait()).await;
    running.signal(Signal::KILL);
    if ended.is_err() {
        let _ = child.wait().await;
    }
    running.disarm();
}

/// Ends a process group with a signal unless its leader has ended.
struct EndOnDrop {
    leader: Option<u32>,
    with: Signal,
}

impl EndOnDrop {
    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.leader {
            group::signal(pid, signal);
        }
    }

    fn disarm(&mut self) {
        self.leader = None;
    }
}

impl Drop for EndOnDrop {
    /// What was asked to end and does not is killed, as long as there is somebody to wait for that.
    fn drop(&mut self) {
        self.signal(self.with);
        let asked = self.leader.filter(|_| self.with != Signal::KILL).and_then(ProcessId::current);
        if let (Some(process), Ok(runtime)) = (asked, Handle::try_current()) {
            runtime.spawn(group::terminate_group(process, GRACE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Environment, is_alive};

    fn shell(script: &str) -> Command {
        let environment = Environment::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())]);
        Command::new("sh", &environment).args(["-c", script])
    }

    #[tokio::test]
    async fn standard_input_goes_in_and_output_comes_out() {
        let output = shell("cat; echo done >&2").stdin("hello").run().await.unwrap();
        assert_eq!((output.text().as_str(), output.stderr.as_slice()), ("hello", b"done\n".as_slice()));
    }

    #[tokio::test]
    async fn only_the_given_environment_is_seen() {
        let output = shell("echo \"$HOME-$GREETING\"").env("GREETING", "hi").run().await.unwrap();
        assert_eq!(output.text(), "-hi\n");
    }

    #[tokio::test]
    async fn a_missing_program_says_what_to_install() {
        let error =
            Command::new("no-such-tool", &Environment::new()).install("apt install tool").run().await.unwrap_err();
        assert!(matches!(error, CommandError::NotFound { .. }), "{error}");
        assert_eq!(error.hint().as_deref(), Some("apt install tool"));
    }

    #[tokio::test]
    async fn a_failure_quotes_the_last_lines_with_secrets_masked() {
        let command = shell("echo bad password hunter2 >&2; exit 7").secrets(["hunter2".to_owned()]);
        let text = command.run().await.unwrap_err().to_string();
        assert!(text.ends_with("ended with exit code 7: bad password [redacted]"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[tokio::test]
    async fn a_command_over_its_limit_is_ended_with_its_children() {
        let error = shell("sleep 60 & echo $! >&2; wait").limit(Duration::from_millis(300)).run().await.unwrap_err();
        let CommandError::TimedOut { stderr, .. } = &error else { panic!("{error}") };
        let child: u32 = stderr.lines().next().unwrap().parse().unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(ProcessId::current(child).filter(|process| is_alive(*process)), None);
    }

    #[tokio::test]
    async fn dropping_the_future_kills_the_whole_group() {
        let folder = tempfile::tempdir().unwrap();
        let command = shell("sleep 60 & echo $! > child; wait").folder(folder.path());
        let run = tokio::time::timeout(Duration::from_millis(300), command.run()).await;
        assert!(run.is_err());
        let child: u32 = std::fs::read_to_string(folder.path().join("child")).unwrap().trim().parse().unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(ProcessId::current(child).filter(|process| is_alive(*process)), None);
    }

    #[tokio::test]
    async fn dropping_the_future_lets_a_program_tidy_up_that_does_so() {
        let folder = tempfile::tempdir().unwrap();
        let command =
            shell("trap 'rm lock; exit 1' TERM; touch lock; sleep 60 & wait").folder(folder.path()).tidies_up();
        let lock = folder.path().join("lock");
        tokio::select! {
            ended = command.run() => panic!("it was to be waited for: {ended:?}"),
            () = until(|| lock.exists()) => {}
        }
        until(|| !lock.exists()).await;
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_when_it_is_asked_to_is_killed_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let command = shell("trap '' TERM; echo $$ > id; while :; do sleep 1; done").folder(folder.path()).tidies_up();
        let id = || std::fs::read_to_string(folder.path().join("id")).ok()?.trim().parse().ok();
        tokio::select! {
            ended = command.run() => panic!("it was to be waited for: {ended:?}"),
            () = until(|| id().is_some()) => {}
        }
        let process = ProcessId::current(id().unwrap()).unwrap();
        until(|| !is_alive(process)).await;
    }

    async fn until(holds: impl Fn() -> bool) {
        let waited = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), waited).await.unwrap();
    }

    #[tokio::test]
    async fn a_background_process_that_holds_the_pipe_does_not_hold_the_command() {
        let output = shell("sleep 3 & echo started").run().await.unwrap();
        assert_eq!(output.text(), "started\n");
        assert!(output.took < Duration::from_secs(2), "{:?}", output.took);
    }

    #[tokio::test]
    async fn output_over_the_limit_is_cut_and_does_not_block_the_process() {
        let output = shell("head -c 1000000 /dev/zero").output_limit(100).run().await.unwrap();
        assert_eq!(output.stdout.len(), 100);
    }
}
