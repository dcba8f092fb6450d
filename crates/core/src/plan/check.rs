//! The linter for finished plans. It runs in every planner test and before every run; a finding is a fault of the planner,
//! and the plan does not run.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Mode, Plan, Step, StepClass, WayBack};
use crate::id::{ServiceName, StepId};

/// What is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Numbers must count from 1 without a gap.
    #[error("step {found} stands where step {expected} belongs")]
    Numbering {
        /// The number that belongs here.
        expected: u32,
        /// The number that stands here.
        found: StepId,
    },
    /// A service is changed twice.
    #[error("step {step} changes `{service}`, which an earlier step changes already")]
    ChangedTwice {
        /// The later step.
        step: StepId,
        /// The service.
        service: ServiceName,
    },
    /// A file is put back twice.
    #[error("step {step} puts `{path}` back, which an earlier step does already")]
    FileTwice {
        /// The later step.
        step: StepId,
        /// The file.
        path: String,
    },
    /// A dependant is changed before what it depends on.
    #[error("step {step} changes `{service}` before `{needs}`, which it depends on, is done")]
    Order {
        /// The step that comes too early.
        step: StepId,
        /// The dependant.
        service: ServiceName,
        /// What it depends on.
        needs: ServiceName,
    },
    /// A dependency is stopped while what depends on it still runs.
    #[error("step {step} stops `{needs}` before `{service}`, which depends on it, is stopped")]
    StoppedUnder {
        /// The step that comes too early.
        step: StepId,
        /// The dependant.
        service: ServiceName,
        /// What it depends on.
        needs: ServiceName,
    },
    /// A switch that nobody checks.
    #[error("`{service}` is switched and never waited for")]
    NotAwaited {
        /// The service.
        service: ServiceName,
    },
    /// The class does not fit the way back.
    #[error("step {step} has a class that does not fit its way back")]
    WayBack {
        /// The step.
        step: StepId,
    },
    /// A step that may not be tried, or may go on for ever.
    #[error("step {step} has no attempt or no time limit")]
    Unbounded {
        /// The step.
        step: StepId,
    },
    /// Evidence is collected after it was destroyed.
    #[error("step {step} keeps evidence after something was changed")]
    LateEvidence {
        /// The step.
        step: StepId,
    },
    /// A service is both untouched and touched.
    #[error("`{service}` is said to be unchanged, and is changed")]
    UnchangedChanged {
        /// The service.
        service: ServiceName,
    },
    /// A database is to be replaced by, or corrected from, something that was never built.
    #[error("step {step} needs the copy `{copy}`, which no earlier step builds")]
    NoCopy {
        /// The step.
        step: StepId,
        /// The copy.
        copy: String,
    },
    /// What is lost is to be listed, and nothing was put aside.
    #[error("step {step} compares with `{damaged}`, which no earlier step puts aside")]
    NothingPutAside {
        /// The step.
        step: StepId,
        /// The database.
        damaged: String,
    },
    /// Data goes back under a service that was switched already.
    #[error("step {step} changes a database after a service was switched")]
    LateData {
        /// The step.
        step: StepId,
    },
    /// A service is stopped for a database and not started again.
    #[error("step {step} stops `{service}`, and no later step makes it as it shall be")]
    LeftStopped {
        /// The step.
        step: StepId,
        /// The service.
        service: ServiceName,
    },
}

/// Everything that is wrong with a plan; empty for a sound one.
#[must_use]
pub fn check(plan: &Plan, depends_on: &BTreeMap<ServiceName, Vec<ServiceName>>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (step, expected) in plan.steps.iter().zip(1..) {
        faults.extend(each(step, expected));
    }
    faults.extend(twice(plan));
    faults.extend(order(plan, depends_on));
    faults.extend(not_awaited(plan));
    faults.extend(late_evidence(plan));
    faults.extend(super::data::faults(plan));
    let unchanged: BTreeSet<&ServiceName> = plan.unchanged.iter().collect();
    let contradicted = plan.changed().into_iter().filter(|service| unchanged.contains(service));
    faults.extend(contradicted.map(|service| Fault::UnchangedChanged { service }));
    faults
}

fn each(step: &Step, expected: u32) -> Vec<Fault> {
    let mends_files = matches!(step.action, Action::RestoreFiles { .. });
    let is_data = matches!(step.action, Action::Data(_));
    let fits = match (&step.way_back, step.class) {
        (WayBack::Impossible { .. }, StepClass::Irreversible) => true,
        (WayBack::NothingToUndo, StepClass::Reversible) => step.action.is_read_only() || is_data,
        (WayBack::SwitchBack, StepClass::Compensable) => {
            matches!(step.action, Action::Switch(_) | Action::Stop { .. })
        }
        (WayBack::PutFilesBack, StepClass::Reversible) => mends_files,
        (WayBack::DropCopy, StepClass::Reversible)
        | (WayBack::SwapBack | WayBack::MigrateForward | WayBack::PutRowsBack, StepClass::Compensable) => is_data,
        (WayBack::Refills, StepClass::Compensable) => matches!(step.action, Action::Flush { .. }),
        _ => false,
    };
    let mut faults = Vec::new();
    if step.id.0 != expected {
        faults.push(Fault::Numbering { expected, found: step.id });
    }
    if !fits {
        faults.push(Fault::WayBack { step: step.id });
    }
    if step.attempts == 0 || step.limit_ms == 0 {
        faults.push(Fault::Unbounded { step: step.id });
    }
    faults
}

fn changing(plan: &Plan) -> impl Iterator<Item = (&Step, &ServiceName)> {
    plan.changing().filter_map(|step| step.action.service().map(|service| (step, service)))
}

fn twice(plan: &Plan) -> Vec<Fault> {
    let mut services = BTreeSet::new();
    let mut paths = BTreeSet::new();
    let mut faults = Vec::new();
    for (step, service) in changing(plan) {
        if !services.insert(service) {
            faults.push(Fault::ChangedTwice { step: step.id, service: service.clone() });
        }
        let files = match &step.action {
            Action::Switch(switch) => switch.files.as_slice(),
            Action::RestoreFiles { files, .. } => files.as_slice(),
            _ => &[],
        };
        for file in files {
            if !paths.insert(&file.path) {
                faults.push(Fault::FileTwice { step: step.id, path: file.path.clone() });
            }
        }
    }
    faults
}

/// A dependency that the plan switches must be switched, and where the mode waits, healthy, before its dependants; those
/// that are stopped go the other way. Dependencies count through services that the plan does not touch.
fn order(plan: &Plan, depends_on: &Needs) -> Vec<Fault> {
    let mut faults = starting_too_early(plan, depends_on);
    faults.extend(stopping_too_early(plan, depends_on));
    faults
}

type Needs = BTreeMap<ServiceName, Vec<ServiceName>>;

/// Everything that a service depends on, directly or not.
fn all_needs<'a>(service: &ServiceName, depends_on: &'a Needs) -> BTreeSet<&'a ServiceName> {
    let mut found: BTreeSet<&ServiceName> = BTreeSet::new();
    let mut left: Vec<&ServiceName> = depends_on.get(service).into_iter().flatten().collect();
    while let Some(next) = left.pop() {
        if found.insert(next) {
            left.extend(depends_on.get(next).into_iter().flatten());
        }
    }
    found
}

fn stopping_too_early(plan: &Plan, depends_on: &Needs) -> Vec<Fault> {
    let stops: Vec<(&Step, &ServiceName)> =
        changing(plan).filter(|(step, _)| matches!(step.action, Action::Stop { .. })).collect();
    let mut faults = Vec::new();
    for (later, service) in &stops {
        for needs in all_needs(service, depends_on) {
            let too_early = stops.iter().filter(|(step, stopped)| *stopped == needs && step.id < later.id);
            faults.extend(too_early.map(|(step, _)| Fault::StoppedUnder {
                step: step.id,
                service: (*service).clone(),
                needs: needs.clone(),
            }));
        }
    }
    faults
}

fn starting_too_early(plan: &Plan, depends_on: &Needs) -> Vec<Fault> {
    let done_at: BTreeMap<&ServiceName, StepId> = plan
        .steps
        .iter()
        .filter(|step| {
            matches!(
                (&step.action, plan.request.mode),
                (Action::AwaitHealthy { .. }, Mode::Planned)
                    | (Action::RestoreFiles { .. }, _)
                    | (Action::Switch(_), Mode::Emergency)
            )
        })
        .filter_map(|step| step.action.service().map(|service| (service, step.id)))
        .collect();
    let starting = changing(plan).filter(|(step, _)| !matches!(step.action, Action::Stop { .. }));
    starting
        .flat_map(|(step, service)| all_needs(service, depends_on).into_iter().map(move |n| (step, service, n)))
        .filter(|(step, _, needs)| done_at.get(needs).is_some_and(|done| *done > step.id))
        .map(|(step, service, needs)| Fault::Order { step: step.id, service: service.clone(), needs: needs.clone() })
        .collect()
}

fn not_awaited(plan: &Plan) -> Vec<Fault> {
    let awaited = |service: &ServiceName, after: StepId| {
        plan.steps.iter().any(|step| {
            step.id > after && matches!(&step.action, Action::AwaitHealthy { service: s, .. } if s == service)
        })
    };
    changing(plan)
        .filter(|(step, service)| matches!(step.action, Action::Switch(_)) && !awaited(service, step.id))
        .map(|(_, service)| Fault::NotAwaited { service: service.clone() })
        .collect()
}

fn late_evidence(plan: &Plan) -> Vec<Fault> {
    let first_change = plan.changing().next().map(|step| step.id);
    plan.steps
        .iter()
        .filter(|step| matches!(step.action, Action::KeepEvidence { .. }))
        .filter(|step| first_change.is_some_and(|first| step.id > first))
        .map(|step| Fault::LateEvidence { step: step.id })
        .collect()
}
