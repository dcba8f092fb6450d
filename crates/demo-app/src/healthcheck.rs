//! One GET to a plain `http` URL, for Docker's `HEALTHCHECK` in an image that holds no other program.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Why a health check does not hold.
#[derive(Debug)]
pub enum HealthcheckError {
    /// The URL is not of the form that is spoken here.
    Url(String),
    /// No answer came.
    Unreachable(String, io::Error),
    /// The answer is not a success.
    Status(String),
}

/// Asks the URL once; a 2xx answer within 3 s is good.
///
/// # Errors
/// The URL is not `http://HOST:PORT/PATH`, nothing answers, or the answer is not 2xx.
pub fn healthcheck(url: &str) -> Result<(), HealthcheckError> {
    let (authority, path) = parse(url).ok_or_else(|| HealthcheckError::Url(url.to_owned()))?;
    let status =
        status_line(&authority, &path).map_err(|error| HealthcheckError::Unreachable(url.to_owned(), error))?;
    match status.split_whitespace().nth(1) {
        Some(code) if code.len() == 3 && code.starts_with('2') => Ok(()),
        _ => Err(HealthcheckError::Status(status)),
    }
}

/// Splits the URL into `host:port` and path.
fn parse(url: &str) -> Option<(String, String)> {
    let rest = url.strip_prefix("http://")?;
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    // A static binary in an empty image has no resolver to ask for this one name.
    let authority = authority.strip_prefix("localhost").map_or(authority.to_owned(), |port| format!("127.0.0.1{port}"));
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match (authority.is_empty(), has_port) {
        (true, _) => None,
        (false, true) => Some((authority, path.to_owned())),
        (false, false) => Some((format!("{authority}:80"), path.to_owned())),
    }
}

fn status_line(authority: &str, path: &str) -> io::Result<String> {
    let limit = Some(Duration::from_secs(3));
    let address = authority
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(3))?;
    stream.set_read_timeout(limit)?;
    stream.set_write_timeout(limit)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

impl fmt::Display for HealthcheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "`{url}` cannot be asked; write `http://HOST:PORT/PATH`"),
            Self::Unreachable(url, _) => write!(f, "`{url}` does not answer"),
            Self::Status(line) => write!(f, "the answer is not a success: `{line}`"),
        }
    }
}

impl std::error::Error for HealthcheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable(_, error) => Some(error),
            Self::Url(_) | Self::Status(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_split_into_address_and_path() {
        assert_eq!(parse("http://localhost:8080/health"), Some(("127.0.0.1:8080".to_owned(), "/health".to_owned())));
        assert_eq!(parse("http://10.0.0.1"), Some(("10.0.0.1:80".to_owned(), "/".to_owned())));
        assert_eq!(parse("https://localhost/"), None);
        assert_eq!(parse("http:///x"), None);
    }
}
