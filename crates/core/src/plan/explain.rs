//! Plans in words.

use super::{Action, StepClass, SwitchOrder, WayBack};

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
            format!("switch `{}` to {}{files}{order}", switch.to.service, switch.to.label)
        }
        Action::RestoreFiles { service, files } => {
            let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
            format!("put back {} of `{service}`", paths.join(", "))
        }
        Action::Stop { service, .. } => format!("stop `{service}`, which was not there"),
        Action::AwaitHealthy { service, within_ms } => {
            format!("wait until `{service}` is healthy, at most {} s", within_ms.div_ceil(1000))
        }
        Action::Gate { batch, of } => format!("verify batch {batch} of {of}"),
    }
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
        WayBack::Impossible { why } => format!("none: {why}"),
    }
}
