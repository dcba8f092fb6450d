//! Sentences about a run, for people.

use crate::inventory::{Fact, Seen};
use crate::journal::DeployExit;

/// How the deploy command ended.
pub(super) fn exit_in_words(exit: Option<&DeployExit>) -> String {
    match exit {
        Some(DeployExit::Code { code }) => format!("the deploy command failed with exit code {code}"),
        Some(DeployExit::Signal { signal }) => format!("the deploy command was ended by signal {signal}"),
        Some(DeployExit::TimedOut) => "the deploy command took too long and was ended".to_owned(),
        Some(DeployExit::Stopped { why }) => format!("the deploy command was ended: {why}"),
        Some(DeployExit::NotStarted { why }) => format!("the deploy command could not be started: {why}"),
        Some(DeployExit::Unseen) | None => "the deploy command ended unseen".to_owned(),
    }
}

/// What runs, service by service.
pub(super) fn what_runs(facts: &[Fact]) -> String {
    let each = facts.iter().map(|fact| {
        let service = &fact.service;
        match &fact.seen {
            Seen::Unknown { why } => format!("`{service}` cannot be seen ({why})"),
            Seen::Absent => format!("`{service}` is absent"),
            Seen::Present(running) if running.instances.is_empty() => format!("`{service}` has no instance"),
            Seen::Present(running) if running.version().is_none() => format!("`{service}` runs several versions"),
            Seen::Present(running) if running.is_well() => format!("`{service}` runs {}", running.label),
            Seen::Present(running) => format!("`{service}` is at {} and not well", running.label),
        }
    });
    each.collect::<Vec<_>>().join(", ")
}
