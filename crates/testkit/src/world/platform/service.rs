//! What the platform holds of one service.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, Health, Instance, InstanceState, Running, Seen, Standing, Unready, Version};
use jiff::Timestamp;

use super::Behaviour;

/// A service, its instances, and how its versions behave.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosted {
    pub(super) instances: Vec<Container>,
    pub(super) wanted: u32,
    pub(super) behaviours: BTreeMap<String, Behaviour>,
    /// Configuration files that an instance reads when it starts.
    pub(super) reads: Vec<String>,
}

/// One instance.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) version: String,
    /// `None` where it was made and could not start.
    pub(super) started_at: Option<Timestamp>,
    pub(super) killed: Option<i64>,
    /// What it read when it started.
    pub(super) read: BTreeMap<String, Vec<u8>>,
}

impl Hosted {
    pub(super) fn behaviour(&self, version: &str) -> Behaviour {
        self.behaviours.get(version).cloned().unwrap_or_default()
    }

    pub(super) fn state(&self, container: &Container, now: Timestamp) -> InstanceState {
        match (container.killed, container.started_at) {
            (Some(code), _) => InstanceState::Exited { code, out_of_memory: false },
            (None, None) => InstanceState::Created,
            (None, Some(at)) => self.behaviour(&container.version).state_at(age(at, now)),
        }
    }

    fn health(&self, container: &Container, now: Timestamp) -> Health {
        match (self.state(container, now), container.started_at) {
            (InstanceState::Running, Some(at)) => self.behaviour(&container.version).health_at(age(at, now)),
            _ => Health::Unchecked,
        }
    }

    fn restarts(&self, container: &Container, now: Timestamp) -> u32 {
        let behaviour = self.behaviour(&container.version);
        container.started_at.map_or(0, |at| behaviour.restarts_at(age(at, now)))
    }

    fn trouble(&self, now: Timestamp) -> Option<Standing> {
        let of = |container: &Container| {
            let behaviour = self.behaviour(&container.version);
            behaviour.trouble_at(age(container.started_at?, now)).map(str::to_owned)
        };
        self.instances.iter().find_map(of).map(|what| Standing { what, since: None })
    }

    fn unready(&self, container: &Container) -> Option<Unready> {
        let may_take = self.behaviour(&container.version).may_take()?;
        let may_take_ms = u64::try_from(may_take.as_millis()).unwrap_or(u64::MAX);
        Some(Unready { id: container.id.clone(), what: format!("{}: its readiness probe", container.id), may_take_ms })
    }

    pub(super) fn seen(&self, service: &ServiceName, now: Timestamp) -> Seen {
        if self.instances.is_empty() {
            return Seen::Absent;
        }
        let mut versions: Vec<String> = self.instances.iter().map(|instance| instance.version.clone()).collect();
        versions.dedup();
        let instances = self.instances.iter().map(|container| Instance {
            id: container.id.clone(),
            name: format!("{service}-{}", container.id),
            version: Version { code: container.version.clone(), spec: String::new() },
            state: self.state(container, now),
            health: self.health(container, now),
            since: container.started_at,
            restarts: self.restarts(container, now),
        });
        Seen::Present(Running {
            label: versions.join(" and "),
            wanted: self.wanted,
            instances: instances.collect(),
            unready: self.instances.iter().filter_map(|container| self.unready(container)).collect(),
            trouble: self.trouble(now),
            busy: None,
            next: None,
        })
    }

    pub(super) fn fact(&self, service: &ServiceName, now: Timestamp) -> Fact {
        Fact { service: service.clone(), observed_at: now, seen: self.seen(service, now), files: BTreeMap::new() }
    }

    /// When the platform will next see something else, if nobody does anything.
    pub(super) fn next_turn(&self, now: Timestamp) -> Option<Timestamp> {
        let turns = self.instances.iter().filter(|instance| instance.killed.is_none()).flat_map(|instance| {
            let begun = instance.started_at;
            self.behaviour(&instance.version)
                .turns()
                .filter_map(move |age| begun?.checked_add(age).ok())
                .collect::<Vec<_>>()
        });
        turns.filter(|at| *at > now).min()
    }

    /// Whether exactly this version runs, in as many instances as wanted.
    pub(super) fn runs(&self, version: &str, now: Timestamp) -> bool {
        self.instances.len() == self.wanted as usize
            && self
                .instances
                .iter()
                .all(|instance| instance.version == version && self.state(instance, now) == InstanceState::Running)
    }
}

/// How long an instance has run.
pub(super) fn age(started_at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(started_at)).unwrap_or_default()
}
