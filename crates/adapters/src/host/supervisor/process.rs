//! Processes as they are written down: number, start and boot. A number alone is used again, and after a reboot so is a
//! number with its start.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::command::{ProcessId, is_alive};

/// Ticks a second in `/proc/PID/stat`: the kernel's interface has had this fixed on every architecture of ours.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process that may be of an earlier boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    pid: u32,
    started_ticks: u64,
    boot: String,
}

impl Written {
    /// What is written down of a process of this boot.
    pub(crate) fn of(process: ProcessId) -> Self {
        Self { pid: process.pid, started_ticks: process.started_ticks, boot: boot() }
    }

    /// The process, if it is of this boot.
    pub(crate) fn process(&self) -> Option<ProcessId> {
        (self.boot == boot()).then_some(ProcessId { pid: self.pid, started_ticks: self.started_ticks })
    }

    /// Whether it runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.process().is_some_and(is_alive)
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }
}

/// The environment variable by which a supervised service is found whose supervising process was killed before it could
/// write its number down.
pub(crate) const MARK: &str = "BACKOUT_SUPERVISED";

/// The processes that carry a mark.
pub(crate) fn marked(mark: &str) -> Vec<ProcessId> {
    let wanted = format!("{MARK}={mark}");
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .filter_map(ProcessId::current)
        .collect()
}

/// When a process started, to 10 ms, going by what time it is now.
pub(crate) fn started_at(pid: u32, now: Timestamp) -> Option<Timestamp> {
    #[expect(clippy::cast_precision_loss, reason = "the ticks of ten thousand years fit in 52 bits")]
    let after_boot = ProcessId::current(pid)?.started_ticks as f64 / TICKS_PER_SECOND;
    after_boot_at(after_boot, now)
}

/// When so many seconds had passed since the boot, going by what time it is now.
pub(crate) fn after_boot_at(seconds: f64, now: Timestamp) -> Option<Timestamp> {
    let ago = (uptime()? - seconds).max(0.0);
    now.checked_sub(SignedDuration::try_from_secs_f64(ago).ok()?).ok()
}

/// How long ago the machine started, in seconds.
fn uptime() -> Option<f64> {
    fs::read_to_string("/proc/uptime").ok()?.split(' ').next()?.parse().ok()
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_of_the_same_number_is_not_this_one() {
        let this = Written::of(ProcessId::current(std::process::id()).unwrap());
        assert!(this.is_alive());
        let earlier = Written { started_ticks: this.started_ticks - 1, ..this.clone() };
        let before_reboot = Written { boot: "another".into(), ..this };
        assert!(!earlier.is_alive() && !before_reboot.is_alive());
        assert_eq!(before_reboot.process(), None);
    }
}
