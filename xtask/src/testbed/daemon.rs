//! Processes of the test-bed: started in a session of their own, awaited, and ended by exactly their own id.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::record::{Part, State};

/// A process to start.
#[derive(Debug)]
pub(crate) struct Daemon<'a> {
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    /// The user to run as, if not our own.
    pub(crate) user: Option<&'a str>,
    pub(crate) log: &'a Path,
}

impl Daemon<'_> {
    /// Starts it and waits until `is_ready` holds; ends it again if that takes longer than 60 s.
    pub(crate) fn start(self, is_ready: impl Fn() -> bool) -> Result<Part, Failure> {
        // `setsid` and `setpriv` replace themselves, so the id is the program's own, and it outlives this process.
        let mut call = Call::new("setsid");
        if let Some(user) = self.user {
            let (reuid, regid) = (format!("--reuid={user}"), format!("--regid={user}"));
            call = call.args(["setpriv", &reuid, &regid, "--init-groups"]);
        }
        let pid = call.args(&self.argv).folder(Path::new("/")).start(self.log)?;
        let mut part = Part {
            state: State::Running,
            pid: Some(pid),
            started: start_time(pid),
            log: Some(self.log.to_owned()),
            ..Part::default()
        };
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until && is_alive(&part) {
            if is_ready() {
                return Ok(part);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        end(&mut part)?;
        let program = self.argv.first().map_or("", String::as_str);
        let reason = format!("`{program}` did not become ready; its log ends with:\n{}", last_lines(self.log));
        Err(Failure::Check(reason))
    }
}

/// Whether the recorded process, and not another with its id, is there and no zombie.
pub(crate) fn is_alive(part: &Part) -> bool {
    part.pid.and_then(start_time).is_some_and(|started| part.started == Some(started))
}

/// Ends the recorded process, if it is still the one that was recorded: politely, then after 20 s by force.
pub(crate) fn end(part: &mut Part) -> Result<(), Failure> {
    for (signal, patience) in [(Signal::TERM, Duration::from_secs(20)), (Signal::KILL, Duration::from_secs(5))] {
        let Some(pid) = part.pid.filter(|_| is_alive(part)).and_then(|pid| Pid::from_raw(pid.cast_signed())) else {
            break;
        };
        // It may end by itself between the look and the signal.
        let _ = kill_process(pid, signal);
        let until = Instant::now() + patience;
        while Instant::now() < until && is_alive(part) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    if is_alive(part) {
        return Err(Failure::Check(format!("process {} does not end", part.pid.unwrap_or_default())));
    }
    if part.state == State::Running {
        part.state = State::Stopped;
    }
    (part.pid, part.started) = (None, None);
    Ok(())
}

/// When the process started, in ticks since boot: field 22 of `/proc/PID/stat` (proc(5)). None for a zombie.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; what follows the last parenthesis begins with field 3.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Whether the loopback port answers the request with a text that contains the expected one.
pub(crate) fn answers(port: u16, request: &str, expected: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let limit = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = [0; 512];
        let length = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
    };
    ask().is_ok_and(|answer| answer.contains(expected))
}

/// A GET request for [`answers`].
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_process_is_alive_under_its_start_time_only() {
        let pid = std::process::id();
        let mut part = Part { pid: Some(pid), started: start_time(pid), ..Part::default() };
        assert!(is_alive(&part));
        part.started = part.started.map(|ticks| ticks + 1);
        assert!(!is_alive(&part));
    }

    #[test]
    fn process_with_a_recycled_id_is_not_ended() {
        let mut part =
            Part { state: State::Running, pid: Some(std::process::id()), started: Some(1), ..Part::default() };
        end(&mut part).unwrap();
        assert_eq!((part.state, part.pid), (State::Stopped, None));
    }
}
