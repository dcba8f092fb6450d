//! Undoing a step on a database: what was there before is there again, and whoever was stopped for it runs again.

use backout_core::data::{DataAct, DataStep};
use backout_core::inventory::Checkpoint;
use backout_core::journal::StepOutcome;
use backout_core::plan::Step;

use crate::run::switch::{Act, in_words};

impl Act<'_> {
    /// Takes a step on a database back. Where that cannot be done, the services that were stopped for it stay stopped: nobody
    /// knows what they would write to.
    pub(in crate::run) async fn undo_data(
        &self,
        step: &Step,
        data: &DataStep,
        present: Option<&Checkpoint>,
    ) -> StepOutcome {
        let Some(database) = self.world.databases.get(&data.database) else {
            return StepOutcome::Unclear { why: format!("no database `{}` is known", data.database) };
        };
        let undone = match data.act {
            DataAct::KeepDump => Ok("the database is as it was".to_owned()),
            _ => database.undo(data, self.world.ports()).await,
        };
        let undone = match undone {
            Ok(undone) => undone,
            Err(error) => {
                let stopped: Vec<String> = data.fences.iter().map(|fence| format!("`{}`", fence.service)).collect();
                let stopped = match stopped.len() {
                    0 => String::new(),
                    _ => format!("; stopped for it, and not started again: {}", stopped.join(", ")),
                };
                return StepOutcome::Failed { why: format!("{}{stopped}", in_words(&error)) };
            }
        };
        let mut seen = vec![undone];
        for fence in &data.fences {
            if present.is_some_and(|checkpoint| checkpoint.absent.contains(&fence.service)) {
                continue;
            }
            let back = self.bring_back(&fence.service, fence.grace_ms, step.limit_ms, present).await;
            match back {
                StepOutcome::Done { seen: what } | StepOutcome::AlreadyThere { seen: what } => seen.push(what),
                other => return other,
            }
        }
        StepOutcome::Done { seen: seen.join("; ") }
    }
}
