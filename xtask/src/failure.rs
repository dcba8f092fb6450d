//! Why a chore failed: few kinds, each with words that say what to do.

use std::fmt;
use std::path::Path;

/// A chore that failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// A program could not be started.
    Start { program: String, error: std::io::Error },
    /// A program ended with a failure.
    Program { program: String, ended: String, output: String },
    /// A file could not be read or written.
    File { path: String, error: std::io::Error },
    /// What was checked does not hold.
    Check(String),
}

impl Failure {
    /// For `map_err` on file operations.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::File { path, error }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Check(message) => f.write_str(message),
            Self::Start { program, error } => write!(f, "`{program}` cannot be started: {error}; is it installed?"),
            Self::Program { program, ended, output } if output.is_empty() => {
                write!(f, "`{program}` ended with {ended}")
            }
            Self::Program { program, ended, output } => write!(f, "`{program}` ended with {ended}:\n{output}"),
            Self::File { path, error } => write!(f, "`{path}`: {error}"),
        }
    }
}
