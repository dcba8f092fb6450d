//! Reading a command line by line while it runs.

use std::process::Stdio;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout};

use super::{Command, CommandError, group};

/// How many bytes of one line are read; what is longer is cut into several.
const LINE_LIMIT: u64 = 4096;

/// A command that prints lines. Dropping it kills its whole process group.
#[derive(Debug)]
pub struct Lines {
    child: Child,
    output: BufReader<ChildStdout>,
}

/// Starts a command to read its standard output line by line. Its standard input is empty and its standard error is not
/// kept.
///
/// # Errors
/// [`CommandError`] where it was not found or could not be started.
pub fn spawn_lines(command: &Command) -> Result<Lines, CommandError> {
    let mut process = command.process();
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = process.spawn().map_err(|error| command.not_started(error))?;
    let output = child.stdout.take().ok_or_else(|| command.unusable("read", std::io::ErrorKind::BrokenPipe.into()))?;
    Ok(Lines { child, output: BufReader::new(output) })
}

impl Lines {
    /// The next line without its end; `None` after the last.
    pub async fn next(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let read = (&mut self.output).take(LINE_LIMIT).read_until(b'\n', &mut line).await;
        matches!(read, Ok(1..)).then(|| String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(pid) = self.child.id() {
            group::signal(pid, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Environment;

    #[tokio::test]
    async fn lines_come_while_the_command_runs() {
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let command = Command::new("sh", &environment).args(["-c", "echo one; echo two; exec sleep 60"]);
        let mut lines = spawn_lines(&command).unwrap();
        assert_eq!(lines.next().await.as_deref(), Some("one"));
        assert_eq!(lines.next().await.as_deref(), Some("two"));
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), lines.next()).await.is_err());
    }

    #[tokio::test]
    async fn the_end_is_told() {
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let mut lines = spawn_lines(&Command::new("true", &environment)).unwrap();
        assert_eq!(lines.next().await, None);
    }
}
