//! What other programs print, as values. Pure.

use std::collections::BTreeMap;

use backout_core::detect::Usage;
use backout_core::inventory::{Health, InstanceState};

use super::supervisor::UNSEEN_CODE;

/// A commit as git prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its id.
    pub(crate) id: String,
    /// The id of its tree: what is compared, because a commit that undoes another has the same tree under another id.
    pub(crate) tree: String,
    /// The first line of its message.
    pub(crate) subject: String,
}

impl Commit {
    /// The commit in words.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.id.get(..10).unwrap_or(&self.id), self.subject)
    }
}

/// An object id, which is hexadecimal and so can be mistaken neither for an option nor for a name.
pub(crate) fn object_id(text: &str) -> Option<String> {
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text.to_owned())
}

/// Commits printed as id, tree and subject, each followed by a zero byte.
pub(crate) fn commits(text: &str) -> Vec<Commit> {
    let fields: Vec<&str> = text.split('\0').collect();
    fields.chunks_exact(3).filter_map(commit).collect()
}

/// What `HEAD` was and since when, in seconds since 1970, newest first.
pub(crate) fn reflog(text: &str) -> Vec<(Commit, i64)> {
    let fields: Vec<&str> = text.split('\0').collect();
    fields
        .chunks_exact(4)
        .filter_map(|fields| {
            let at = fields[3].strip_prefix("HEAD@{")?.strip_suffix('}')?.parse().ok()?;
            Some((commit(fields)?, at))
        })
        .collect()
}

fn commit(fields: &[&str]) -> Option<Commit> {
    let [id, tree, subject, ..] = fields else { return None };
    Some(Commit { id: object_id(id.trim_start())?, tree: object_id(tree)?, subject: (*subject).to_owned() })
}

/// Lines of commit id and tree id.
pub(crate) fn commits_with_trees(text: &str) -> impl Iterator<Item = (String, String)> {
    text.lines().filter_map(|line| {
        let (commit, tree) = line.split_once(' ')?;
        Some((object_id(commit)?, object_id(tree.trim())?))
    })
}

/// The paths that `git status --porcelain=v2 -z` names. A renamed file's old path is an entry of its own without a mark
/// and is left out.
pub(crate) fn changed_paths(text: &str) -> Vec<String> {
    let path = |entry: &str| {
        let before = match entry.split_once(' ')?.0 {
            "1" => 8,
            "2" => 9,
            "u" => 10,
            _ => return None,
        };
        entry.splitn(before + 1, ' ').nth(before).map(ToOwned::to_owned)
    };
    text.split('\0').filter_map(path).collect()
}

/// What systemd says of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Unit(pub(crate) BTreeMap<String, String>);

impl Unit {
    fn text(&self, property: &str) -> &str {
        self.0.get(property).map_or("", String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, property: &str) -> Option<T> {
        self.text(property).parse().ok()
    }

    pub(crate) fn is_known(&self) -> bool {
        !matches!(self.text("LoadState"), "not-found" | "masked" | "")
    }

    pub(crate) fn main_pid(&self) -> Option<u32> {
        self.number("MainPID").filter(|pid| *pid != 0)
    }

    /// Its main process, where `/proc` shows that to be a process of this unit. Where the unit runs in another process
    /// namespace (backout in a container, a unit in one), the number is somebody else's here, and says nothing.
    ///
    /// `groups` reads `/proc/PID/cgroup`: lines of `0::/system.slice/app.service` or, in the first generation,
    /// `1:name=systemd:/system.slice/app.service`. A unit with delegated groups has its processes below its own.
    pub(crate) fn own_pid(&self, groups: impl Fn(u32) -> Option<String>) -> Option<u32> {
        let (pid, own) = (self.main_pid()?, self.text("ControlGroup"));
        let is_own = |line: &str| {
            let mut fields = line.splitn(3, ':').skip(1);
            let is_tracked = matches!(fields.next(), Some("" | "name=systemd"));
            let below = fields.next().and_then(|group| group.strip_prefix(own));
            is_tracked && below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
        };
        (!own.is_empty() && groups(pid)?.lines().any(is_own)).then_some(pid)
    }

    /// Whether its processes have been asked to end and have not.
    pub(crate) fn is_stopping(&self) -> bool {
        let state = self.text("SubState");
        self.text("ActiveState") == "deactivating" && state.starts_with("stop") && !state.starts_with("stop-post")
    }

    /// What all of its processes use, as systemd counts it; of so many processors and, where it has no limit, so much memory.
    ///
    /// Source: what is not counted is `[not set]` or the greatest number there is (`org.freedesktop.systemd1`).
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds and bytes of this size")]
    pub(crate) fn usage(&self, name: &str, cpus: f64, memory: Option<f64>) -> Usage {
        let told = |property: &str| self.number::<u64>(property).filter(|told| *told != u64::MAX);
        Usage {
            id: name.to_owned(),
            cpu_seconds: told("CPUUsageNSec").map(|spent| spent as f64 / 1e9),
            cpus,
            memory: told("MemoryCurrent").map(|used| used as f64),
            memory_limit: told("MemoryMax").map(|limit| limit as f64).or(memory),
        }
    }

    pub(crate) fn restarts(&self) -> u32 {
        self.number("NRestarts").unwrap_or(0)
    }

    /// When its main process started, in microseconds since the boot.
    pub(crate) fn started_us(&self) -> Option<u64> {
        self.number("ExecMainStartTimestampMonotonic").filter(|at| *at != 0)
    }

    /// When its state last changed: by a start, an end, or a reload.
    pub(crate) fn changed_us(&self) -> Option<u64> {
        self.number("StateChangeTimestampMonotonic").filter(|at| *at != 0)
    }

    pub(crate) fn is_active(&self) -> bool {
        matches!(self.text("ActiveState"), "active" | "reloading" | "refreshing")
    }

    /// Whether it runs, and what its own start notification says.
    ///
    /// | `ActiveState`        | and                      | state      | health    |
    /// |----------------------|--------------------------|------------|-----------|
    /// | active, reloading    |                          | running    | unchecked |
    /// | deactivating         |                          | running    | unchecked |
    /// | activating           | waiting to restart       | restarting | unchecked |
    /// | activating           | main process started     | running    | starting  |
    /// | activating           | no main process yet      | created    | starting  |
    /// | inactive             | never started            | created    | unchecked |
    /// | inactive, failed     |                          | exited     | unchecked |
    ///
    /// A unit that ended well or was stopped, and that nothing else wants, is forgotten by systemd with how it ended: it
    /// reads as never started.
    pub(crate) fn state(&self) -> (InstanceState, Health) {
        match (self.text("ActiveState"), self.text("SubState")) {
            ("active" | "reloading" | "refreshing" | "deactivating" | "maintenance", _) => {
                (InstanceState::Running, Health::Unchecked)
            }
            ("activating", "auto-restart" | "auto-restart-queued") => (InstanceState::Restarting, Health::Unchecked),
            ("activating", _) if self.main_pid().is_some() => (InstanceState::Running, Health::Starting),
            ("activating", _) => (InstanceState::Created, Health::Starting),
            ("inactive", _) if self.started_us().is_none() => (InstanceState::Created, Health::Unchecked),
            _ => (self.exited(), Health::Unchecked),
        }
    }

    /// How its main process ended. `ExecMainCode` is a `CLD_` number: 1 exited, 2 killed, 3 dumped core.
    fn exited(&self) -> InstanceState {
        let status: Option<i64> = self.number("ExecMainStatus");
        let code = match (self.text("ExecMainCode"), status) {
            ("1", Some(status)) => status,
            ("2" | "3", Some(signal)) => 128 + signal,
            _ => UNSEEN_CODE,
        };
        InstanceState::Exited { code, out_of_memory: self.text("Result") == "oom-kill" }
    }
}

/// What `systemctl show` prints of several units: blocks in the order asked for, with an empty line between them.
pub(crate) fn units(text: &str) -> Vec<Unit> {
    text.trim()
        .split("\n\n")
        .filter(|block| !block.is_empty())
        .map(|block| {
            let pairs = block.lines().filter_map(|line| line.split_once('='));
            Unit(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        })
        .collect()
}

/// How much memory the machine has, in bytes, from `/proc/meminfo`.
pub(crate) fn memory_of_machine(text: &str) -> Option<f64> {
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: f64 = total.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Unit {
        units(text).pop().unwrap()
    }

    #[test]
    fn units_are_read_in_the_order_asked_for() {
        let found = units("Id=a.service\nLoadState=loaded\nMainPID=7\n\nId=b.service\nLoadState=not-found\n");
        assert_eq!(found.iter().map(Unit::is_known).collect::<Vec<_>>(), [true, false]);
        assert_eq!(found[0].main_pid(), Some(7));
    }

    #[test]
    fn a_process_of_another_unit_or_namespace_is_not_the_unit_s_own() {
        let app = unit("MainPID=7\nControlGroup=/system.slice/app.service");
        let own = |groups: &str| app.own_pid(|_| Some(groups.to_owned()));
        assert_eq!(own("0::/system.slice/app.service"), Some(7));
        assert_eq!(own("4:memory:/user.slice\n1:name=systemd:/system.slice/app.service/worker\n"), Some(7));
        for other in ["", "0::/", "0::/system.slice/app.service2", "0::/docker/3f/system.slice/app.service"] {
            assert_eq!(own(other), None, "{other}");
        }
        assert_eq!(own("4:memory:/system.slice/app.service"), None, "only systemd's own hierarchy counts");
        assert_eq!(app.own_pid(|_| None), None);
        assert_eq!(unit("MainPID=7\nControlGroup=").own_pid(|_| Some("0::/".to_owned())), None);
    }

    #[test]
    fn a_killed_unit_ends_with_128_and_the_signal() {
        let killed = unit("ActiveState=failed\nExecMainCode=2\nExecMainStatus=9\nResult=oom-kill");
        assert_eq!(killed.state().0, InstanceState::Exited { code: 137, out_of_memory: true });
        let exited = unit("ActiveState=failed\nExecMainCode=1\nExecMainStatus=3\nResult=exit-code");
        assert_eq!(exited.state().0, InstanceState::Exited { code: 3, out_of_memory: false });
    }

    #[test]
    fn a_unit_that_waits_to_restart_is_not_running() {
        assert_eq!(unit("ActiveState=activating\nSubState=auto-restart").state().0, InstanceState::Restarting);
        let starting = unit("ActiveState=activating\nSubState=start\nMainPID=7");
        assert_eq!(starting.state(), (InstanceState::Running, Health::Starting));
        assert_eq!(unit("ActiveState=inactive\nSubState=dead").state().0, InstanceState::Created);
    }

    #[test]
    fn paths_with_spaces_are_read_and_old_names_left_out() {
        let hash = "0".repeat(40);
        let text = format!(
            "1 .M N... 100644 100644 100644 {hash} {hash} a b.txt\0\
             2 R. N... 100644 100644 100644 {hash} {hash} R100 new name\0old name\0\
             u UU N... 100644 100644 100644 100644 {hash} {hash} {hash} torn\0"
        );
        assert_eq!(changed_paths(&text), ["a b.txt", "new name", "torn"]);
    }

    #[test]
    fn an_object_id_is_hexadecimal() {
        assert!(object_id(&"a".repeat(40)).is_some());
        for bad in ["-rf", "HEAD", "", &"g".repeat(40), &format!("-{}", "a".repeat(39))] {
            assert_eq!(object_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn reflog_entries_have_their_time() {
        let hash = "a".repeat(40);
        let text = format!("{hash}\0{hash}\0first\0HEAD@{{17}}\0\n{hash}\0{hash}\0second\0HEAD@{{5}}\0\n");
        let found = reflog(&text);
        assert_eq!(
            found.iter().map(|(c, at)| (c.subject.as_str(), *at)).collect::<Vec<_>>(),
            [("first", 17), ("second", 5)]
        );
    }

    #[test]
    fn what_a_unit_uses_is_what_systemd_counts() {
        let told = unit("CPUUsageNSec=2500000000\nMemoryCurrent=1048576\nMemoryMax=18446744073709551615");
        let usage = told.usage("a.service", 4.0, Some(8e9));
        assert_eq!((usage.cpu_seconds, usage.memory, usage.memory_limit), (Some(2.5), Some(1_048_576.0), Some(8e9)));
        let untold = unit("CPUUsageNSec=[not set]\nMemoryCurrent=[not set]\nMemoryMax=infinity").usage("a", 4.0, None);
        assert_eq!((untold.cpu_seconds, untold.memory, untold.memory_limit), (None, None, None));
        assert_eq!(memory_of_machine("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16_777_216.0));
    }
}
