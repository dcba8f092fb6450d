//! A command as a value: what would be run, as data that tests read as text.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use super::Redactor;

/// Environment variables by name.
pub type Environment = BTreeMap<OsString, OsString>;

/// How long a command may run unless told otherwise.
const LIMIT: Duration = Duration::from_secs(60);

/// How much of each output stream is kept unless told otherwise.
const OUTPUT_LIMIT: usize = 16 * 1024 * 1024;

/// A program with its arguments and surroundings. Shown with secrets redacted, and without environment or standard
/// input.
#[derive(Clone)]
pub struct Command {
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
    pub(super) environment: Environment,
    pub(super) folder: Option<PathBuf>,
    pub(super) stdin: Vec<u8>,
    pub(super) limit: Duration,
    pub(super) output_limit: usize,
    pub(super) redactor: Redactor,
    pub(super) install: Option<String>,
    /// What its processes get where nobody waits for them any more.
    pub(super) when_dropped: Signal,
}

impl Command {
    /// A command without arguments that sees exactly the environment given. It is looked for in that environment's `PATH`.
    #[must_use]
    pub fn new(program: impl Into<OsString>, environment: &Environment) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            environment: environment.clone(),
            folder: None,
            stdin: Vec::new(),
            limit: LIMIT,
            output_limit: OUTPUT_LIMIT,
            redactor: Redactor::default(),
            install: None,
            when_dropped: Signal::KILL,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets one environment variable beside those given.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Runs in a folder.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Gives standard input; without it, it is empty.
    #[must_use]
    pub fn stdin(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.stdin = content.into();
        self
    }

    /// How long it may run (60 s unless set).
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How many bytes are kept of each output stream (16 MiB unless set): the first of standard output, the last of
    /// standard error.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    /// Texts that are masked wherever the command or its errors are shown.
    #[must_use]
    pub fn secrets(mut self, secrets: impl IntoIterator<Item = String>) -> Self {
        self.redactor = Redactor::new(secrets);
        self
    }

    /// What to install where the program is not found: `install the Docker CLI`.
    #[must_use]
    pub fn install(mut self, hint: impl Into<String>) -> Self {
        self.install = Some(hint.into());
        self
    }

    /// Dropping its future asks its processes to end (`SIGTERM`) instead of killing them: for a program that ends when it is
    /// asked to, and leaves lock files behind when it is killed, as git does.
    #[must_use]
    pub fn tidies_up(mut self) -> Self {
        self.when_dropped = Signal::TERM;
        self
    }

    /// The program and its arguments, secrets and all: for tests that look whether there are any.
    pub fn argv(&self) -> impl Iterator<Item = &OsStr> {
        std::iter::once(self.program.as_os_str()).chain(self.args.iter().map(OsString::as_os_str))
    }

    /// The environment it sees.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The folder it runs in, where one was given.
    #[must_use]
    pub fn working_folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.argv().map(|word| quoted(&word.to_string_lossy())).collect();
        f.write_str(&self.redactor.apply(&words.join(" ")))
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({self})")
    }
}

/// A word as a shell would need it, for people who copy it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("tool", &Environment::new()).args(["login", "--password", "hunter2", "a b", "it's"])
    }

    #[test]
    fn a_command_is_shown_with_quotes_where_a_shell_needs_them() {
        assert_eq!(command().to_string(), r"tool login --password hunter2 'a b' 'it'\''s'");
    }

    #[test]
    fn a_secret_is_shown_neither_by_display_nor_by_debug() {
        let command = command().secrets(["hunter2".to_owned()]).env("TOKEN", "t0ken").stdin("st-in");
        let shown = format!("{command} {command:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("t0ken") && !shown.contains("st-in"), "{shown}");
        assert!(shown.contains("--password [redacted]"));
    }
}
