//! The binary as a process, asked over real sockets and ended by real signals.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test starts the binary, measures how long it takes to end, and fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

struct Running {
    process: Child,
    address: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_backout-demo-app"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("PLANTED", "seen")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let address = line.split(' ').nth(3).unwrap().trim_end_matches(',').to_owned();
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { process, address }
    }

    fn ask(&self, method: &str, target: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{method} {target} HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + limit;
        while Instant::now() < until {
            if let Some(status) = self.process.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const SOON: Duration = Duration::from_secs(5);

#[test]
fn endpoints_answer() {
    let application = Running::start(&["--version", "2"]);
    let health = application.ask("GET", "/health");
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n"), "{health}");
    assert!(health.ends_with("{\"status\":\"healthy\",\"version\":\"2\"}\n"), "{health}");
    assert!(application.ask("GET", "/version").ends_with("\r\n\r\n2\n"));
    assert!(application.ask("GET", "/env/PLANTED").ends_with("\r\n\r\nseen"));
    assert!(application.ask("HEAD", "/").ends_with("\r\n\r\n"));
    assert!(application.ask("GET", "/elsewhere").starts_with("HTTP/1.1 404 "));
}

#[test]
fn config_file_is_read_anew_at_each_request() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-app.conf");
    std::fs::write(&file, "one").unwrap();
    let application = Running::start(&["--config", file.to_str().unwrap()]);
    assert!(application.ask("GET", "/config").ends_with("\r\n\r\none"));
    std::fs::write(&file, "two").unwrap();
    assert!(application.ask("GET", "/config").ends_with("\r\n\r\ntwo"));
}

#[test]
fn mode_is_switched_at_run_time() {
    let application = Running::start(&[]);
    assert!(application.ask("POST", "/control?mode=unhealthy").starts_with("HTTP/1.1 200 "));
    assert!(application.ask("GET", "/health").starts_with("HTTP/1.1 503 "));
    assert!(application.ask("GET", "/").starts_with("HTTP/1.1 200 "));
    assert!(application.ask("POST", "/control?mode=ok").starts_with("HTTP/1.1 200 "));
    assert!(application.ask("GET", "/health").starts_with("HTTP/1.1 200 "));
}

#[test]
fn slow_connections_do_not_hold_up_others() {
    let application = Running::start(&[]);
    let idle = TcpStream::connect(&application.address).unwrap();
    let begun = Instant::now();
    application.ask("GET", "/health");
    assert!(begun.elapsed() < SOON);
    drop(idle);
}

#[test]
fn termination_ends_it_at_once_and_well() {
    let mut application = Running::start(&[]);
    application.signal("-TERM");
    assert_eq!(application.ended_within(SOON).and_then(|status| status.code()), Some(0));
}

#[test]
fn termination_is_ignored_where_the_mode_says_so() {
    let mut application = Running::start(&["--mode", "ignore-term"]);
    application.signal("-TERM");
    assert_eq!(application.ended_within(Duration::from_millis(300)), None);
    assert!(application.ask("GET", "/health").starts_with("HTTP/1.1 200 "));
}

#[test]
fn crashes_end_with_a_failure() {
    let mut timed = Running::start(&["--mode", "crash-after:50"]);
    assert_eq!(timed.ended_within(SOON).and_then(|status| status.code()), Some(1));
    let mut asked = Running::start(&["--mode", "exit-on-request"]);
    asked.ask("GET", "/");
    assert_eq!(asked.ended_within(SOON).and_then(|status| status.code()), Some(1));
    let mut started = Running::start(&["--mode", "crash-on-start"]);
    assert_eq!(started.ended_within(SOON).and_then(|status| status.code()), Some(1));
}

#[test]
fn healthcheck_tells_by_its_exit_code() {
    let application = Running::start(&[]);
    let url = format!("http://{}/health", application.address);
    let check =
        || Command::new(env!("CARGO_BIN_EXE_backout-demo-app")).args(["--healthcheck", &url]).output().unwrap().status;
    assert_eq!(check().code(), Some(0));
    application.ask("POST", "/control?mode=unhealthy");
    assert_eq!(check().code(), Some(1));
}
