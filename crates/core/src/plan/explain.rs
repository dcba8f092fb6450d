//! Plans and facts in words.

use super::{Action, Part, StepClass, SwitchOrder, WayBack};
use crate::data::{DataAct, DataStep, ObjectName, RecoveryTarget, RestoreSource};
use crate::inventory::{Fact, Health, Instance, InstanceState, Seen};

/// What an action does, in one line without a full stop.
#[must_use]
pub fn action(action: &Action) -> String {
    match action {
        Action::KeepEvidence { service } => format!("keep logs, state and events of `{service}`"),
        Action::Switch(switch) => {
            let files = match switch.files.len() {
                0 => String::new(),
                1 => " together with 1 file".to_owned(),
                n => format!(" together with {n} files"),
            };
            let order = match switch.order {
                SwitchOrder::StartFirst => ", started before what runs is stopped",
                SwitchOrder::StopFirst => "",
            };
            match &switch.only {
                None => format!("switch `{}` to {}{files}{order}", switch.to.service, switch.to.label),
                Some(Part::Configuration { what }) => {
                    format!("put {} of `{}` back{files}, and leave what it runs", what.join(", "), switch.to.service)
                }
            }
        }
        Action::RestoreFiles { service, files } => {
            let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
            format!("put back {} of `{service}`", paths.join(", "))
        }
        Action::Stop { service, .. } => format!("stop `{service}`, which was not there"),
        Action::AwaitHealthy { service, within_ms } => {
            format!("wait until `{service}` is healthy, at most {} s", within_ms.div_ceil(1000))
        }
        Action::Data(step) => format!("{}{}", data(step), stopped(step)),
        Action::Flush { cache } => format!("empty the cache `{cache}`"),
        Action::Gate { batch, of } => format!("verify batch {batch} of {of}"),
    }
}

fn data(step: &DataStep) -> String {
    let database = &step.database;
    let names = |tables: &[ObjectName]| tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match &step.act {
        DataAct::RestoreBeside { source, copy, .. } => {
            format!("restore {} beside `{database}` as `{copy}`, and verify it", restore_source(source))
        }
        DataAct::Swap { live, copy, aside, .. } => {
            format!("swap `{copy}` in as `{live}`, and keep what it was as `{aside}`")
        }
        DataAct::ReverseMigrations { framework, undo, .. } => {
            format!("undo {} of {framework} on `{database}` with the new release's code", migrations(undo.len()))
        }
        DataAct::SoftRestore { objects } => {
            format!("rename {} soft-dropped objects of `{database}` back", objects.len())
        }
        DataAct::UndoRows { tables, .. } => {
            format!("give changed rows of {} in `{database}` their values back", names(tables))
        }
        DataAct::ReplaceTables { tables, .. } => format!("replace the content of {} in `{database}`", names(tables)),
        DataAct::DropCopy { copy } => format!("drop the copy `{copy}`"),
        DataAct::KeepDump => format!("take a restore point of `{database}` as it is"),
        DataAct::RestoreInPlace { source, live, .. } => {
            format!("drop `{live}` and restore {} in its place", restore_source(source))
        }
        DataAct::ReportLoss { damaged, .. } => format!("list the rows that only `{damaged}` has"),
    }
}

/// The services that do not run meanwhile.
fn stopped(step: &DataStep) -> String {
    let names: Vec<String> = step.fences.iter().map(|fence| format!("`{}`", fence.service)).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!(", while {one} is stopped"),
        names => format!(", while {} are stopped", names.join(", ")),
    }
}

fn migrations(count: usize) -> String {
    if count == 1 { "1 migration".to_owned() } else { format!("{count} migrations") }
}

fn restore_source(source: &RestoreSource) -> String {
    match source {
        RestoreSource::Dump { point } => format!("`{}` of {}", point.id, point.taken_at.strftime("%Y-%m-%d %H:%M:%S")),
        RestoreSource::Log { target, .. } => format!("the moment {}", moment(target)),
    }
}

/// A moment to recover to, in words.
#[must_use]
pub fn moment(target: &RecoveryTarget) -> String {
    match target {
        RecoveryTarget::Name { name } => format!("`{name}`"),
        RecoveryTarget::Time { at } => at.to_string(),
        RecoveryTarget::Lsn { lsn } => format!("at log position {lsn}"),
        RecoveryTarget::Xid { xid } => format!("before transaction {xid}"),
    }
}

/// What runs of a service, in one line without a full stop.
#[must_use]
pub fn fact(fact: &Fact) -> String {
    let service = &fact.service;
    match &fact.seen {
        Seen::Unknown { why } => format!("`{service}` could not be seen: {why}"),
        Seen::Absent => format!("`{service}` is not there"),
        Seen::Present(running) => {
            let states: Vec<String> = running.instances.iter().map(instance).collect();
            format!("`{service}` runs {} ({})", running.label, states.join(", "))
        }
    }
}

fn instance(instance: &Instance) -> String {
    let state = match instance.state {
        InstanceState::Created => "not started".to_owned(),
        InstanceState::Running => "running".to_owned(),
        InstanceState::Restarting => "being started again".to_owned(),
        InstanceState::Paused => "paused".to_owned(),
        InstanceState::Exited { out_of_memory: true, .. } => "out of memory".to_owned(),
        InstanceState::Exited { code, .. } => format!("exited with {code}"),
    };
    let health = match instance.health {
        Health::Unchecked => "",
        Health::Starting => ", health starting",
        Health::Healthy => ", healthy",
        Health::Unhealthy => ", unhealthy",
    };
    format!("{} {state}{health}", instance.name)
}

/// The class of a step, in one word.
#[must_use]
pub fn class(class: StepClass) -> &'static str {
    match class {
        StepClass::Reversible => "reversible",
        StepClass::Compensable => "compensable",
        StepClass::Irreversible => "irreversible",
    }
}

/// The way back of a step, in one line.
#[must_use]
pub fn way_back(way_back: &WayBack) -> String {
    match way_back {
        WayBack::NothingToUndo => "changes nothing".to_owned(),
        WayBack::SwitchBack => "switch back to what runs now".to_owned(),
        WayBack::PutFilesBack => "put the replaced files back".to_owned(),
        WayBack::DropCopy => "drop the copy".to_owned(),
        WayBack::SwapBack => "swap back to what was put aside".to_owned(),
        WayBack::MigrateForward => "apply the migrations again and put back what was kept".to_owned(),
        WayBack::PutRowsBack => "put back what was kept of the tables".to_owned(),
        WayBack::Refills => "not needed: a cache fills itself again".to_owned(),
        WayBack::Impossible { why } => format!("none: {why}"),
    }
}
