//! Steps on databases and caches: done, and looked at afterwards.
//!
//! Architecture invariants: an exit code is not evidence, so what [`Database::reached`] sees is the outcome; services that
//! would write meanwhile are stopped before, and only a database that is as it was gets them back.

use std::sync::Arc;
use std::time::Duration;

use backout_core::data::{DataAct, DataStep};
use backout_core::id::{DatabaseName, StepId};
use backout_core::inventory::{BlobRef, Fact, InstanceState, Seen};
use backout_core::journal::{Body, StepOutcome};
use backout_core::plan::explain;
use backout_core::port::{DataDone, Database, Evidence, PortError};

use crate::look::observe_one;
use crate::run::switch::{Act, in_words};

/// How long a database that was just acted on may be out of sight.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(500);

impl Act<'_> {
    /// Does a step on a database.
    pub(in crate::run) async fn data(&self, step: &DataStep, limit: Duration) -> StepOutcome {
        let Some(database) = self.world.databases.get(&step.database) else {
            return StepOutcome::Failed { why: format!("no database `{}` is known", step.database) };
        };
        if let Err(why) = self.fence(step, limit).await {
            return StepOutcome::Failed { why };
        }
        if step.act == DataAct::KeepDump {
            return self.keep_dump(step, database.as_ref(), limit).await;
        }
        let told = tokio::select! {
            told = database.perform(step, self.world.ports()) => told,
            () = self.world.clock.sleep(limit) => Err(PortError::new(format!("took longer than {} s", limit.as_secs()))),
        };
        let told = match told {
            Ok(done) => self.keep_what_was_found(&step.database, done).await,
            Err(error) => Err(error),
        };
        match (self.reached(database, step).await, told) {
            (Ok((true, seen)), Ok(done)) => StepOutcome::Done { seen: joined(&done, &seen) },
            // It reports that it failed, and the target is there: what counts is what is there.
            (Ok((true, seen)), Err(_)) if !step_only_looks(step) => StepOutcome::Done { seen },
            (Ok((true, _)), Err(error)) => StepOutcome::Failed { why: in_words(&error) },
            (Ok((false, seen)), Ok(_)) => StepOutcome::Failed { why: seen },
            (Ok((false, seen)), Err(error)) => StepOutcome::Failed { why: format!("{}; {seen}", in_words(&error)) },
            (Err(unseen), Ok(_)) => StepOutcome::Unclear { why: in_words(&unseen) },
            (Err(unseen), Err(error)) => {
                StepOutcome::Unclear { why: format!("{}; {}", in_words(&error), in_words(&unseen)) }
            }
        }
    }

    /// Looks whether the state that a step names is there.
    pub(in crate::run) async fn reobserve_data(&self, id: StepId, step: &DataStep) -> StepOutcome {
        if step.act == DataAct::KeepDump {
            return self.kept_dump(id, step).await;
        }
        let Some(database) = self.world.databases.get(&step.database) else {
            return StepOutcome::Unclear { why: format!("no database `{}` is known", step.database) };
        };
        match self.reached(database, step).await {
            Ok((true, seen)) => StepOutcome::AlreadyThere { seen },
            Ok((false, seen)) => StepOutcome::NotThere { seen },
            Err(error) => StepOutcome::Unclear { why: in_words(&error) },
        }
    }

    /// A database that is out of sight for a moment is waited for: a restart of its server must not need a person.
    pub(super) async fn reached(
        &self,
        database: &Arc<dyn Database>,
        step: &DataStep,
    ) -> Result<(bool, String), PortError> {
        let deadline = self.world.clock.uptime() + BACK_WITHIN;
        loop {
            match database.reached(step, self.world.blobs.as_ref()).await {
                Err(_) if self.world.clock.uptime() < deadline => self.world.clock.sleep(PAUSE).await,
                reached => return reached,
            }
        }
    }

    /// Makes whoever would write to the database quiet, and looks whether they are. They stay what they are: a later step, or
    /// its undoing, has them run again.
    async fn fence(&self, step: &DataStep, limit: Duration) -> Result<(), String> {
        for fence in &step.fences {
            let service = &fence.service;
            let Some(platform) = self.world.platform_of(service) else {
                return Err(format!("no platform runs `{service}`"));
            };
            if is_quiet(&observe_one(self.world, service).await, false) {
                continue;
            }
            let told = tokio::select! {
                told = platform.quiet(service, fence.grace_ms) => told,
                () = self.world.clock.sleep(limit) => Err(PortError::new("took too long")),
            };
            let fact = observe_one(self.world, service).await;
            if !is_quiet(&fact, told.is_ok()) {
                let why = told.err().map_or_else(String::new, |error| format!("{}; ", in_words(&error)));
                return Err(format!(
                    "`{service}` could not be stopped, and would write meanwhile: {why}{}",
                    explain::fact(&fact)
                ));
            }
        }
        Ok(())
    }

    async fn keep_what_was_found(&self, name: &DatabaseName, done: DataDone) -> Result<String, PortError> {
        if !done.evidence.is_empty() {
            let items = self.keep_pieces(&done.evidence).await?;
            self.record(&Body::DataEvidenceKept { database: name.clone(), items }).await?;
        }
        if !done.proof.is_empty() {
            self.record(&Body::DataProven { database: name.clone(), proof: Box::new(done.proof) }).await?;
        }
        if let Some(report) = done.loss {
            self.record(&Body::LossReported { database: name.clone(), report: Box::new(report) }).await?;
        }
        Ok(done.seen)
    }

    /// Keeps pieces of evidence; answers with the name and the place of each.
    pub(in crate::run) async fn keep_pieces(&self, evidence: &[Evidence]) -> Result<Vec<(String, BlobRef)>, PortError> {
        let mut items = Vec::new();
        for piece in evidence {
            items.push((piece.name.clone(), self.world.blobs.put(&piece.content).await?));
        }
        Ok(items)
    }

    /// Empties a cache as far as the configuration says.
    pub(in crate::run) async fn flush(&self, name: &str, limit: Duration) -> StepOutcome {
        let (Some(cache), Some(configured)) = (self.world.caches.get(name), self.world.environment.caches.get(name))
        else {
            return StepOutcome::Failed { why: format!("no cache `{name}` is known") };
        };
        let told = tokio::select! {
            told = cache.flush(&configured.flush) => told,
            () = self.world.clock.sleep(limit) => Err(PortError::new(format!("took longer than {} s", limit.as_secs()))),
        };
        match told {
            Ok(seen) => StepOutcome::Done { seen },
            Err(error) => StepOutcome::Failed { why: in_words(&error) },
        }
    }
}

/// Whether no instance of a service can write.
///
/// | seen                                          | the platform said that it is quiet | is quiet |
/// |-----------------------------------------------|------------------------------------|----------|
/// | unknown                                       |                                    | no       |
/// | absent                                        |                                    | yes      |
/// | present, an instance runs, healthy or not     |                                    | no       |
/// | present, all instances have ended             |                                    | yes      |
/// | present without instances                     | yes                                | yes      |
/// | present without instances                     | no                                 | no: those on their way out are none, and write |
fn is_quiet(fact: &Fact, is_said: bool) -> bool {
    match &fact.seen {
        Seen::Absent => true,
        Seen::Unknown { .. } => false,
        Seen::Present(running) if running.instances.is_empty() => is_said,
        Seen::Present(running) => running
            .instances
            .iter()
            .all(|instance| matches!(instance.state, InstanceState::Created | InstanceState::Exited { .. })),
    }
}

/// Nothing can be seen of a report but that it was made.
fn step_only_looks(step: &DataStep) -> bool {
    matches!(step.act, DataAct::ReportLoss { .. })
}

fn joined(done: &str, seen: &str) -> String {
    match (done.is_empty(), seen.is_empty() || seen == done) {
        (true, _) => seen.to_owned(),
        (false, true) => done.to_owned(),
        (false, false) => format!("{done}; {seen}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use backout_core::id::ServiceName;
    use backout_core::inventory::{Health, Instance, Running, Version};

    use super::*;

    fn fact(states: &[InstanceState]) -> Fact {
        let instance = |state: &InstanceState| Instance {
            id: "1".to_owned(),
            name: "app-1".to_owned(),
            version: Version { code: "v1".to_owned(), spec: String::new() },
            state: *state,
            health: Health::Unhealthy,
            since: None,
            restarts: 0,
        };
        let instances = states.iter().map(instance).collect();
        let running = Running {
            label: String::new(),
            wanted: 2,
            instances,
            unready: Vec::new(),
            trouble: None,
            busy: None,
            next: None,
        };
        let service = ServiceName::new("app").unwrap();
        Fact { service, observed_at: jiff::Timestamp::UNIX_EPOCH, seen: Seen::Present(running), files: BTreeMap::new() }
    }

    #[test]
    fn a_service_without_instances_is_quiet_only_where_its_platform_says_so() {
        assert!(!is_quiet(&fact(&[]), false), "one that is on its way out is no instance, and writes");
        assert!(is_quiet(&fact(&[]), true));
        let ended = InstanceState::Exited { code: 0, out_of_memory: false };
        assert!(is_quiet(&fact(&[ended, InstanceState::Created]), false));
        assert!(!is_quiet(&fact(&[ended, InstanceState::Running]), true));
        assert!(!is_quiet(&fact(&[InstanceState::Restarting]), true));
    }
}
