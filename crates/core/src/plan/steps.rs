//! The steps of a plan: what the changes ask for, in an order that is safe, with limits, classes and ways back.

use std::collections::BTreeSet;

use super::data::{Course, DataSituation};
use super::order::led_away_first;
use super::planner::{Changes, Situation};
use super::{Action, Change, Mode, Part, Request, Step, StepClass, Switch, SwitchOrder, WayBack, dependencies_first};
use crate::config::Flush;
use crate::data::{DataAct, Fence};
use crate::id::{ServiceName, StepId};
use crate::inventory::{Artifact, Detail, Fact, FileRef};

/// Stop time of a service that states none, in milliseconds: what Docker takes.
const STOP_GRACE_MS: u64 = 10_000;
/// Stop time in an emergency, in milliseconds.
const EMERGENCY_GRACE_MS: u64 = 1_000;
/// What a switch may take beside the stop time, in milliseconds: making and starting a container on a loaded host.
const SWITCH_LIMIT_MS: u64 = 120_000;
/// What a service may take to become healthy beside its own start period, in milliseconds.
const HEALTHY_WITHIN_MS: u64 = 60_000;
/// What collecting evidence may take, in milliseconds: it must not hold the way back up.
const EVIDENCE_LIMIT_MS: u64 = 5_000;
/// What restoring or dumping a database may take, in milliseconds: a day.
const RESTORE_LIMIT_MS: u64 = 24 * 3_600_000;
/// What any other act on a database may take, in milliseconds: an hour.
const DATA_LIMIT_MS: u64 = 3_600_000;

/// Writes the steps down, numbering them as it goes.
pub(super) struct Steps<'a> {
    request: &'a Request,
    situation: &'a Situation<'a>,
    steps: Vec<Step>,
    files_done: BTreeSet<String>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(request: &'a Request, situation: &'a Situation<'a>) -> Self {
        Self { request, situation, steps: Vec::new(), files_done: BTreeSet::new() }
    }

    /// Evidence of everything first, because what follows destroys it; then the data, which must be there before what needs
    /// it starts; then the services in the order of their dependencies; then, in an emergency, the waiting that was put
    /// off; then, in reverse order, what was not there; then caches, and what was lost.
    pub(super) fn of(mut self, changes: &Changes<'_>, course: &Course) -> Vec<Step> {
        let names: BTreeSet<ServiceName> = changes.keys().map(|service| (*service).clone()).collect();
        let needs = led_away_first(changes, self.situation.facts, self.situation.depends_on);
        let order = dependencies_first(&names, &needs);
        let change_of = |service: &ServiceName| changes.get(service).unwrap_or(&Change::None);
        for service in &order {
            let replaces =
                matches!(change_of(service), Change::Switch(..) | Change::Configuration(..) | Change::Remove);
            if replaces && self.is_there(service) {
                self.push(Action::KeepEvidence { service: service.clone() });
            }
        }
        for step in course.before() {
            self.push(Action::Data(Box::new(step.clone())));
        }
        self.services(&order, changes, course);
        self.caches();
        for step in course.after() {
            self.push(Action::Data(Box::new(step.clone())));
        }
        self.steps
    }

    fn services(&mut self, order: &[ServiceName], changes: &Changes<'_>, course: &Course) {
        let change_of = |service: &ServiceName| changes.get(service).unwrap_or(&Change::None);
        let fenced = course.fenced();
        // A batch is made of services that are switched: one that only shares a file with them fills no place in it.
        let is_counted =
            |service: &ServiceName| matches!(change_of(service), Change::Switch(..) | Change::Configuration(..));
        let all = order.iter().filter(|service| is_counted(service)).count();
        let mut done = 0;
        for service in order {
            self.service(service, change_of(service), fenced.contains(service));
            if is_counted(service) {
                done += 1;
                self.gate(done, all);
            }
        }
        if self.request.mode == Mode::Emergency {
            for service in order {
                if let Change::Switch(artifact, _) | Change::Configuration(artifact, ..) = change_of(service) {
                    self.await_healthy(artifact);
                }
            }
        }
        for service in order.iter().rev().filter(|service| *change_of(service) == Change::Remove) {
            self.push(Action::Stop { service: service.clone(), grace_ms: grace_ms(self.request.mode, None) });
        }
    }

    /// Nothing newer is served from a cache once a service or a database is as it was.
    fn caches(&mut self) {
        let moves = |step: &Step| match &step.action {
            Action::Switch(_) | Action::Stop { .. } => true,
            Action::Data(_) => !step.action.is_read_only(),
            _ => false,
        };
        if !self.steps.iter().any(moves) {
            return;
        }
        for (cache, _) in self.situation.caches.iter().filter(|(_, cache)| cache.flush != Flush::Nothing) {
            self.push(Action::Flush { cache: cache.clone() });
        }
    }

    fn service(&mut self, service: &ServiceName, change: &Change<'_>, is_fenced: bool) {
        match change {
            Change::Switch(artifact, files) => {
                let files = self.not_yet_done(files);
                let action = Action::Switch(Box::new(self.switch(artifact, files, is_fenced)));
                self.push(action);
                if self.request.mode == Mode::Planned {
                    self.await_healthy(artifact);
                }
            }
            Change::Configuration(artifact, files, what) => {
                let files = self.not_yet_done(files);
                let only = Some(Part::Configuration { what: what.to_vec() });
                self.push(Action::Switch(Box::new(Switch { only, ..self.switch(artifact, files, true) })));
                if self.request.mode == Mode::Planned {
                    self.await_healthy(artifact);
                }
            }
            Change::Files(files) => {
                let files = self.not_yet_done(files);
                if !files.is_empty() {
                    self.push(Action::RestoreFiles { service: service.clone(), files });
                }
            }
            Change::None | Change::Remove | Change::Unknown(_) => {}
        }
    }

    fn switch(&self, artifact: &Artifact, files: Vec<FileRef>, is_fenced: bool) -> Switch {
        let fact = self.fact(&artifact.service);
        let something_runs = fact.and_then(Fact::running).is_some_and(|r| r.instances.iter().any(|i| i.is_well()));
        let start_first =
            artifact.detail.can_start_first() && something_runs && !is_fenced && self.request.mode == Mode::Planned;
        Switch {
            from: fact.and_then(Fact::version).cloned(),
            from_label: fact.and_then(Fact::running).map(|running| running.label.clone()),
            to: artifact.clone(),
            files,
            order: if start_first { SwitchOrder::StartFirst } else { SwitchOrder::StopFirst },
            grace_ms: grace_ms(self.request.mode, Some(artifact)),
            only: None,
        }
    }

    /// A file that two services share goes back once, with the first of them.
    fn not_yet_done(&mut self, files: &[&FileRef]) -> Vec<FileRef> {
        files.iter().filter(|file| self.files_done.insert(file.path.clone())).map(|file| (*file).clone()).collect()
    }

    fn await_healthy(&mut self, artifact: &Artifact) {
        let within_ms = healthy_within_ms(artifact);
        self.push(Action::AwaitHealthy { service: artifact.service.clone(), within_ms });
    }

    fn gate(&mut self, done: usize, all: usize) {
        let Some(size) = self.request.batch.map(|size| size.max(1) as usize) else { return };
        if done.is_multiple_of(size) && done < all {
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            self.push(Action::Gate { batch: count(done / size), of: count(all.div_ceil(size)) });
        }
    }

    fn push(&mut self, action: Action) {
        let (class, way_back) = class_and_way_back(&action);
        let estimate_ms = self.estimate_ms(&action);
        let limit_ms = limit_ms(&action);
        let attempts = if action.is_read_only() { 1 } else { self.situation.attempts.max(1) };
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX).saturating_add(1));
        self.steps.push(Step { id, action, class, way_back, estimate_ms, limit_ms, attempts });
    }

    fn estimate_ms(&self, action: &Action) -> Option<u64> {
        let estimates = self.situation.estimates;
        match action {
            Action::Data(step) => {
                let database = self.situation.databases.get(&step.database);
                estimates.act_ms(&step.database, &step.act, database.and_then(DataSituation::bytes))
            }
            action => estimates.median_ms(action.kind(), action.service()),
        }
    }

    fn fact(&self, service: &ServiceName) -> Option<&'a Fact> {
        self.situation.facts.iter().find(|fact| fact.service == *service)
    }

    fn is_there(&self, service: &ServiceName) -> bool {
        self.fact(service).is_some_and(|fact| fact.running().is_some())
    }
}

/// How long a service may take to stop, in milliseconds.
fn grace_ms(mode: Mode, artifact: Option<&Artifact>) -> u64 {
    match mode {
        Mode::Emergency => EMERGENCY_GRACE_MS,
        Mode::Planned => artifact.and_then(|artifact| artifact.detail.stop_grace_ms()).unwrap_or(STOP_GRACE_MS),
    }
}

/// The services that are switched or stopped, with the time that each may take to stop: those that can be fenced, because a
/// later step makes them as they shall be. What leads users somewhere runs nothing that a database would have to be kept from.
pub(super) fn fences(changes: &Changes<'_>, mode: Mode) -> Vec<Fence> {
    let fence = |(service, change): (&&ServiceName, &Change<'_>)| {
        let grace_ms = match change {
            Change::Switch(artifact, _) if matches!(artifact.detail, Detail::Traffic(_)) => return None,
            Change::Switch(artifact, _) => grace_ms(mode, Some(artifact)),
            Change::Remove => grace_ms(mode, None),
            Change::None | Change::Files(_) | Change::Configuration(..) | Change::Unknown(_) => return None,
        };
        Some(Fence { service: (*service).clone(), grace_ms })
    };
    changes.iter().filter_map(fence).collect()
}

/// How long an artifact may take to become healthy, in milliseconds.
#[must_use]
pub fn healthy_within_ms(artifact: &Artifact) -> u64 {
    artifact.detail.start_period_ms().saturating_add(HEALTHY_WITHIN_MS)
}

fn class_and_way_back(action: &Action) -> (StepClass, WayBack) {
    match action {
        Action::KeepEvidence { .. } | Action::AwaitHealthy { .. } | Action::Gate { .. } => {
            (StepClass::Reversible, WayBack::NothingToUndo)
        }
        Action::RestoreFiles { .. } => (StepClass::Reversible, WayBack::PutFilesBack),
        Action::Switch(_) | Action::Stop { .. } => (StepClass::Compensable, WayBack::SwitchBack),
        Action::Flush { .. } => (StepClass::Compensable, WayBack::Refills),
        Action::Data(step) => way_back_of_data(&step.act),
    }
}

fn way_back_of_data(act: &DataAct) -> (StepClass, WayBack) {
    match act {
        DataAct::RestoreBeside { .. } => (StepClass::Reversible, WayBack::DropCopy),
        DataAct::Swap { .. } => (StepClass::Compensable, WayBack::SwapBack),
        DataAct::ReverseMigrations { .. } => (StepClass::Compensable, WayBack::MigrateForward),
        DataAct::SoftRestore { .. } | DataAct::UndoRows { .. } | DataAct::ReplaceTables { .. } => {
            (StepClass::Compensable, WayBack::PutRowsBack)
        }
        DataAct::DropCopy { .. } | DataAct::KeepDump | DataAct::ReportLoss { .. } => {
            (StepClass::Reversible, WayBack::NothingToUndo)
        }
        DataAct::RestoreInPlace { .. } => {
            let why = "the database is dropped before the restore point is read".to_owned();
            (StepClass::Irreversible, WayBack::Impossible { why })
        }
    }
}

fn limit_ms(action: &Action) -> u64 {
    match action {
        Action::KeepEvidence { .. } => EVIDENCE_LIMIT_MS,
        Action::Switch(switch) => switch.grace_ms.saturating_add(SWITCH_LIMIT_MS).saturating_add(match switch.order {
            // The old instance stops only once the new one is healthy, and that may take as long as it is waited for.
            SwitchOrder::StartFirst => healthy_within_ms(&switch.to),
            SwitchOrder::StopFirst if switch.to.detail.is_awaited_by_its_switch() => healthy_within_ms(&switch.to),
            SwitchOrder::StopFirst => 0,
        }),
        Action::Stop { grace_ms, .. } => grace_ms.saturating_add(SWITCH_LIMIT_MS),
        Action::AwaitHealthy { within_ms, .. } => *within_ms,
        Action::RestoreFiles { .. } | Action::Gate { .. } | Action::Flush { .. } => HEALTHY_WITHIN_MS,
        Action::Data(step) => match step.act {
            DataAct::RestoreBeside { .. } | DataAct::RestoreInPlace { .. } | DataAct::KeepDump => RESTORE_LIMIT_MS,
            _ => DATA_LIMIT_MS,
        },
    }
}
