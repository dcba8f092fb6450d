//! Lines of the timeline about ways back that are not verified, and about maintenance mode.

use super::timeline::{Said, said};
use crate::journal::{Body, MaintenanceOutcome, MaintenanceSwitch, Recourse};

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
        _ => return None,
    })
}

fn intended(switch: &MaintenanceSwitch) -> String {
    let to = if switch.on { "on" } else { "off" };
    match &switch.reason {
        Some(reason) => format!("{} switches it {to}: {reason}", switch.by),
        None => format!("{} switches it {to}", switch.by),
    }
}
