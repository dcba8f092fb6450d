//! What a platform's own view of a service says about its health.

use crate::inventory::{Fact, Health, Instance, InstanceState, Running, Seen};

/// How often an instance may be started again by its platform within one soak before that counts as failing.
const RESTARTS: u32 = 2;

/// What is wrong with a service, as its platform sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ailment {
    /// An instance has ended, and nothing starts it again.
    Ended(String),
    /// An instance is started again and again, or its platform says that it will not get where it should be.
    Failing(String),
    /// An instance runs, and its own health check does not hold. What the service depends on may be the reason.
    Unready(String),
    /// It is not well yet, or not well for the moment.
    Unsettled(String),
}

/// What is wrong with a service now, given how it was before the deploy (`None`: nobody looked).
///
/// | instance                                               | ailment   |
/// |--------------------------------------------------------|-----------|
/// | none, and the service was there before                 | ended     |
/// | any, and the platform says it will not get there       | failing   |
/// | ended for want of memory                               | ended     |
/// | ended, by any exit code, where one ran before          | ended     |
/// | ended with code 0, where none ran before (a one-off)   | none      |
/// | its health check does not hold                         | unready   |
/// | started again twice or more since                      | failing   |
/// | being started again, made, paused, within start period | unsettled |
/// | fewer instances than wanted                            | unsettled |
#[must_use]
pub fn ailment(before: Option<&Fact>, now: &Fact) -> Option<Ailment> {
    let Some(running) = now.running() else { return gone(before, now) };
    if let Some(trouble) = new_trouble(before, running) {
        return Some(Ailment::Failing(trouble));
    }
    let all: Vec<Ailment> = running.instances.iter().filter_map(|instance| of_instance(before, instance)).collect();
    let worst = all.iter().find(|ailment| !matches!(ailment, Ailment::Unsettled(_))).or(all.first());
    // Beside one that crashes, a health check that does not hold is no matter of what is depended on.
    let has_crashed = all.iter().any(|ailment| matches!(ailment, Ailment::Ended(_) | Ailment::Failing(_)));
    match worst {
        Some(Ailment::Unready(what)) if has_crashed => Some(Ailment::Failing(what.clone())),
        worst => worst.cloned().or_else(|| too_few(running)),
    }
}

/// Whether nobody can use a service, as far as its platform sees it, given how it was before: something is wrong with it, and no
/// instance is well. What could not be looked at is not down.
#[must_use]
pub fn is_down(before: Option<&Fact>, now: &Fact) -> bool {
    let is_served = now.running().is_some_and(|running| running.instances.iter().any(Instance::is_well));
    !is_served && ailment(before, now).is_some()
}

/// What keeps the service from getting where it should be, unless something kept it before.
fn new_trouble(before: Option<&Fact>, running: &Running) -> Option<String> {
    let was_in_trouble = before.and_then(Fact::running).is_some_and(|before| before.trouble.is_some());
    running.trouble.as_ref().filter(|_| !was_in_trouble).map(|trouble| trouble.what.clone())
}

fn gone(before: Option<&Fact>, now: &Fact) -> Option<Ailment> {
    let was_there = before.is_some_and(|before| before.running().is_some());
    (was_there && now.seen == Seen::Absent).then(|| Ailment::Ended("is no longer there".to_owned()))
}

fn too_few(running: &Running) -> Option<Ailment> {
    let there = running.instances.len();
    (there < running.wanted as usize).then(|| Ailment::Unsettled(format!("{there} of {} instances", running.wanted)))
}

fn of_instance(before: Option<&Fact>, instance: &Instance) -> Option<Ailment> {
    let name = &instance.name;
    let then = before.and_then(Fact::running);
    let restarts_then = then.and_then(|r| r.instances.iter().find(|i| i.id == instance.id)).map_or(0, |i| i.restarts);
    let restarts = instance.restarts.saturating_sub(restarts_then);
    let ran_before =
        before.is_none() || then.is_some_and(|r| r.instances.iter().any(|i| i.state == InstanceState::Running));
    let ended = |what: String| Some(Ailment::Ended(format!("{name} {what}")));
    let failing = |what: String| Some(Ailment::Failing(format!("{name} {what}")));
    let unsettled = |what: &str| Some(Ailment::Unsettled(format!("{name} {what}")));
    match (instance.state, instance.health) {
        (InstanceState::Exited { out_of_memory: true, .. }, _) => {
            ended("was ended by the kernel for want of memory".to_owned())
        }
        (InstanceState::Exited { code: 0, .. }, _) if !ran_before => None,
        (InstanceState::Exited { code, .. }, _) => ended(format!("ended with exit code {code}")),
        _ if restarts >= RESTARTS => failing(format!("was started again {restarts} times")),
        (InstanceState::Running, Health::Unhealthy) => {
            Some(Ailment::Unready(format!("{name} is unhealthy by its own health check")))
        }
        (InstanceState::Running, Health::Starting) => unsettled("is within its start period"),
        (InstanceState::Running, Health::Healthy | Health::Unchecked) => None,
        (InstanceState::Restarting, _) => unsettled("is being started again"),
        (InstanceState::Created, _) => unsettled("is not started yet"),
        (InstanceState::Paused, _) => unsettled("is paused"),
    }
}
