//! What runs, as Docker itself says.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use super::stack::Guarded;
use crate::docker::docker;

/// One container of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Its image's id.
    pub image: String,
    /// `running`, `exited`, ...
    pub state: String,
    /// `healthy`, `unhealthy`, `starting`; empty before its first start.
    pub health: String,
    /// When it was started, as Docker writes it: sorts by time.
    pub started_at: String,
}

impl Seen {
    /// Whether it runs that image and is healthy.
    #[must_use]
    pub fn runs_well(&self, image: &str) -> bool {
        self.image == image && self.state == "running" && self.health == "healthy"
    }
}

impl Guarded {
    /// The containers of every service, running or not.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<&'static str, Vec<Seen>> {
        self.names().map(|name| (name, self.seen_of(name))).collect()
    }

    /// The containers of one service.
    #[must_use]
    pub fn seen_of(&self, service: &str) -> Vec<Seen> {
        let ids = self.project().containers(service);
        ids.iter().filter_map(|id| inspect(id)).collect()
    }

    /// The one container of a service.
    ///
    /// # Panics
    /// Where it has none, or several.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that looks for one container cannot go on with another number")]
    pub fn one(&self, service: &str) -> Seen {
        match self.seen_of(service).as_slice() {
            [one] => one.clone(),
            other => panic!("`{service}` has {} containers: {other:?}", other.len()),
        }
    }

    /// Whether each service has exactly one container, of that image, running and healthy.
    #[must_use]
    pub fn all_run(&self, image: &str) -> bool {
        self.seen().values().all(|seen| matches!(seen.as_slice(), [one] if one.runs_well(image)))
    }
}

/// A container that is gone by now is none.
#[expect(clippy::disallowed_methods, reason = "the testkit does not depend on the adapters that it tests")]
fn inspect(id: &str) -> Option<Seen> {
    let output = Command::new("docker").args(["inspect", "--type", "container", id]).output();
    let answer = output.ok().filter(|output| output.status.success())?.stdout;
    let answer: serde_json::Value = serde_json::from_slice(&answer).ok()?;
    let text = |path: &str| answer.pointer(path).and_then(|it| it.as_str()).unwrap_or_default().to_owned();
    Some(Seen {
        id: text("/0/Id"),
        image: text("/0/Image"),
        state: text("/0/State/Status"),
        health: text("/0/State/Health/Status"),
        started_at: text("/0/State/StartedAt"),
    })
}

/// Counts the containers that are created in a project from now on.
#[derive(Debug)]
pub struct Creations {
    events: Child,
    project: String,
}

impl Creations {
    /// Begins to count.
    ///
    /// # Panics
    /// Where Docker cannot be asked.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot count cannot go on")]
    #[expect(clippy::disallowed_methods, reason = "the testkit does not depend on the adapters that it tests")]
    pub fn of(guarded: &Guarded) -> Self {
        let project = format!("label=com.docker.compose.project={}", guarded.project().name());
        let format = "{{index .Actor.Attributes \"com.docker.compose.service\"}}";
        // The engine's own clock, so that what comes before the stream stands is counted as well.
        let since = docker(&["info", "--format", "{{.SystemTime}}"]);
        let arguments = ["events", "--since", since.trim(), "--filter", &project, "--filter", "event=create"];
        let mut command = Command::new("docker");
        command.args(arguments).args(["--format", format]).stdin(Stdio::null()).stdout(Stdio::piped());
        Self { events: command.spawn().unwrap(), project: guarded.project().name().to_owned() }
    }

    /// How many containers of each service were created. Ends counting.
    ///
    /// # Panics
    /// Where Docker stopped telling.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot count cannot go on")]
    pub fn count(mut self) -> BTreeMap<String, usize> {
        use std::io::Read;
        // One creation of our own at the end of the stream: what came before it has been told.
        let label = format!("com.docker.compose.project={}", self.project);
        let service = "com.docker.compose.service=end-of-stream";
        let id = docker(&["create", "--label", &label, "--label", service, "backout-test/app:base"]);
        let _ = docker(&["rm", id.trim()]);
        let mut text = String::new();
        let mut stream = self.events.stdout.take().unwrap();
        let mut part = [0; 4096];
        while !text.contains("end-of-stream") {
            let length = stream.read(&mut part).unwrap();
            assert_ne!(length, 0, "the stream of events ended: {text}");
            text.push_str(&String::from_utf8_lossy(&part[..length]));
        }
        let mut counts = BTreeMap::new();
        for service in text.lines().filter(|line| *line != "end-of-stream") {
            *counts.entry(service.to_owned()).or_default() += 1;
        }
        counts
    }
}

impl Drop for Creations {
    fn drop(&mut self) {
        let _ = self.events.kill();
        let _ = self.events.wait();
    }
}
