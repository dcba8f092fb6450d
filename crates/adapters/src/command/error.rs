//! What can go wrong with a command.

use std::time::Duration;

use backout_core::port::PortError;

/// A command did not do what it was started for. Texts are redacted.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no such program.
    #[error("the program `{program}` was not found")]
    NotFound {
        /// Its name.
        program: String,
        /// What to install.
        install: Option<String>,
    },
    /// It could not be started, or spoken to.
    #[error("`{command}` could not be {what}")]
    Unusable {
        /// The command.
        command: String,
        /// What could not be done with it: `started`, `waited for`.
        what: &'static str,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// It did not end in time, and was ended.
    #[error("`{command}` did not end within {} s and was ended{}", limit.as_secs_f32(), tail(stderr))]
    TimedOut {
        /// The command.
        command: String,
        /// How long it had.
        limit: Duration,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// It ended, and not well.
    #[error("`{command}` ended with {ending}{}", tail(stderr))]
    Failed {
        /// The command.
        command: String,
        /// `exit code 1`, or `signal 9`.
        ending: String,
        /// The last lines of its standard error.
        stderr: String,
    },
}

fn tail(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!(": {stderr}") }
}

impl CommandError {
    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            CommandError::NotFound { program, install } => {
                Some(install.clone().unwrap_or_else(|| format!("install `{program}`, or put its folder on `PATH`")))
            }
            CommandError::Unusable { source, .. } => Some(source.to_string()),
            CommandError::TimedOut { .. } | CommandError::Failed { .. } => None,
        }
    }

    /// The last lines of standard error, where the command ran.
    #[must_use]
    pub fn stderr(&self) -> &str {
        match self {
            CommandError::TimedOut { stderr, .. } | CommandError::Failed { stderr, .. } => stderr,
            CommandError::NotFound { .. } | CommandError::Unusable { .. } => "",
        }
    }
}

impl From<CommandError> for PortError {
    fn from(error: CommandError) -> Self {
        let port = PortError::new(error.to_string());
        match error.hint() {
            Some(hint) => port.hint(hint),
            None => port,
        }
    }
}
