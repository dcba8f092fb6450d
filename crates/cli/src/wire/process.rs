//! What this process is given: its environment variables, folder, name and time come in here, and nowhere else.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::CliError;

/// This process, as it was started.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    /// The environment variables.
    pub(crate) variables: BTreeMap<OsString, OsString>,
    /// The working directory.
    pub(crate) folder: PathBuf,
    /// The program file: what the dead-man's switch is started from.
    pub(crate) program: PathBuf,
    /// Its process id.
    pub(crate) pid: u32,
}

impl Process {
    #[expect(clippy::disallowed_methods, reason = "the one place where environment variables come in")]
    pub(crate) fn current() -> Result<Self, CliError> {
        let folder = std::env::current_dir()
            .map_err(|error| CliError::usage(format!("the working directory cannot be found: {error}")))?;
        let program = std::env::current_exe()
            .map_err(|error| CliError::failed(format!("this program's own file cannot be found: {error}")))?;
        Ok(Self { variables: std::env::vars_os().collect(), folder, program, pid: std::process::id() })
    }

    /// A variable, if it is set and is text.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(&OsString::from(name)).and_then(|value| value.clone().into_string().ok())
    }

    /// A variable that is a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(&OsString::from(name)).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Who is at it: `ana@web1`.
    pub(crate) fn actor(&self) -> String {
        let user = self.variable("SUDO_USER").or_else(|| self.variable("USER")).or_else(|| self.variable("LOGNAME"));
        let user = user.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
        format!("{user}@{}", rustix::system::uname().nodename().to_string_lossy())
    }
}
