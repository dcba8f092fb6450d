//! Writes a stream into a process.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};

use backout_adapters::command::{Command, spawn_piped};
use backout_core::port::PortError;

use super::messages::{bare, succeeded};
use super::watch::blocking;
use crate::seal;

/// How much is moved at once.
const CHUNK: usize = 256 * 1024;

/// How much of a stream a process has to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// To its end. What the process leaves unread is read here, so that its end was looked at.
    All,
    /// As much as it likes.
    Some,
}

/// Runs a command with `content` as its standard input. Answers with its standard output, which is to be short.
///
/// # Errors
/// Where the stream breaks, whatever the process made of its end; where the process fails.
pub(crate) async fn feed(
    command: &Command,
    content: Box<dyn Read + Send>,
    need: Need,
    what: &str,
) -> Result<Vec<u8>, PortError> {
    let mut process = spawn_piped(&bare(command.clone()))?;
    let streams = process.stdin().zip(process.stdout());
    let Some((stdin, stdout)) = streams else { return Err(PortError::new(format!("{what}: it has no streams"))) };
    let reading = tokio::spawn(blocking(move || Ok(read(stdout))));
    let said = what.to_owned();
    let (poured, stdin) = blocking(move || Ok(pour(content, stdin, &said))).await?;
    let rest = match poured {
        Ok(rest) => rest,
        Err(error) => {
            // Killed before its input is closed: it shall not take half a stream for a whole one.
            drop(process);
            drop(stdin);
            return Err(error);
        }
    };
    drop(stdin);
    let output = reading.await.map_err(|error| PortError::new(format!("{what}: {error}")))?;
    let ended = process.wait().await?;
    succeeded(&process, &ended).map_err(|error| PortError::new(format!("{what}: {error}")))?;
    if let (Some(mut rest), Need::All) = (rest, need) {
        let said = what.to_owned();
        let drained =
            move || std::io::copy(&mut rest, &mut std::io::sink()).map_err(|error| seal::failed(&said, &error));
        blocking(drained).await?;
    }
    output
}

/// What is left of a stream that a process did not want to its end.
type Rest = Option<Box<dyn Read + Send>>;

/// Writes to the end of the stream, or until the process reads no more. The process's input stays open.
fn pour(mut content: Box<dyn Read + Send>, mut process: File, what: &str) -> (Result<Rest, PortError>, File) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let moved = match content.read(&mut chunk) {
            Ok(0) => return (Ok(None), process),
            Ok(length) => process.write_all(&chunk[..length]).map_err(|error| (error, true)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err((error, false)),
        };
        match moved {
            Ok(()) => {}
            Err((error, true)) if error.kind() == ErrorKind::BrokenPipe => return (Ok(Some(content)), process),
            Err((error, _)) => return (Err(seal::failed(what, &error)), process),
        }
    }
}

/// What the process prints, as far as it can be read.
fn read(mut process: File) -> Vec<u8> {
    let mut output = Vec::new();
    let _ = process.read_to_end(&mut output);
    output
}
