//! Commands as probes: on the host, or in a container of the service.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::port::{Pending, ProbeOutcome, Reading};
use tokio::time::{Instant, timeout};

use super::outcome::{Performed, not_as_expected, not_performed};
use crate::command::{Command, CommandError, Environment};

/// How much of a command's output is kept of each stream.
const OUTPUT_LIMIT: usize = 16 * 1024;

/// How many characters of the output an outcome quotes.
const QUOTED: usize = 200;

/// Runs commands inside the containers of services.
pub trait ContainerExec: Send + Sync {
    /// Runs a command in one running container of the service and returns how it ended, whatever its exit code. Dropping
    /// the future ends the command as far as the platform allows.
    fn exec<'a>(
        &'a self,
        service: &'a ServiceName,
        argv: &'a [String],
        limit: Duration,
    ) -> Pending<'a, Result<ContainerOutput, NotExecuted>>;
}

/// What a command in a container left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerOutput {
    /// Its exit code; 128 + n for signal n.
    pub exit_code: i64,
    /// The end of its standard output and standard error.
    pub output: Vec<u8>,
}

/// A command did not run in a container, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotExecuted {
    /// No container runs, the program is not in it, or the platform does not answer.
    NotRun {
        /// Why.
        why: String,
    },
    /// It did not end in time.
    TimedOut,
}

/// Runs a command on this machine; its whole process group is ended when it takes too long.
pub(super) async fn on_host(
    (environment, folder): (&Environment, &Path),
    argv: &[String],
    limit: Duration,
) -> Performed {
    let [program, args @ ..] = argv else { return Err(not_performed("there is no command")) };
    let command = Command::new(program, environment).args(args).folder(folder);
    let output = command.limit(limit).output_limit(OUTPUT_LIMIT).output().await.map_err(|error| match error {
        CommandError::TimedOut { limit, .. } => ProbeOutcome::TimedOut { after: limit },
        CommandError::Unusable { what, source, .. } => {
            not_performed(format!("`{program}` could not be {what}: {source}"))
        }
        error => not_performed(error),
    })?;
    let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    Ok(Reading { outcome: ended(program, code(output.status), said), latency: Some(output.took) })
}

/// Runs a command in a container of the service.
pub(super) async fn in_container(
    containers: &dyn ContainerExec,
    service: &ServiceName,
    argv: &[String],
    limit: Duration,
) -> Performed {
    let started = Instant::now();
    let executed = timeout(limit, containers.exec(service, argv, limit)).await;
    match executed.unwrap_or(Err(NotExecuted::TimedOut)) {
        Ok(output) => {
            let program = argv.first().map(String::as_str).unwrap_or_default();
            let outcome = ended(program, output.exit_code, &output.output);
            Ok(Reading { outcome, latency: Some(started.elapsed()) })
        }
        Err(NotExecuted::TimedOut) => Err(ProbeOutcome::TimedOut { after: limit }),
        Err(NotExecuted::NotRun { why }) => Err(not_performed(why)),
    }
}

/// What an exit code says. 126 and 127 are how shells and container runtimes say that there was nothing to run.
fn ended(program: &str, code: i64, said: &[u8]) -> ProbeOutcome {
    let what = format!("`{program}` ended with exit code {code}{}", last_words(said));
    match code {
        0 => ProbeOutcome::AsExpected { what: format!("`{program}` ended with exit code 0") },
        126 | 127 => not_performed(what),
        _ => not_as_expected(what),
    }
}

fn code(status: ExitStatus) -> i64 {
    let signalled = || 128 + status.signal().unwrap_or_default();
    i64::from(status.code().unwrap_or_else(signalled))
}

/// The last line that says something, to be put behind a sentence.
fn last_words(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let Some(line) = said.lines().rev().map(str::trim).find(|line| !line.is_empty()) else { return String::new() };
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!(": {}…", &line[..end]),
        None => format!(": {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_quoted_and_a_long_one_in_part() {
        assert_eq!(last_words(b"Traceback\n  KeyError: 'db'\n\n"), ": KeyError: 'db'");
        assert_eq!(last_words(b"\n \n"), "");
        assert_eq!(last_words("é".repeat(900).as_bytes()).chars().count(), QUOTED + 3);
    }

    #[test]
    fn a_command_that_was_not_there_blames_nobody() {
        for (code, holds) in [(0, Some(true)), (1, Some(false)), (137, Some(false)), (126, None), (127, None)] {
            assert_eq!(ended("check", code, b"").holds(), holds, "{code}");
        }
    }
}
