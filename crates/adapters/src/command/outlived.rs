//! Finding a process again that outlived the one which started it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use super::group::{ends_within, leads};
use super::{Command, CommandError, Output, ProcessId, terminate_group};

/// The variable by which a command is found again that has to be the only one of its kind.
const MARK: &str = "BACKOUT_ONE_AT_A_TIME";

/// How long such a command gets between `SIGTERM` and `SIGKILL` once it is over its limit.
const GRACE: Duration = Duration::from_secs(2);

impl Command {
    /// Runs it as [`Command::run`] does, and never beside another one of that name in the same folder: one that outlived the
    /// process which started it is waited for, and ended once it has had its time. Answers also whether there was one.
    ///
    /// # Errors
    /// Those of [`Command::run`].
    pub async fn run_alone(&self, name: &str) -> Result<(Output, bool), CommandError> {
        let folder = self.folder.as_deref().unwrap_or_else(|| "".as_ref());
        let mark = format!("{name} of {}", folder.display());
        let mut waited = false;
        while let Some(earlier) = outlived(MARK, OsStr::new(&mark)) {
            waited = true;
            if !ends_within(earlier, self.limit).await {
                terminate_group(earlier, GRACE).await;
                break;
            }
        }
        Ok((self.clone().env(MARK, mark).run().await?, waited))
    }
}

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

    #[tokio::test]
    async fn a_command_that_outlived_its_process_is_waited_for_and_ended_when_its_time_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let command = |script: &str| Command::new("sh", &environment).args(["-c", script]).folder(folder.path());
        let told = || std::fs::read_to_string(folder.path().join("told")).unwrap_or_default();
        let quick = command("echo quick >> told");
        assert!(!quick.run_alone("flag").await.unwrap().1);
        for (script, limit, said) in [
            ("echo slow >> told; sleep 0.5; echo slow >> told", 30, "quick\nslow\nslow\nquick\n"),
            ("echo stuck >> told; sleep 60", 1, "quick\nstuck\nquick\n"),
        ] {
            command("echo quick > told").run().await.unwrap();
            let mark = format!("flag of {}", folder.path().display());
            let log = folder.path().join("log");
            crate::command::spawn_detached(&command(script).env(MARK, mark), &log).unwrap();
            while told().lines().count() < 2 {
                tokio::task::yield_now().await;
            }
            assert!(!command("true").run_alone("another").await.unwrap().1);
            assert!(quick.clone().limit(Duration::from_secs(limit)).run_alone("flag").await.unwrap().1, "{script}");
            assert_eq!(told(), said);
        }
    }
}
