//! What the records of a project say: which switch was under way, and whether all of it can be replayed.

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_core::id::RunId;
use backout_core::journal::RunResult;
use backout_core::port::Store;
use backout_core::run::Run;
use backout_engine::clock::SystemClock;
use backout_engine::state_dir::StateDir;
use backout_engine::store::SqliteStore;
use backout_testkit::guarded::{Guarded, JournalRecord};

/// The service whose switch was begun and not ended in these records of one run.
pub(crate) fn switch_under_way(records: &[JournalRecord]) -> Option<String> {
    let services = switches(records);
    let mut steps = records.iter().filter(|record| record.kind.starts_with("step_"));
    let last = steps.next_back().filter(|record| record.kind == "step_intended")?;
    services.get(&last.body.pointer("/step")?.as_u64()?).cloned()
}

/// The steps of the plan that switch a service.
fn switches(records: &[JournalRecord]) -> BTreeMap<u64, String> {
    let plan = records.iter().rev().find(|record| record.kind == "plan_made");
    let steps = plan.and_then(|plan| plan.body.pointer("/plan/steps")?.as_array()).into_iter().flatten();
    let switch = |step: &serde_json::Value| {
        let service = step.pointer("/action/to/service")?.as_str()?;
        Some((step.pointer("/id")?.as_u64()?, service.to_owned()))
    };
    steps.filter_map(switch).collect()
}

/// Asserts that the chain holds, and that the records of every run replay to a run that went back.
pub(crate) fn assert_replayable(guarded: &Guarded) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SqliteStore::open_read_only(&StateDir::at(guarded.state()), Arc::new(SystemClock)).unwrap();
    let mut runs: Vec<String> = guarded.journal().since(0).into_iter().filter_map(|record| record.run).collect();
    runs.dedup();
    for run in &runs {
        let records = runtime.block_on(store.run(&RunId::new(run).unwrap())).unwrap();
        let replayed = Run::replay(&records).unwrap();
        assert_eq!(replayed.result(), Some(RunResult::RolledBack), "{run}");
    }
    assert!(!runs.is_empty());
    guarded.backout(&["history", "--verify"]).expect_code(0);
}
