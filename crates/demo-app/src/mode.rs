//! How the application behaves: one [`Mode`], its text form, and what is wrong with a text that is none.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How the application behaves. Times count from its start, or from the moment the mode was switched at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `ok`: every answer is right.
    Ok,
    /// `crash-on-start`: ends with a failure about 100 ms after the start, before it listens.
    CrashOnStart,
    /// `unhealthy`: serves, but `/health` answers 503.
    Unhealthy,
    /// `fail-after:MS`: from then on `/` and `/health` answer 500.
    FailAfter(Duration),
    /// `slow:MS`: every answer is delayed by that much.
    Slow(Duration),
    /// `slow-after:MS:DELAYMS`: from MS on every answer is delayed by DELAYMS.
    SlowAfter {
        /// When the slowness begins.
        after: Duration,
        /// How long each answer is delayed then.
        delay: Duration,
    },
    /// `crash-after:MS`: ends with a failure then.
    CrashAfter(Duration),
    /// `exit-on-request`: the first request of any kind ends it with a failure, without an answer.
    ExitOnRequest,
    /// `ignore-term`: serves well and ignores `SIGTERM`.
    IgnoreTerm,
    /// `errors:PER_MILLE`: so many of a thousand requests to `/` are answered with 500, spread evenly; `/health` is well.
    Errors(u32),
    /// `flap:MS`: well for that long, then `/` and `/health` answer 500 for that long, and so on.
    Flap(Duration),
    /// `leak:KIB`: serves well, and every 100 ms takes so many KiB of memory and keeps them.
    Leak(u32),
}

/// A text that names no mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModeError {
    /// The name is none of the modes.
    Unknown(String),
    /// The mode needs another number of times than were given.
    Times {
        /// The text as it was given.
        text: String,
        /// How the mode is written.
        form: &'static str,
    },
}

const FORMS: [&str; 12] = [
    "ok",
    "crash-on-start",
    "unhealthy",
    "fail-after:MS",
    "slow:MS",
    "slow-after:MS:DELAYMS",
    "crash-after:MS",
    "exit-on-request",
    "ignore-term",
    "errors:PER_MILLE",
    "flap:MS",
    "leak:KIB",
];

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let Some(form) = FORMS.into_iter().find(|form| form.split(':').next() == Some(name)) else {
            return Err(ModeError::Unknown(text.to_owned()));
        };
        let wrong = || ModeError::Times { text: text.to_owned(), form };
        let times: Vec<Duration> =
            parts.map(|part| part.parse().map(Duration::from_millis)).collect::<Result<_, _>>().map_err(|_| wrong())?;
        match (name, times.as_slice()) {
            ("ok", []) => Ok(Self::Ok),
            ("crash-on-start", []) => Ok(Self::CrashOnStart),
            ("unhealthy", []) => Ok(Self::Unhealthy),
            ("fail-after", [after]) => Ok(Self::FailAfter(*after)),
            ("slow", [delay]) => Ok(Self::Slow(*delay)),
            ("slow-after", [after, delay]) => Ok(Self::SlowAfter { after: *after, delay: *delay }),
            ("crash-after", [after]) => Ok(Self::CrashAfter(*after)),
            ("exit-on-request", []) => Ok(Self::ExitOnRequest),
            ("ignore-term", []) => Ok(Self::IgnoreTerm),
            ("errors", [share]) => share.as_millis().try_into().map(Self::Errors).map_err(|_| wrong()),
            ("flap", [period]) => Ok(Self::Flap(*period)),
            ("leak", [kib]) => kib.as_millis().try_into().map(Self::Leak).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::CrashOnStart => f.write_str("crash-on-start"),
            Self::Unhealthy => f.write_str("unhealthy"),
            Self::FailAfter(after) => write!(f, "fail-after:{}", after.as_millis()),
            Self::Slow(delay) => write!(f, "slow:{}", delay.as_millis()),
            Self::SlowAfter { after, delay } => write!(f, "slow-after:{}:{}", after.as_millis(), delay.as_millis()),
            Self::CrashAfter(after) => write!(f, "crash-after:{}", after.as_millis()),
            Self::ExitOnRequest => f.write_str("exit-on-request"),
            Self::IgnoreTerm => f.write_str("ignore-term"),
            Self::Flap(period) => write!(f, "flap:{}", period.as_millis()),
            Self::Errors(per_mille) => write!(f, "errors:{per_mille}"),
            Self::Leak(kib) => write!(f, "leak:{kib}"),
        }
    }
}

impl fmt::Display for ModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(text) => write!(f, "`{text}` is no mode; use one of {}", FORMS.join(", ")),
            Self::Times { text, form } => {
                write!(f, "`{text}` does not fit; write `{form}` with whole numbers")
            }
        }
    }
}

impl std::error::Error for ModeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_reads_back_as_it_is_written() {
        for text in [
            "ok",
            "crash-on-start",
            "unhealthy",
            "fail-after:3000",
            "slow:20",
            "slow-after:100:250",
            "crash-after:7",
            "leak:512",
            "exit-on-request",
            "ignore-term",
            "errors:200",
            "flap:2000",
        ] {
            assert_eq!(text.parse::<Mode>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn unknown_mode_is_answered_with_the_list() {
        let message = "helthy".parse::<Mode>().unwrap_err().to_string();
        assert!(message.starts_with("`helthy` is no mode; use one of ok, crash-on-start"), "{message}");
    }

    #[test]
    fn missing_or_surplus_times_are_answered_with_the_form() {
        for text in ["fail-after", "fail-after:x", "fail-after:-1", "slow-after:5", "ok:1", "slow:1:2"] {
            let message = text.parse::<Mode>().unwrap_err().to_string();
            assert!(message.contains("with whole numbers"), "{message}");
        }
    }
}
