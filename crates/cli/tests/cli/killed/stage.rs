//! The demo's application with a policy, and a guard that is killed.

use std::fs;
use std::process::Child;
use std::time::Duration;

use backout_testkit::guarded::{Journal, JournalRecord, wait_until};
use rustix::process::{Pid, Signal, kill_process};

use crate::place::{Left, Place};
use crate::running::Running;

/// How long anything may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is guarded, and its journal from the beginning of the test on.
pub(super) struct Stage {
    running: Running,
    journal: Journal,
    before: i64,
}

impl Stage {
    /// The application with a policy, and more for its environment. A guard may be silent for two seconds, and
    /// nobody else goes on before: what a killed one leaves running has to last for longer.
    pub(super) fn new(policy: &str, more: &str) -> Self {
        let running = Running::new();
        let place = &running.0;
        let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
        let own: Vec<&str> = config.lines().filter(|line| !line.trim_start().starts_with("policy:")).collect();
        let own = own.join("\n").replace("dead_man: 6s", "dead_man: 2s");
        place.write("backout.yaml", &format!("{own}\n    policy: {policy}\n{more}"));
        let journal = Journal::of(&place.work().join(".backout"));
        let before = journal.last();
        Self { journal, before, running }
    }

    pub(super) fn place(&self) -> &Place {
        &self.running.0
    }

    /// A release that does as another.
    pub(super) fn release(&self, name: &str, like: &str) {
        let start = fs::read_to_string(self.place().work().join(format!("app/releases/{like}/start"))).unwrap();
        let path = format!("app/releases/{name}/start");
        self.place().write(&path, &start.replace(&format!("--version {like} "), &format!("--version {name} ")));
        let path = self.place().work().join(path);
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Starts a guarded deploy by a script.
    pub(super) fn guard(&self, soak: &str, script: &str) -> Child {
        let guard = ["guard", "--soak", soak, "--force", "rollback-of-rollback", "--", "sh", "-c", script];
        self.place().start(&guard)
    }

    /// Waits until something holds.
    pub(super) fn until(&self, what: &str, holds: impl FnMut() -> bool) {
        wait_until(what, PATIENCE, holds);
    }

    /// Waits for a record.
    pub(super) fn await_record(&self, what: &str, is_it: impl Fn(&JournalRecord) -> bool) -> JournalRecord {
        let mut found = None;
        wait_until(what, PATIENCE, || {
            found = self.records().into_iter().find(&is_it);
            found.is_some()
        });
        found.unwrap()
    }

    pub(super) fn records(&self) -> Vec<JournalRecord> {
        self.journal.since(self.before)
    }

    /// Records of a kind.
    pub(super) fn of(&self, kind: &str) -> Vec<JournalRecord> {
        self.records().into_iter().filter(|record| record.kind == kind).collect()
    }

    /// Everything up to now is no longer looked at.
    pub(super) fn forget(&mut self) {
        self.before = self.journal.last();
    }

    /// Kills a guard, and the dead-man's switch that would go on for it.
    pub(super) fn kill(&self, guard: Child) {
        for pid in self.standing_by() {
            kill_process(pid, Signal::KILL).unwrap();
        }
        self.kill_alone(guard);
    }

    /// Kills a guard. Its dead-man's switch goes on.
    pub(super) fn kill_alone(&self, mut guard: Child) {
        assert!(matches!(guard.try_wait(), Ok(None)), "it has ended: {}", self.told());
        guard.kill().unwrap();
        guard.wait().unwrap();
    }

    fn standing_by(&self) -> Vec<Pid> {
        let place = self.place().work().display().to_string();
        let is_it = |pid: &u32| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            words.contains(&place) && words.contains(" dead-man ")
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_it);
        pids.filter_map(|pid: u32| Pid::from_raw(i32::try_from(pid).ok()?)).collect()
    }

    /// Goes on as a person does, once the dead process's lease lets somebody; answers with how that ended.
    pub(super) fn resume(&self) -> Left {
        self.again(&["resume"])
    }

    /// Runs a command until nobody holds the environment any more.
    pub(super) fn again(&self, arguments: &[&str]) -> Left {
        let mut left = None;
        wait_until("the lease of the killed process to expire", PATIENCE, || {
            let ended = self.place().run(arguments);
            let is_held = ended.code == Some(7);
            left = Some(ended);
            !is_held
        });
        left.unwrap()
    }

    /// How the run ended, once it has: exactly once.
    pub(super) fn result(&self) -> String {
        self.await_record("the end of the run", |record| record.kind == "run_ended");
        let ended = self.of("run_ended");
        assert_eq!(ended.len(), 1, "{}", self.told());
        self.place().run(&["history", "--verify"]).well();
        ended[0].text("/result").unwrap().to_owned()
    }

    /// Whether that release runs.
    pub(super) fn runs(&self, release: &str) -> bool {
        let status = self.place().run(&["status", "--json"]).document();
        status["services"][0]["label"].to_string().contains(&format!("release {release}"))
    }

    /// The lines of a file that commands write to; none where it is not there.
    pub(super) fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.place().work().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What the journal tells, to be read by whoever looks for what went wrong.
    pub(super) fn told(&self) -> String {
        self.records().iter().map(|record| format!("{} {}\n", record.kind, record.body)).collect()
    }
}
