//! Plain HTTP to a loopback port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::failure::Failure;

/// The body of an answer.
pub(super) fn get(port: u16, path: &str) -> Result<String, Failure> {
    let words = |error: std::io::Error| Failure::Check(format!("127.0.0.1:{port}{path}: {error}"));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(words)?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(words)?;
    let request = format!("GET {path} HTTP/1.0\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(words)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(words)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
