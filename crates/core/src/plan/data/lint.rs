//! The linter for steps on databases: a part of [`crate::plan::check`].

use std::collections::BTreeSet;

use crate::data::{DataAct, DataStep};
use crate::plan::check::Fault;
use crate::plan::{Action, Plan, Step};

/// Everything that is wrong with the steps on databases. A plan that undoes a swap has built no copy itself.
pub(in crate::plan) fn faults(plan: &Plan) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (mut copies, mut aside) = (BTreeSet::new(), BTreeSet::new());
    let mut is_switched = false;
    for step in &plan.steps {
        let Action::Data(data) = &step.action else {
            is_switched |= matches!(step.action, Action::Switch(_) | Action::Stop { .. });
            continue;
        };
        let needs = |copy: &String, copies: &BTreeSet<(_, _)>| {
            let is_there = copies.contains(&(data.database.clone(), copy.clone()));
            (!is_there).then(|| Fault::NoCopy { step: step.id, copy: copy.clone() })
        };
        match &data.act {
            DataAct::RestoreBeside { copy, .. } => {
                copies.insert((data.database.clone(), copy.clone()));
            }
            DataAct::Swap { copy, aside: name, .. } => {
                faults.extend(needs(copy, &copies).filter(|_| !plan.request.data.undoes_swap));
                aside.insert(name.clone());
            }
            DataAct::UndoRows { copy, .. } | DataAct::ReplaceTables { copy, .. } | DataAct::DropCopy { copy } => {
                faults.extend(needs(copy, &copies));
            }
            DataAct::ReportLoss { damaged, .. } if !aside.contains(damaged) => {
                faults.push(Fault::NothingPutAside { step: step.id, damaged: damaged.clone() });
            }
            DataAct::ReportLoss { .. }
            | DataAct::ReverseMigrations { .. }
            | DataAct::SoftRestore { .. }
            | DataAct::KeepDump
            | DataAct::RestoreInPlace { .. } => {}
        }
        if is_switched && !step.action.is_read_only() {
            faults.push(Fault::LateData { step: step.id });
        }
        faults.extend(left_stopped(plan, step, data));
    }
    faults
}

/// A service that is stopped for a database and that no later step starts, or stops for good.
fn left_stopped(plan: &Plan, step: &Step, data: &DataStep) -> Vec<Fault> {
    let comes_later = |service| {
        plan.steps.iter().any(|later| {
            later.id > step.id
                && matches!(later.action, Action::Switch(_) | Action::Stop { .. })
                && later.action.service() == Some(service)
        })
    };
    let left = data.fences.iter().filter(|fence| !comes_later(&fence.service));
    left.map(|fence| Fault::LeftStopped { step: step.id, service: fence.service.clone() }).collect()
}
