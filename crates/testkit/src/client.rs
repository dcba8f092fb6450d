//! Those who use a team's services: one request at a time, or all along.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The status and the body of an answer on a port of this machine; `None` where there is none.
#[must_use = "write `let _ =` where only the asking counts"]
pub fn ask(port: u16, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let length = body.len();
    let request = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// The status of an answer to GET; 0 where there is none.
#[must_use = "write `let _ =` where only the asking counts"]
pub fn status(port: u16, path: &str) -> u16 {
    ask(port, "GET", path, "").map_or(0, |(status, _)| status)
}

/// What a field of the JSON says that is answered with 200.
#[must_use]
pub fn field(port: u16, path: &str, field: &str) -> Option<String> {
    let (_, body) = ask(port, "GET", path, "").filter(|(status, _)| *status == 200)?;
    let body: serde_json::Value = serde_json::from_str(&body).ok()?;
    Some(body.get(field)?.as_str()?.to_owned())
}

/// Somebody who writes again and again, each time something else, whoever answers.
#[derive(Debug)]
pub struct Writer {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Writer {
    /// Begins to post `KIND 0`, `KIND 1` and so on.
    #[must_use]
    pub fn start(port: u16, path: &'static str, kind: &'static str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut acknowledged = Vec::new();
            for number in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let words = format!("{kind} {number}");
                if ask(port, "POST", path, &words).is_some_and(|(status, _)| status / 100 == 2) {
                    acknowledged.push(words);
                }
                std::thread::sleep(Duration::from_millis(25));
            }
            acknowledged
        });
        Self { is_over, thread }
    }

    /// Ends it; what was promised to be kept.
    ///
    /// # Panics
    /// Where nothing ever was.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a writer that panicked makes the test meaningless")]
    pub fn stop(self) -> Vec<String> {
        self.is_over.store(true, Ordering::SeqCst);
        let acknowledged = self.thread.join().unwrap();
        assert!(!acknowledged.is_empty(), "nothing was ever written");
        acknowledged
    }
}
