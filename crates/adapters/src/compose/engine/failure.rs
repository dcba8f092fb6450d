//! What the engine refused, in words.

use std::error::Error as _;

use backout_core::port::PortError;
use bollard::errors::Error;

/// The error with its causes: the client's own texts leave out what matters (`Connection refused`).
pub(in crate::compose) fn words(error: &Error) -> String {
    if let Error::DockerResponseServerError { message, .. } = error {
        return message.trim().to_owned();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// The port's error for something that the engine did not do.
pub(in crate::compose) fn failed(what: &str, error: &Error) -> PortError {
    PortError::new(format!("{what}: {}", words(error)))
}

/// Whether the engine says that there is no such thing.
pub(in crate::compose) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}

/// Whether the engine says that something is in the way: a name that is taken, an image that is used.
pub(in crate::compose) fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 409, .. })
}
