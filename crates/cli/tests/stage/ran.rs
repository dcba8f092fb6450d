//! What a call of `backout` came to: its exit code, what it printed, and what stands in the journal.

use std::process::Child;
use std::sync::Arc;

use backout_core::id::EnvironmentName;
use backout_core::inventory::Graded;
use backout_core::journal::{Body, Record, RunResult};
use backout_core::port::Store as _;
use backout_engine::clock::SystemClock;
use backout_engine::state_dir::StateDir;
use backout_engine::store::SqliteStore;

use super::Stage;

/// A call of `backout` that has ended.
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Every record that the journal had when it ended.
    pub(crate) journal: Vec<Record>,
    /// Every checkpoint, with its grade.
    pub(crate) checkpoints: Vec<Graded>,
}

impl Ran {
    /// Waits for the end, and reads the journal.
    pub(crate) fn of(child: Child, stage: &Stage) -> Self {
        let output = child.wait_with_output().unwrap();
        let (journal, checkpoints) = journal(stage);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            journal,
            checkpoints,
        }
    }

    /// What stands in the journal of a run that goes on.
    pub(crate) fn so_far(stage: &Stage) -> Self {
        let (journal, checkpoints) = journal(stage);
        Self { exit: -1, stdout: String::new(), stderr: String::new(), journal, checkpoints }
    }

    /// Asserts the exit code and how the newest run ended, by the journal.
    #[track_caller]
    pub(crate) fn ended(&self, exit: i32, result: RunResult) {
        let ending = self.ending().map(|(result, _)| result);
        assert_eq!((self.exit, ending), (exit, Some(result)), "{self}");
    }

    /// How the newest run ended, and its summary.
    pub(crate) fn ending(&self) -> Option<(RunResult, &str)> {
        self.find(|body| match body {
            Body::RunEnded { result, summary } => Some((*result, summary.as_str())),
            _ => None,
        })
    }

    /// What a record of the newest run says, the last first.
    pub(crate) fn find<'a, T>(&'a self, what: impl Fn(&'a Body) -> Option<T>) -> Option<T> {
        let newest = self.journal.iter().rev().find_map(|record| record.run.as_ref());
        let mut records = self.journal.iter().rev().filter(|record| record.run.as_ref() == newest);
        records.find_map(|record| what(&record.body))
    }

    /// Whether the newest run has such a record.
    pub(crate) fn has(&self, is: impl Fn(&Body) -> bool) -> bool {
        self.find(|body| is(body).then_some(())).is_some()
    }

    /// Asserts that the checks of the newest run's verification were recorded, and that every one of them holds.
    #[track_caller]
    pub(crate) fn is_verified(&self) {
        let checks = self.find(|body| match body {
            Body::Verified { checks, .. } => Some(checks),
            _ => None,
        });
        assert!(checks.is_some_and(|checks| !checks.is_empty() && checks.iter().all(|it| !it.blocks())), "{self}");
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "exit {}\n--- stdout\n{}\n--- stderr\n{}", self.exit, self.stdout, self.stderr)?;
        self.journal.iter().try_for_each(|record| writeln!(f, "{} {}", record.at, record.body.kind()))
    }
}

fn journal(stage: &Stage) -> (Vec<Record>, Vec<Graded>) {
    let state = StateDir::at(&stage.state());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Ok(store) = SqliteStore::open_read_only(&state, Arc::new(SystemClock)) else {
        return (Vec::new(), Vec::new());
    };
    let environment = EnvironmentName::new("staging").unwrap();
    runtime.block_on(async {
        (store.records(&environment, &[]).await.unwrap(), store.checkpoints(&environment).await.unwrap())
    })
}
