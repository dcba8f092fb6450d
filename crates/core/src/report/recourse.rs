//! Lines of the timeline about ways back that are not verified, about maintenance mode, about restarts and about
//! what is removed afterwards.

use super::timeline::{Said, said};
use crate::journal::{ActStage, Body, MaintenanceOutcome, MaintenanceSwitch, Recourse, Restart, StrayRemoval};

/// What comes after a try that is not verified, in words.
#[must_use]
pub fn recourse_text(next: Recourse) -> &'static str {
    match next {
        Recourse::Again => "it is tried again, planned anew from what runs now",
        Recourse::OlderCheckpoint => "plan B: the next older good checkpoint",
        Recourse::Maintenance => "every way back was tried; maintenance mode is switched on",
    }
}

/// What is said of such a record.
pub(super) fn of_recourse(body: &Body) -> Option<Said> {
    Some(match body {
        Body::AttemptFailed { attempt, why, next, .. } => {
            said(&format!("try {attempt}"), why.clone()).with(vec![recourse_text(*next).to_owned()]).bad_if(true)
        }
        Body::MaintenanceIntended { switch } => said("maintenance", intended(switch)),
        Body::MaintenanceEnded { on, outcome } => {
            let to = if *on { "on" } else { "off" };
            match outcome {
                MaintenanceOutcome::Done { seen } => {
                    said("maintenance", format!("it is {to}")).with(seen.clone()).bad_if(*on)
                }
                MaintenanceOutcome::Failed { seen, why } => {
                    said("maintenance", format!("it could not be switched {to}"))
                        .with(why.iter().chain(seen).cloned().collect())
                        .bad_if(true)
                }
            }
        }
        Body::StrayRemoved { removal } => {
            said("removed", stray_text(removal)).bad_if(matches!(removal.stage, ActStage::Failed { .. }))
        }
        Body::ServiceRestarted { restart } => {
            said("restart", restart_text(restart)).bad_if(matches!(restart.stage, ActStage::Failed { .. }))
        }
        _ => return None,
    })
}

/// The removal of a container, as far as it came, in one line.
#[must_use]
pub fn stray_text(removal: &StrayRemoval) -> String {
    let StrayRemoval { name, service, image, by, stage, .. } = removal;
    match stage {
        ActStage::Intended => format!("{by} removes container `{name}` ({image}) of `{service}`"),
        ActStage::Done { seen } => format!("container `{name}` ({image}) of `{service}`: {seen}"),
        ActStage::Failed { why } => format!("container `{name}` of `{service}` is still there: {why}"),
    }
}

/// A restart, as far as it came, in one line.
#[must_use]
pub fn restart_text(restart: &Restart) -> String {
    let Restart { service, by, reason, stage } = restart;
    match (stage, reason) {
        (ActStage::Intended, Some(reason)) => format!("{by} starts `{service}` anew: {reason}"),
        (ActStage::Intended, None) => format!("{by} starts `{service}` anew"),
        (ActStage::Done { seen }, _) => format!("`{service}` was started anew by {by}: {seen}"),
        (ActStage::Failed { why }, _) => format!("`{service}` is not well after its restart by {by}: {why}"),
    }
}

fn intended(switch: &MaintenanceSwitch) -> String {
    let to = if switch.on { "on" } else { "off" };
    match &switch.reason {
        Some(reason) => format!("{} switches it {to}: {reason}", switch.by),
        None => format!("{} switches it {to}", switch.by),
    }
}
