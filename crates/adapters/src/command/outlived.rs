//! Finding a process again that outlived the one which started it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::ProcessId;
use super::group::leads;

/// The process that was started here with that environment variable and still runs. What it started itself has inherited the
/// variable, and leads no group of its own.
#[must_use]
pub fn outlived(name: &str, value: &OsStr) -> Option<ProcessId> {
    let wanted = [name.as_bytes(), b"=", value.as_bytes()].concat();
    let has_it = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == wanted)
    };
    let processes = std::fs::read_dir("/proc").ok()?;
    let mut ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.find(|pid| leads(*pid) && has_it(pid)).and_then(ProcessId::current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Environment, spawn_piped};

    #[tokio::test]
    async fn a_process_is_found_by_its_mark_until_it_ends() {
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let value = format!("of {}", std::process::id());
        let find = |value: &str| outlived("BACKOUT_TEST_MARK", OsStr::new(value));
        let command = Command::new("sh", &environment).args(["-c", "sleep 60 & wait"]).env("BACKOUT_TEST_MARK", &value);
        assert_eq!(find(&value), None);
        let started = spawn_piped(&command).unwrap();
        let found = loop {
            // Between fork and exec it has our environment.
            if let Some(found) = find(&value) {
                break found;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(find("of nobody"), None);
        drop(started);
        while crate::command::is_alive(found) {
            tokio::task::yield_now().await;
        }
        assert_eq!(find(&value), None);
    }
}
