//! What the data of a whole environment does in a plan: the rung of every database, and the steps around those of services.

use std::collections::BTreeSet;

use super::case::Case;
use super::loss::Loss;
use super::need::Need;
use super::way::{Way, swap_back, way};
use super::{DataSituation, refuse};
use crate::data::{DataAct, DataStep, DatabaseSeen, Fence, Ladder, RejectedRung, Rung};
use crate::id::{DatabaseName, ServiceName};
use crate::inventory::{Checkpoint, Seen};
use crate::plan::{Mode, Request, Scope, Situation};
use crate::policy::{Refusal, RefusalName};

/// What the data does.
#[derive(Debug, Clone, Default)]
pub(in crate::plan) struct Course {
    /// The rung of every database that was thought about.
    pub(in crate::plan) ladders: Vec<Ladder>,
    /// What stands in the way.
    pub(in crate::plan) refusals: Vec<Refusal>,
    /// Why it is so, one sentence each.
    pub(in crate::plan) reasons: Vec<String>,
    beside: Vec<DataStep>,
    acts: Vec<DataStep>,
    fenced: Vec<DataStep>,
    after: Vec<DataStep>,
}

impl Course {
    /// What comes after the evidence and before the first service is switched: copies of everything first, while all is in
    /// use; then what needs the code of now; then what needs services to be stopped.
    pub(in crate::plan) fn before(&self) -> impl Iterator<Item = &DataStep> {
        self.beside.iter().chain(&self.acts).chain(&self.fenced)
    }

    /// What comes at the very end.
    pub(in crate::plan) fn after(&self) -> &[DataStep] {
        &self.after
    }

    /// Services that are stopped by the time they are switched.
    pub(in crate::plan) fn fenced(&self) -> BTreeSet<&ServiceName> {
        self.fenced.iter().flat_map(|step| &step.fences).map(|fence| &fence.service).collect()
    }

    /// Finds the way of every database. `changed` are the services that the plan switches or stops, with their stop times.
    pub(in crate::plan) fn of(
        request: &Request,
        target: &Checkpoint,
        situation: &Situation<'_>,
        changed: &[Fence],
    ) -> Self {
        let mut course = Self::default();
        for (name, database) in situation.databases {
            if !is_concerned(request, name, database) {
                continue;
            }
            let fences = fences(database, changed);
            let state = match &database.now.seen {
                DatabaseSeen::Known(state) => state,
                DatabaseSeen::Unknown { why } => {
                    let must = request.data.damaged.contains(name) || request.data.undoes_swap;
                    course.refusals.push(refuse::unseen(name, why, must));
                    course.stays(name, format!("it could not be seen: {why}"));
                    continue;
                }
            };
            let (estimates, now) = (situation.estimates, situation.now);
            let cut_off = cut_off(database, changed, situation);
            let case =
                Case { name, request, target, database, state, fences: &fences, cut_off: &cut_off, estimates, now };
            if request.data.undoes_swap {
                course.undo(&case);
            } else {
                course.climb(&case);
            }
        }
        course
    }

    fn undo(&mut self, case: &Case<'_>) {
        match swap_back(case) {
            Ok(way) => {
                let (rung, not_cheaper, loss) = (Rung::SideBySide, Vec::new(), Loss::of_undoing(case));
                self.refusals.extend(refuse::of_way(rung, &way, &loss, case));
                self.take(case, Taken { rung, way, not_cheaper, loss });
            }
            Err(why) => {
                self.refusals.push(refuse::nothing_aside(case.name, &why));
                self.stays(case.name, why);
            }
        }
    }

    /// Decides whether the data has to go back, and how.
    fn climb(&mut self, case: &Case<'_>) {
        let need = Need::of(case);
        let asked = case.asked();
        if !need.is_there() && (need.unknown.is_empty() || matches!(asked, None | Some(Rung::CodeOnly))) {
            if !need.unknown.is_empty() {
                self.refusals.push(refuse::unknown_schema(case, &need));
            }
            let why = need.runs.clone().unwrap_or_else(|| need.why());
            return self.stays(case.name, why);
        }
        if asked == Some(Rung::CodeOnly) {
            if !need.breaks.is_empty() {
                self.refusals.push(refuse::incompatible(case, &need, &[]));
            }
            return self.stays(case.name, format!("it was asked for, although {}", need.why()));
        }
        match cheapest(case, &need) {
            Ok(taken) => {
                self.refusals.extend(refuse::of_way(taken.rung, &taken.way, &taken.loss, case));
                if matches!(taken.rung, Rung::UndoRows | Rung::Tables) && !need.breaks.is_empty() {
                    self.refusals.push(refuse::incompatible(case, &need, &[]));
                }
                let way = Way { why: format!("{}; {}", need.why(), taken.way.why), ..taken.way };
                self.take(case, Taken { way, ..taken });
            }
            Err(rejected) => {
                self.refusals.push(refuse::no_way(case, &need, &rejected));
                self.stays(case.name, format!("that is not enough: {}", need.why()));
            }
        }
    }

    fn stays(&mut self, name: &DatabaseName, why: String) {
        self.reasons.push(format!("the data of `{name}` stays: {why}"));
        let (database, rung, not_cheaper) = (name.clone(), Rung::CodeOnly, Vec::new());
        self.ladders.push(Ladder { database, rung, why, not_cheaper, downtime_ms: Some(0), loss: None });
    }

    fn take(&mut self, case: &Case<'_>, taken: Taken) {
        let Taken { rung, way, not_cheaper, loss } = taken;
        let name = case.name;
        self.reasons.push(format!("the data of `{name}` goes back by {rung}: {}", way.why));
        if case.request.is_automatic && case.database.configured.automatic && loss != Loss::Nothing {
            self.reasons.push(format!("`automatic: true` of `{name}` accepts that rows written since are lost"));
        }
        self.reasons.extend(told_of_cut_off(case, &way));
        let downtime_ms = downtime_ms(case, &way);
        let step = |act, fences: &[Fence]| DataStep { database: name.clone(), act, fences: fences.to_vec() };
        self.beside.extend(first_dump(case, &way).map(|act| step(act, &[])));
        self.beside.extend(way.beside.into_iter().map(|act| step(act, &[])));
        self.acts.extend(way.before.into_iter().map(|act| step(act, &[])));
        self.fenced.extend(way.fenced.into_iter().map(|act| step(act, case.fences)));
        self.after.extend(way.after.into_iter().map(|act| step(act, &[])));
        let (database, why, loss) = (name.clone(), way.why, loss.estimate());
        self.ladders.push(Ladder { database, rung, why, not_cheaper, downtime_ms, loss });
    }
}

/// The rung that a database takes.
struct Taken {
    rung: Rung,
    way: Way,
    not_cheaper: Vec<RejectedRung>,
    loss: Loss,
}

/// The cheapest rung that is enough, or the one that was asked for; why each will not do, where none will.
fn cheapest(case: &Case<'_>, need: &Need) -> Result<Taken, Vec<RejectedRung>> {
    let asked = case.asked();
    let mut not_cheaper = Vec::new();
    for rung in Rung::ALL {
        let found = match asked {
            Some(asked) if rung < asked => Err(format!("`{asked}` was asked for")),
            Some(asked) if rung > asked => break,
            _ => way(rung, case, need),
        };
        match found {
            Ok(way) => {
                let loss = Loss::of(rung, &way, case);
                return Ok(Taken { rung, way, not_cheaper, loss });
            }
            Err(why) => not_cheaper.push(RejectedRung { rung, why }),
        }
    }
    Err(not_cheaper)
}

/// Whether a database is thought about.
///
/// | scope | databases |
/// |---|---|
/// | stack | all |
/// | services | those that one of them uses, and those that were named |
/// | configuration, data | those that were named |
///
/// Undoing a swap is about every database that was put aside, or those of them that were named.
fn is_concerned(request: &Request, name: &DatabaseName, database: &DataSituation<'_>) -> bool {
    let wish = &request.data;
    if wish.undoes_swap {
        return wish.damaged.contains(name) || (wish.damaged.is_empty() && database.put_aside.is_some());
    }
    let used_by = &database.configured.used_by;
    let is_in_scope = match &request.scope {
        Scope::Stack => true,
        Scope::Services { services } => used_by.is_empty() || used_by.iter().any(|it| services.contains(it)),
        Scope::Config | Scope::Data => false,
    };
    is_in_scope || wish.damaged.contains(name)
}

fn fences(database: &DataSituation<'_>, changed: &[Fence]) -> Vec<Fence> {
    let used_by = &database.configured.used_by;
    changed.iter().filter(|fence| used_by.is_empty() || used_by.contains(&fence.service)).cloned().collect()
}

/// The services that run and use a database, and that the plan neither switches nor stops. What the others depend on and depends on
/// nothing itself is the server.
fn cut_off(database: &DataSituation<'_>, changed: &[Fence], situation: &Situation<'_>) -> Vec<ServiceName> {
    let used_by = &database.configured.used_by;
    let needs = |service: &ServiceName| situation.depends_on.get(service).map(Vec::as_slice).unwrap_or_default();
    let is_server = |it: &ServiceName| needs(it).is_empty() && used_by.iter().any(|other| needs(other).contains(it));
    let runs =
        |it: &ServiceName| situation.facts.iter().any(|fact| fact.service == *it && !matches!(fact.seen, Seen::Absent));
    let is_changed = |it: &ServiceName| changed.iter().any(|fence| fence.service == *it);
    used_by.iter().filter(|it| runs(it) && !is_changed(it) && !is_server(it)).cloned().collect()
}

/// A warning of those whose sessions end with the database that they use.
fn told_of_cut_off(case: &Case<'_>, way: &Way) -> Option<String> {
    let ends = |act: &DataAct| matches!(act, DataAct::Swap { .. } | DataAct::RestoreInPlace { .. });
    let named: Vec<String> = case.cut_off.iter().map(|service| format!("`{service}`")).collect();
    if named.is_empty() || !way.fenced.iter().any(ends) {
        return None;
    }
    let uses = if named.len() == 1 { "uses it and is" } else { "use it and are" };
    let named = named.join(", ");
    Some(format!(
        "warning: every session on `{}` is ended, and this plan neither switches nor stops {named}, which {uses} cut off until \
         connected anew",
        case.name
    ))
}

/// A restore point of the database as it is, where the configuration wants one before anything in it is changed. What is swapped
/// is kept as it is, what is dropped has its dump already, and an emergency waits for nothing.
fn first_dump(case: &Case<'_>, way: &Way) -> Option<DataAct> {
    let wants = case.database.configured.backup.as_ref().is_some_and(|backup| backup.before_rollback);
    let is_waived = case.request.forced.contains(&RefusalName::DamagedNotKept);
    let changes = way.before.iter().any(|act| !matches!(act, DataAct::DropCopy { .. }));
    (wants && changes && !is_waived && case.request.mode == Mode::Planned).then_some(DataAct::KeepDump)
}

/// How long the database refuses or delays work: the acts that are not done beside it.
fn downtime_ms(case: &Case<'_>, way: &Way) -> Option<u64> {
    let acts = way.before.iter().chain(&way.fenced).filter(|act| !matches!(act, DataAct::DropCopy { .. }));
    acts.map(|act| case.estimates.act_ms(case.name, act, case.database.bytes()))
        .try_fold(0u64, |sum, took| Some(sum.saturating_add(took?)))
}
