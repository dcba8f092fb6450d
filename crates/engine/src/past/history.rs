//! What the journal's records say, taken together: projections, recomputed from the records each time.

use std::collections::{BTreeMap, BTreeSet};

use backout_core::data::RestorePoint;
use backout_core::id::{BackupId, CheckpointId, RunId};
use backout_core::inventory::{Grade, Graded};
use backout_core::journal::{Body, Record, RunKind, RunResult, RunStarted, StepOutcome};
use backout_core::plan::{Action, Estimates, Plan, Work, restored_bytes};
use jiff::Timestamp;

/// Every checkpoint with its newest grade, oldest first.
#[must_use]
pub fn checkpoints(records: &[Record]) -> Vec<Graded> {
    let mut all: Vec<Graded> = Vec::new();
    for record in records {
        match &record.body {
            Body::CheckpointTaken { checkpoint } => all.push(Graded {
                checkpoint: (**checkpoint).clone(),
                grade: Grade::Candidate,
                why: checkpoint.why.clone(),
                is_retained: true,
            }),
            Body::Graded { checkpoint, grade, why } => {
                if let Some(graded) = all.iter_mut().find(|graded| graded.checkpoint.id == *checkpoint) {
                    graded.grade = *grade;
                    graded.why.clone_from(why);
                }
            }
            Body::CheckpointReleased { checkpoint } => {
                if let Some(graded) = all.iter_mut().find(|graded| graded.checkpoint.id == *checkpoint) {
                    graded.is_retained = false;
                }
            }
            _ => {}
        }
    }
    all
}

/// How long the steps of past plans took, of those that were done, and dumps and trial restores beside them.
#[must_use]
pub fn estimates(records: &[Record]) -> Estimates {
    let mut estimates = Estimates::default();
    let mut plans: BTreeMap<&RunId, &Plan> = BTreeMap::new();
    let mut points: BTreeMap<&BackupId, &RestorePoint> = BTreeMap::new();
    for record in records {
        match (&record.body, &record.run) {
            (Body::PlanMade { plan }, Some(run)) => {
                plans.insert(run, plan);
            }
            (Body::StepEnded { step, outcome: StepOutcome::Done { .. }, took_ms, .. }, Some(run)) => {
                if let Some(step) = plans.get(run).and_then(|plan| plan.step(*step)) {
                    learn(&mut estimates, &step.action, *took_ms);
                }
            }
            (Body::BackupTaken { point }, _) => {
                points.insert(&point.id, point);
                // One that a run took is a dump and nothing else; what a person had registered was restored meanwhile.
                if point.run.is_some() {
                    estimates.remember_sized(Work::Dumping, &point.database, point.database_bytes, point.took_ms);
                }
            }
            (Body::BackupVerified { verification }, _) => {
                if let (Some(took_ms), Some(point)) = (verification.restore_ms, points.get(&verification.backup)) {
                    estimates.remember_sized(Work::Restoring, &point.database, point.database_bytes, took_ms);
                }
            }
            _ => {}
        }
    }
    estimates
}

fn learn(estimates: &mut Estimates, action: &Action, took_ms: u64) {
    estimates.remember(action.kind(), action.service(), took_ms);
    if let Action::Data(step) = action
        && let Some(bytes) = restored_bytes(&step.act)
    {
        estimates.remember_sized(Work::Restoring, &step.database, bytes, took_ms);
    }
}

/// The records without those of drills, which count for nothing but for how long steps take.
#[must_use]
pub(crate) fn without_drills(records: &[Record]) -> Vec<Record> {
    let is_drill =
        |record: &&Record| matches!(&record.body, Body::RunStarted(RunStarted { run: RunKind::Drill(_), .. }));
    let drills: BTreeSet<&RunId> = records.iter().filter(is_drill).filter_map(|record| record.run.as_ref()).collect();
    let is_of_drill = |record: &&Record| record.run.as_ref().is_some_and(|run| drills.contains(run));
    records.iter().filter(|record| !is_of_drill(record)).cloned().collect()
}

/// A run that changed something on its way back, and ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRollback {
    /// The run.
    pub run: RunId,
    /// Where it went.
    pub target: CheckpointId,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How.
    pub result: RunResult,
    /// Whether nobody had asked for it.
    pub is_automatic: bool,
}

/// Every ended run that had begun to execute a plan, in the order of the journal in which they ended: a clock may be set back.
#[must_use]
pub fn past_rollbacks(records: &[Record]) -> Vec<PastRollback> {
    let mut rollbacks = Vec::new();
    let mut begun: BTreeMap<&RunId, (&Plan, bool)> = BTreeMap::new();
    for record in records {
        let Some(run) = &record.run else { continue };
        match &record.body {
            Body::PlanMade { plan } => begun.entry(run).or_insert((plan, false)).0 = plan,
            Body::StepIntended { .. } => {
                if let Some((_, has_acted)) = begun.get_mut(run) {
                    *has_acted = true;
                }
            }
            Body::RunEnded { result, .. } => {
                if let Some((plan, true)) = begun.get(run) {
                    rollbacks.push(PastRollback {
                        run: run.clone(),
                        target: plan.target.clone(),
                        ended_at: record.at,
                        result: *result,
                        is_automatic: plan.request.is_automatic,
                    });
                }
            }
            _ => {}
        }
    }
    rollbacks
}
