//! The only place that starts other programs, always from argument arrays.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

/// A program with its arguments and surroundings, before it is a process.
#[derive(Debug)]
pub(crate) struct Call {
    command: Command,
}

impl Call {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        Self { command }
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it with our own stdout and stderr.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let status = self.command.status().map_err(|error| self.start_failure(error))?;
        if status.success() { Ok(()) } else { Err(self.program_failure(&status.to_string(), String::new())) }
    }

    /// Runs it and returns its stdout; both streams are shown only when it fails.
    pub(crate) fn output(mut self) -> Result<String, Failure> {
        let output = self.command.output().map_err(|error| self.start_failure(error))?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(stdout);
        }
        let shown = format!("{}{}", stdout, String::from_utf8_lossy(&output.stderr));
        Err(self.program_failure(&output.status.to_string(), shown.trim_end().to_owned()))
    }

    /// Starts it with both streams appended to the log file, and returns its process id without waiting for its end.
    pub(crate) fn start(self, log: &Path) -> Result<u32, Failure> {
        self.child(log).map(|child| child.id())
    }

    /// Starts it with both streams appended to the log file.
    pub(crate) fn child(mut self, log: &Path) -> Result<Child, Failure> {
        let out = File::options().create(true).append(true).open(log).map_err(Failure::file(log))?;
        let err = out.try_clone().map_err(Failure::file(log))?;
        self.command.stdout(out).stderr(err).spawn().map_err(|error| self.start_failure(error))
    }

    fn start_failure(&self, error: std::io::Error) -> Failure {
        Failure::Start { program: self.words(), error }
    }

    fn program_failure(&self, ended: &str, output: String) -> Failure {
        Failure::Program { program: self.words(), ended: ended.to_owned(), output }
    }

    /// The program and its first words, to be told to people.
    fn words(&self) -> String {
        let mut words = vec![self.command.get_program().to_string_lossy().into_owned()];
        words.extend(self.command.get_args().take(4).map(|word| word.to_string_lossy().into_owned()));
        words.join(" ")
    }
}

/// Where the program is: in `PATH`, or in the folders that Debian keeps out of a user's `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(beside).map(|folder| folder.join(program)).find(|file| file.is_file())
}
