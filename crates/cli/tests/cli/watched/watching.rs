//! A `backout watch` beside a running application.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::running::Running;

/// Asks again and again until the answer is there.
pub(super) fn until<T>(what: &str, ask: impl Fn() -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it never came to this: {what}");
}

/// One watch; it is killed when dropped.
pub(super) struct Watching {
    child: Child,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Watching {
    pub(super) fn start(running: &Running, arguments: &[&str]) -> Self {
        Self { child: running.0.start(&[&["watch"], arguments].concat()) }
    }

    /// The port it says that it listens on.
    pub(super) fn port(&mut self) -> u16 {
        let said = BufReader::new(self.child.stderr.take().unwrap());
        let line = said.lines().map_while(Result::ok).find(|line| line.starts_with("listening on")).unwrap();
        let port = line.split("127.0.0.1:").nth(1).unwrap().split([':', '/']).next().unwrap();
        port.parse().unwrap()
    }

    pub(super) fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal);
    }
}

/// The status of the answer to a request of JSON, and the answer's body.
pub(super) fn ask(port: u16, request: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!("{request} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}");
    stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
}

/// The runs, the newest last.
pub(super) fn runs(running: &Running) -> Vec<serde_json::Value> {
    let history = running.0.run(&["history", "--json"]).document();
    let mut runs = history["runs"].as_array().unwrap().clone();
    runs.sort_by_key(|run| run["started"].as_str().unwrap().to_owned());
    runs
}

/// The newest run about something that was noticed, once it has ended.
pub(super) fn noticed(running: &Running) -> Option<serde_json::Value> {
    let newest = runs(running).into_iter().rfind(|run| run["kind"]["is"] == "noticed")?;
    newest["ending"].is_object().then_some(newest)
}
