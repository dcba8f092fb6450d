//! Facts: what one adapter saw of one service, at one time. *Unknown* is a fact of its own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{Digest, ServiceName};

/// What was seen of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// The service looked at.
    pub service: ServiceName,
    /// When.
    pub observed_at: Timestamp,
    /// What.
    pub seen: Seen,
    /// The configuration files that belong to the service, as they are on disk now: path to keyed digest. A path without a
    /// file is left out.
    #[serde(default)]
    pub files: BTreeMap<String, Digest>,
}

/// The three things a look can end in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Seen {
    /// The look failed; nothing may be concluded.
    Unknown {
        /// Why, for a person.
        why: String,
    },
    /// The platform answered that there is no such service.
    Absent,
    /// The service is there, in whatever state.
    Present(Running),
}

/// A service that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Running {
    /// What runs, in words a person knows: image name and tag, release, short commit.
    pub label: String,
    /// How many instances there should be.
    pub wanted: u32,
    /// The instances that exist, sorted by name.
    pub instances: Vec<Instance>,
    /// Those of them that run, were not started again, and whose own health check has not held yet.
    #[serde(default)]
    pub unready: Vec<Unready>,
    /// What keeps it from getting where it should be, where the platform says so and it will not pass by itself.
    #[serde(default)]
    pub trouble: Option<Standing>,
    /// An operation on it that is under way, or that a client which is gone left unfinished.
    #[serde(default)]
    pub busy: Option<Standing>,
    /// What a start would run, where that is another version than what runs: `current` or `HEAD` was moved and nothing was
    /// started since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Version>,
}

/// Something that a platform says of a service as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// What, in the platform's words: `web-5c7d: ImagePullBackOff: manifest unknown`.
    pub what: String,
    /// Since when, by the platform's clock.
    pub since: Option<Timestamp>,
}

/// An instance that runs, was not started again, and whose own health check has not held yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unready {
    /// The instance's [`Instance::id`].
    pub id: String,
    /// What it waits for: `web-5c7d, container `app`: its readiness probe (HTTP GET :80/)`.
    pub what: String,
    /// How long it may take, in milliseconds (see [`crate::detect::Start`]).
    pub may_take_ms: u64,
}

/// Two versions are the same when both fields are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// What is executed: an image id, a commit, a release, or a token of the user's own command.
    pub code: String,
    /// How it is set up, as a digest; empty where the platform has no such thing.
    #[serde(default)]
    pub spec: String,
}

/// One container, unit or process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// The platform's own identifier: container id, unit name, process id.
    pub id: String,
    /// The platform's own name.
    pub name: String,
    /// What this instance runs.
    pub version: Version,
    /// Whether it runs.
    pub state: InstanceState,
    /// What its own health check says.
    pub health: Health,
    /// Since when it is in that state.
    pub since: Option<Timestamp>,
    /// How often the platform has started it again.
    #[serde(default)]
    pub restarts: u32,
}

/// Whether an instance runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum InstanceState {
    /// Made, and not started yet.
    Created,
    /// It runs.
    Running,
    /// The platform is starting it again after it ended.
    Restarting,
    /// Frozen.
    Paused,
    /// It ended.
    Exited {
        /// Its exit code; 128 + n for signal n.
        code: i64,
        /// The kernel ended it for want of memory.
        out_of_memory: bool,
    },
}

/// What the platform's own health check says of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// There is no health check.
    Unchecked,
    /// Still within its start period.
    Starting,
    /// It holds.
    Healthy,
    /// It does not hold.
    Unhealthy,
}

impl Instance {
    /// It runs and its own health check, where there is one, holds.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.state == InstanceState::Running && matches!(self.health, Health::Healthy | Health::Unchecked)
    }
}

impl Running {
    /// The version, where all instances run the same one; `None` with no instance or with several versions.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        let first = &self.instances.first()?.version;
        self.instances.iter().all(|instance| instance.version == *first).then_some(first)
    }

    /// As many instances as wanted, all of them well, and nothing that keeps it from staying so.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.trouble.is_none()
            && self.instances.len() >= self.wanted as usize
            && self.instances.iter().all(Instance::is_well)
    }
}

impl Fact {
    /// What is there, if the look succeeded and found something.
    #[must_use]
    pub fn running(&self) -> Option<&Running> {
        match &self.seen {
            Seen::Present(running) => Some(running),
            Seen::Unknown { .. } | Seen::Absent => None,
        }
    }

    /// The one version that runs.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.running().and_then(Running::version)
    }
}

/// The digest of what a plan depends on: which instances of which versions exist, what a start would run, and the
/// configuration files. Health, states and times are left out, because they move without the world having changed.
#[must_use]
pub fn facts_digest(facts: &[Fact]) -> Digest {
    let mut lines: Vec<String> = facts.iter().flat_map(fact_lines).collect();
    lines.sort_unstable();
    Digest::of(lines.join("\n").as_bytes())
}

/// The services that are not as they were: other instances, other versions (of what runs, or of what a start would run),
/// other files, or there at one time only.
#[must_use]
pub fn changed_between(before: &[Fact], after: &[Fact]) -> Vec<ServiceName> {
    let lines = |fact: &Fact| {
        let mut lines = fact_lines(fact);
        lines.sort_unstable();
        lines
    };
    let was = |service: &ServiceName| before.iter().find(|fact| fact.service == *service).map(lines);
    let moved = after.iter().filter(|fact| was(&fact.service) != Some(lines(fact)));
    moved.map(|fact| fact.service.clone()).collect()
}

fn fact_lines(fact: &Fact) -> Vec<String> {
    let service = &fact.service;
    let mut lines = match &fact.seen {
        Seen::Unknown { .. } => vec![format!("{service} unknown")],
        Seen::Absent => vec![format!("{service} absent")],
        // Quoted, so that a space or a line break in what a platform says cannot make two different facts look the same.
        Seen::Present(running) => running
            .instances
            .iter()
            .map(|i| format!("{service} {:?} {:?} {:?}", i.id, i.version.code, i.version.spec))
            .chain([format!("{service} wanted {}", running.wanted)])
            .chain(running.next.iter().map(|next| format!("{service} next {:?} {:?}", next.code, next.spec)))
            .collect(),
    };
    lines.extend(fact.files.iter().map(|(path, digest)| format!("{service} file {path:?} {digest}")));
    lines
}
