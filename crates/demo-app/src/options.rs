//! What the command line and the environment ask for. A flag wins over its variable.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::mode::{Mode, ModeError};

/// Everything the application needs to know to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The address to listen on, such as `0.0.0.0:8080`; port 0 lets the system choose.
    pub listen: String,
    /// The version that `/health` and `/version` answer.
    pub version: String,
    /// How it behaves.
    pub mode: Mode,
    /// The file whose content `GET /config` answers, read anew at each request.
    pub config: Option<PathBuf>,
    /// How long it waits before it listens.
    pub start_delay: Duration,
    /// What `GET /env/NAME` answers from.
    pub environment: BTreeMap<String, String>,
}

/// What one call of the binary is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Serve until told to stop.
    Serve(Options),
    /// Ask this URL once and say by the exit code whether it answered well.
    Healthcheck(String),
}

/// A command line or environment that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionsError {
    /// The flag does not exist.
    UnknownFlag(String),
    /// The flag stands last and its value is missing.
    MissingValue(String),
    /// The delay is not a whole number of milliseconds.
    StartDelay(String),
    /// The mode is none.
    Mode(ModeError),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8080".to_owned(),
            version: "1".to_owned(),
            mode: Mode::Ok,
            config: None,
            start_delay: Duration::ZERO,
            environment: BTreeMap::new(),
        }
    }
}

impl Invocation {
    /// Reads the arguments (without the program's name) and the environment.
    ///
    /// # Errors
    /// The first flag or variable that cannot be understood, with what to write instead.
    pub fn parse(
        arguments: impl IntoIterator<Item = String>,
        environment: BTreeMap<String, String>,
    ) -> Result<Self, OptionsError> {
        let mut options = Options::default();
        for (variable, flag) in FLAGS {
            if let Some(value) = environment.get(variable).filter(|value| !value.is_empty()) {
                options.set(flag, value)?;
            }
        }
        options.environment = environment;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (flag, value) = match argument.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            let Some(value) = value.or_else(|| arguments.next()) else {
                return Err(OptionsError::MissingValue(flag));
            };
            if flag == "--healthcheck" {
                return Ok(Self::Healthcheck(value));
            }
            options.set(&flag, &value)?;
        }
        Ok(Self::Serve(options))
    }
}

/// Each variable with the flag it stands for.
const FLAGS: [(&str, &str); 5] = [
    ("APP_LISTEN", "--listen"),
    ("APP_VERSION", "--version"),
    ("APP_MODE", "--mode"),
    ("APP_CONFIG", "--config"),
    ("APP_START_DELAY", "--start-delay"),
];

impl Options {
    fn set(&mut self, flag: &str, value: &str) -> Result<(), OptionsError> {
        match flag {
            "--listen" => self.listen = value.to_owned(),
            "--version" => self.version = value.to_owned(),
            "--mode" => self.mode = value.parse().map_err(OptionsError::Mode)?,
            "--config" => self.config = Some(PathBuf::from(value)),
            "--start-delay" => {
                let delay = value.parse().map_err(|_| OptionsError::StartDelay(value.to_owned()))?;
                self.start_delay = Duration::from_millis(delay);
            }
            _ => return Err(OptionsError::UnknownFlag(flag.to_owned())),
        }
        Ok(())
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFlag(flag) => write!(
                f,
                "`{flag}` is no flag; use --listen, --version, --mode, --config, --start-delay or --healthcheck"
            ),
            Self::MissingValue(flag) => write!(f, "`{flag}` needs a value; write `{flag} VALUE`"),
            Self::StartDelay(text) => {
                write!(f, "the start delay `{text}` is no number; write whole milliseconds")
            }
            Self::Mode(_) => f.write_str("the mode cannot be understood"),
        }
    }
}

impl std::error::Error for OptionsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Mode(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Invocation, OptionsError> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Invocation::parse(arguments.iter().map(|argument| (*argument).to_owned()), environment)
    }

    #[test]
    fn flags_win_over_variables() {
        let Invocation::Serve(options) =
            parse(&["--version", "3", "--start-delay=50"], &[("APP_VERSION", "2"), ("APP_MODE", "unhealthy")]).unwrap()
        else {
            panic!("expected to serve")
        };
        assert_eq!(options.version, "3");
        assert_eq!(options.mode, Mode::Unhealthy);
        assert_eq!(options.start_delay, Duration::from_millis(50));
        assert_eq!(options.environment["APP_VERSION"], "2");
    }

    #[test]
    fn empty_variable_means_the_default() {
        assert!(matches!(parse(&[], &[("APP_MODE", "")]), Ok(Invocation::Serve(options)) if options.mode == Mode::Ok));
    }

    #[test]
    fn healthcheck_takes_the_url() {
        let expected = Invocation::Healthcheck("http://127.0.0.1:1/health".to_owned());
        assert_eq!(parse(&["--healthcheck", "http://127.0.0.1:1/health"], &[]), Ok(expected));
    }

    #[test]
    fn wrong_flags_say_what_to_write() {
        assert_eq!(
            parse(&["--port", "1"], &[]).unwrap_err().to_string(),
            "`--port` is no flag; use --listen, --version, --mode, --config, --start-delay or --healthcheck"
        );
        assert_eq!(parse(&["--mode"], &[]).unwrap_err().to_string(), "`--mode` needs a value; write `--mode VALUE`");
        assert!(matches!(parse(&["--start-delay", "1s"], &[]), Err(OptionsError::StartDelay(_))));
    }
}
