//! Process groups: who is in one, and ending all of it.
//!
//! A process is named by its id *and* its start time, because ids are used again. Both outlive the process that recorded
//! them, so that a process that died can have its children ended by another one.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// How often a group is looked at while it is ending.
const LOOK: Duration = Duration::from_millis(20);

/// How long the kernel gets to end a group after `SIGKILL`.
const AFTER_KILL: Duration = Duration::from_secs(2);

/// One process for all time: its id, and when it started in clock ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessId {
    /// The process id; also that of its group, for processes started here.
    pub pid: u32,
    /// Field 22 of `/proc/PID/stat`.
    pub started_ticks: u64,
}

impl ProcessId {
    /// The process that has this id now.
    #[must_use]
    pub fn current(pid: u32) -> Option<Self> {
        Some(Self { pid, started_ticks: Stat::of(pid)?.started_ticks })
    }
}

/// How [`terminate_group`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// There was nothing to end.
    NotRunning,
    /// It ended when asked.
    Ended,
    /// It had to be killed.
    Killed,
    /// It is still there: the signal was refused, or the kernel holds a process.
    Survived,
}

/// Whether that very process runs (a zombie does not).
#[must_use]
pub fn is_alive(process: ProcessId) -> bool {
    Stat::of(process.pid).is_some_and(|stat| stat.started_ticks == process.started_ticks && stat.is_running())
}

/// Ends the process group that `process` leads or led: `SIGTERM`, and `SIGKILL` for what is left after `grace`. A group
/// whose leader's id belongs to another process by now is not touched.
pub async fn terminate_group(process: ProcessId, grace: Duration) -> Termination {
    if is_another(process) || !has_members(process) {
        return Termination::NotRunning;
    }
    signal(process.pid, Signal::TERM);
    if ends_within(process, grace).await {
        return Termination::Ended;
    }
    signal(process.pid, Signal::KILL);
    if ends_within(process, AFTER_KILL).await { Termination::Killed } else { Termination::Survived }
}

/// Ends the process group as a person would who types Ctrl-C: `SIGINT`, on which a client such as `helm` leaves nothing half
/// said behind; then as [`terminate_group`] does, for what is left after `grace`.
pub async fn interrupt_group(process: ProcessId, grace: Duration) -> Termination {
    if is_another(process) || !has_members(process) {
        return Termination::NotRunning;
    }
    signal(process.pid, Signal::INT);
    if ends_within(process, grace).await {
        return Termination::Ended;
    }
    terminate_group(process, grace).await
}

/// Whether a process runs and leads its own group, as all do that are started here; and no session, as a service does that
/// such a process has put into the background for good.
pub(super) fn leads(pid: u32) -> bool {
    Stat::of(pid).is_some_and(|stat| stat.group == pid && stat.session != pid && stat.is_running())
}

/// Whether that very process is stopped.
pub(super) fn is_stopped(process: ProcessId) -> bool {
    Stat::of(process.pid).is_some_and(|stat| stat.started_ticks == process.started_ticks && stat.state == 'T')
}

/// Sends a signal to a whole group. A group that is gone is no error.
pub(super) fn signal(group: u32, signal: Signal) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

/// Waits for a group to end, for at most that time. Answers whether it has.
pub(super) async fn ends_within(process: ProcessId, time: Duration) -> bool {
    let gone = async {
        while has_members(process) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(time, gone).await.is_ok()
}

fn is_another(process: ProcessId) -> bool {
    Stat::of(process.pid).is_some_and(|stat| stat.started_ticks != process.started_ticks)
}

/// Whether anything of the group runs. The kernel gives a group's id to no new process while the group has a member.
fn has_members(process: ProcessId) -> bool {
    let Ok(folder) = std::fs::read_dir("/proc") else { return is_alive(process) };
    folder
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Stat::of)
        .any(|stat| stat.group == process.pid && stat.started_ticks >= process.started_ticks && stat.is_running())
}

/// What is used of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    group: u32,
    session: u32,
    started_ticks: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The program's name is in parentheses and may hold anything, so fields are counted from the last one.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self {
            state: fields.first()?.chars().next()?,
            group: fields.get(2)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            started_ticks: fields.get(19)?.parse().ok()?,
        })
    }

    fn is_running(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_parentheses_does_not_shift_the_fields() {
        let text = "42 (a) S 1 2) R 1 42 41 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 123456 1 1";
        assert_eq!(Stat::parse(text), Some(Stat { state: 'R', group: 42, session: 41, started_ticks: 123_456 }));
    }

    #[test]
    fn a_process_with_another_start_time_is_another_process() {
        let me = ProcessId::current(std::process::id()).unwrap();
        assert!(is_alive(me));
        assert!(!is_alive(ProcessId { started_ticks: me.started_ticks + 1, ..me }));
    }
}
