//! The double of an API server as a process of its own, and plain HTTP to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::failure::Failure;

/// A double that ends with this.
pub(super) struct Double {
    process: Child,
    pub(super) kubeconfig: PathBuf,
    api: String,
    side: String,
}

impl Double {
    pub(super) fn start(program: &Path) -> Result<Self, Failure> {
        let started = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let words = program.display().to_string();
        let mut process = started.map_err(|error| Failure::Start { program: words.clone(), error })?;
        let mut line = String::new();
        let stdout = process.stdout.take().map(BufReader::new);
        let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_line(&mut line));
        read.map_err(|error| Failure::Start { program: words, error })?;
        let told: Value = serde_json::from_str(&line)
            .map_err(|error| Failure::Check(format!("the double did not say where it is: {error}")))?;
        let word = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        Ok(Self { process, kubeconfig: word("kubeconfig").into(), api: word("url"), side: word("side_url") })
    }

    /// Gives it an instruction.
    pub(super) fn tell(&self, instruction: &Value) -> Result<(), Failure> {
        ask(&self.side, "POST", "/double/script", &instruction.to_string()).map(drop)
    }

    /// What clients have asked since [`Double::forget`].
    pub(super) fn requests(&self) -> Result<Vec<Value>, Failure> {
        let told = ask(&self.side, "GET", "/double/requests", "")?;
        Ok(told.as_array().cloned().unwrap_or_default())
    }

    pub(super) fn forget(&self) -> Result<(), Failure> {
        ask(&self.side, "DELETE", "/double/requests", "").map(drop)
    }

    /// What the API answers at a path.
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        ask(&self.api, "GET", path, "")
    }

    /// Where the API is, for a thread of its own.
    pub(super) fn address(&self) -> String {
        self.api.clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// One request in HTTP 1.0, so that the answer ends with the connection; the answer as JSON.
pub(super) fn ask(url: &str, method: &str, path: &str, body: &str) -> Result<Value, Failure> {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let asked = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = asked().map_err(|error| Failure::Check(format!("{method} {path} of the double: {error}")))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split_whitespace().nth(1) != Some("200") {
        return Err(Failure::Check(format!("{method} {path} of the double: {answer}")));
    }
    serde_json::from_str(body).map_err(|error| Failure::Check(format!("{method} {path} of the double: {error}")))
}
