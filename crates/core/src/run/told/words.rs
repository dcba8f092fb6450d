//! Sentences about a run, for people.

use crate::inventory::{Fact, Seen};
use crate::journal::DeployExit;
use crate::plan::{Action, Plan, runs};

/// How the deploy command ended.
pub(in crate::run) fn exit_in_words(exit: Option<&DeployExit>) -> String {
    match exit {
        Some(DeployExit::Code { code }) => format!("the deploy command failed with exit code {code}"),
        Some(DeployExit::Signal { signal }) => format!("the deploy command was ended by signal {signal}"),
        Some(DeployExit::TimedOut) => "the deploy command took too long and was ended".to_owned(),
        Some(DeployExit::Stopped { why }) => format!("the deploy command was ended: {why}"),
        Some(DeployExit::NotStarted { why }) => format!("the deploy command could not be started: {why}"),
        Some(DeployExit::Unseen) | None => "the deploy command ended unseen".to_owned(),
    }
}

/// How far a way back has come, service by service: those that are where its plan brings them, those that are not, and those
/// that it does not touch.
pub(in crate::run) fn how_far(plan: &Plan, facts: &[Fact]) -> String {
    let of = |wanted: Option<bool>| {
        let those = facts.iter().filter(|fact| is_back(plan, fact) == wanted).map(what_runs);
        those.collect::<Vec<_>>().join(", ")
    };
    let parts = [("back: ", of(Some(true))), ("not back: ", of(Some(false))), ("not part of it: ", of(None))];
    let told = parts.into_iter().filter(|(_, services)| !services.is_empty());
    told.map(|(what, services)| format!("{what}{services}")).collect::<Vec<_>>().join("; ")
}

/// Whether a service is where the plan brings it; `None` where the plan does not touch it.
///
/// | step of the service | it is back where              |
/// |---------------------|-------------------------------|
/// | switch              | it runs the step's artifact   |
/// | switch of a part    | nobody said what should run   |
/// | stop                | nothing of it runs            |
/// | neither             | nobody said that it should be |
fn is_back(plan: &Plan, fact: &Fact) -> Option<bool> {
    plan.steps.iter().find_map(|step| match &step.action {
        Action::Switch(switch) if switch.to.service == fact.service && switch.only.is_none() => {
            Some(fact.running().is_some_and(|running| runs(&switch.to, running)))
        }
        Action::Stop { service, .. } if *service == fact.service => Some(match &fact.seen {
            Seen::Unknown { .. } => false,
            Seen::Absent => true,
            Seen::Present(running) => running.instances.iter().all(|instance| !instance.is_well()),
        }),
        _ => None,
    })
}

fn what_runs(fact: &Fact) -> String {
    let service = &fact.service;
    match &fact.seen {
        Seen::Unknown { why } => format!("`{service}` cannot be seen ({why})"),
        Seen::Absent => format!("`{service}` is absent"),
        Seen::Present(running) if running.instances.is_empty() => format!("`{service}` has no instance"),
        Seen::Present(running) if running.version().is_none() => format!("`{service}` runs several versions"),
        Seen::Present(running) if running.is_well() => format!("`{service}` runs {}", running.label),
        Seen::Present(running) => format!("`{service}` is at {} and not well", running.label),
    }
}
