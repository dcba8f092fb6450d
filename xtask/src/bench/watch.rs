//! Watching from outside, the same for every opponent: when the bad container died, and when the old version answers
//! healthy again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};

use crate::failure::Failure;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(5);

/// Tells when containers die, from the engine's own event stream.
pub(crate) struct Deaths {
    events: Child,
    died: Receiver<SystemTime>,
}

impl Deaths {
    /// Watches containers of images whose name contains `image`.
    pub(crate) fn of(image: &str) -> Result<Self, Failure> {
        let mut events = Command::new("docker")
            .args(["events", "--filter", "event=die", "--format", "{{.TimeNano}} {{.Actor.Attributes.image}}"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Failure::Start { program: "docker events".to_owned(), error })?;
        let (sender, died) = channel();
        let (stdout, image) = (events.stdout.take(), image.to_owned());
        std::thread::spawn(move || {
            let lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines().map_while(Result::ok));
            for line in lines.filter(|line| line.contains(&image)) {
                let nanos = line.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
                if sender.send(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)).is_err() {
                    return;
                }
            }
        });
        // The stream has no word for being ready.
        std::thread::sleep(Duration::from_millis(300));
        Ok(Self { events, died })
    }

    /// Waits for the first death.
    pub(crate) fn first(&self) -> Result<SystemTime, Failure> {
        let waited = self.died.recv_timeout(Duration::from_secs(60));
        waited.map_err(|_| Failure::Check("the bad container did not die within 60 s".to_owned()))
    }
}

impl Drop for Deaths {
    fn drop(&mut self) {
        let _ = self.events.kill();
        let _ = self.events.wait();
    }
}

/// Waits until `/health` on a loopback port is 200 and names the version, and answers with when that was.
pub(crate) fn healthy(port: u16, version: &str, limit: Duration) -> Result<SystemTime, Failure> {
    let begun = SystemTime::now();
    let wanted = format!("\"version\":\"{version}\"");
    while begun.elapsed().unwrap_or_default() < limit {
        if ask(port).is_some_and(|answer| answer.starts_with("HTTP/1.1 200") && answer.contains(&wanted)) {
            return Ok(SystemTime::now());
        }
        std::thread::sleep(PAUSE);
    }
    Err(Failure::Check(format!("version {version} was not healthy on port {port} within {} s", limit.as_secs())))
}

fn ask(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
