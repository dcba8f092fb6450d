//! Undoing a step that failed: what ran before it runs again, or it is said what runs.

use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::{Artifact, Checkpoint};
use backout_core::journal::StepOutcome;
use backout_core::plan::{Action, Step, Switch, SwitchOrder, explain, runs};

use super::switch::Act;
use crate::look::observe_one;

impl Act<'_> {
    /// Takes a failed step back: its service runs what the checkpoint of the present has, or its database is as it was.
    pub(super) async fn undo(&self, step: &Step, present: Option<&Checkpoint>) -> StepOutcome {
        if let Action::Data(data) = &step.action {
            return self.undo_data(step, data, present).await;
        }
        let Some(service) = step.action.service() else {
            return StepOutcome::Done { seen: "there was nothing to undo".to_owned() };
        };
        if let (Action::RestoreFiles { .. }, Some(artifact)) = (&step.action, recorded(service, present)) {
            let files = self.differing(&artifact.files, service).await;
            return self.put_files_back(&files).await;
        }
        let grace_ms = match &step.action {
            Action::Switch(switch) => switch.grace_ms,
            Action::Stop { grace_ms, .. } => *grace_ms,
            _ => 0,
        };
        self.bring_back(service, grace_ms, step.limit_ms, present).await
    }

    /// Switches a service back to what the checkpoint of the present has, unless that is what runs.
    pub(super) async fn bring_back(
        &self,
        service: &ServiceName,
        grace_ms: u64,
        limit_ms: u64,
        present: Option<&Checkpoint>,
    ) -> StepOutcome {
        let fact = observe_one(self.world, service).await;
        let Some(artifact) = recorded(service, present) else {
            return StepOutcome::NotThere {
                seen: format!("nothing is recorded to switch back to; {}", explain::fact(&fact)),
            };
        };
        let files = self.differing(&artifact.files, service).await;
        if files.is_empty() && fact.running().is_some_and(|running| runs(artifact, running)) {
            return StepOutcome::AlreadyThere { seen: explain::fact(&fact) };
        }
        let back = Switch {
            from: fact.version().cloned(),
            from_label: None,
            to: artifact.clone(),
            files,
            order: SwitchOrder::StopFirst,
            grace_ms,
            only: None,
        };
        self.switch(&back, Duration::from_millis(limit_ms)).await
    }
}

fn recorded<'a>(service: &ServiceName, present: Option<&'a Checkpoint>) -> Option<&'a Artifact> {
    present.and_then(|checkpoint| checkpoint.artifacts.get(service))
}
