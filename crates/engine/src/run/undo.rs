//! Undoing a step that failed: what ran before it runs again, or it is said what runs.

use std::time::Duration;

use backout_core::inventory::{Artifact, Checkpoint};
use backout_core::journal::StepOutcome;
use backout_core::plan::{Action, Step, Switch, SwitchOrder, explain, runs};

use super::switch::Act;
use crate::look::observe_one;

impl Act<'_> {
    /// Switches the service of a failed step back to what the checkpoint of the present has, unless that is what runs.
    pub(super) async fn undo(&self, step: &Step, present: Option<&Checkpoint>) -> StepOutcome {
        let Some(service) = step.action.service() else {
            return StepOutcome::Done { seen: "there was nothing to undo".to_owned() };
        };
        let Some(artifact) = present.and_then(|checkpoint| checkpoint.artifacts.get(service)) else {
            let fact = observe_one(self.world, service).await;
            return StepOutcome::NotThere {
                seen: format!("nothing is recorded to switch back to; {}", explain::fact(&fact)),
            };
        };
        let files = self.differing(&artifact.files, service).await;
        let fact = observe_one(self.world, service).await;
        if files.is_empty() && fact.running().is_some_and(|running| runs(artifact, running)) {
            return StepOutcome::AlreadyThere { seen: explain::fact(&fact) };
        }
        if let Action::RestoreFiles { .. } = step.action {
            return self.put_files_back(&files).await;
        }
        let from = fact.version().cloned();
        let back = Switch { from, files, ..switch_back(artifact, step) };
        self.switch(&back, Duration::from_millis(step.limit_ms)).await
    }
}

fn switch_back(artifact: &Artifact, step: &Step) -> Switch {
    let grace_ms = match &step.action {
        Action::Switch(switch) => switch.grace_ms,
        Action::Stop { grace_ms, .. } => *grace_ms,
        _ => 0,
    };
    Switch {
        from: None,
        from_label: None,
        to: artifact.clone(),
        files: Vec::new(),
        order: SwitchOrder::StopFirst,
        grace_ms,
    }
}
