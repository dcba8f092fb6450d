//! How a version behaves once it runs.

use std::time::Duration;

use backout_core::detect::Usage;
use backout_core::inventory::{Health, InstanceState};

/// How a version behaves, as a function of how long an instance of it has run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Behaviour {
    exits: Option<(Duration, i64)>,
    out_of_memory: Option<Duration>,
    checks_health_after: Option<Duration>,
    unhealthy: Option<Duration>,
    never_ready: Option<Duration>,
    serves_after: Duration,
    answers_wrongly: Option<Duration>,
    cannot_be_stopped: bool,
    trouble: Option<(Duration, String)>,
    logs: Option<(Duration, String)>,
    restarts_every: Option<Duration>,
    uses: Uses,
}

/// What an instance uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Uses {
    /// Processors.
    pub cpus: f64,
    /// Bytes of memory at its start.
    pub memory: f64,
    /// Bytes of memory that are added each second.
    pub growth: f64,
    /// The limit of memory in bytes; none makes its use unmeasurable.
    pub limit: Option<f64>,
}

impl Behaviour {
    /// Starts at once and stays well.
    #[must_use]
    pub fn well() -> Self {
        Self::default()
    }

    /// Ends by itself.
    #[must_use]
    pub fn exits_after(mut self, age: Duration, code: i64) -> Self {
        self.exits = Some((age, code));
        self
    }

    /// Is ended by the kernel for want of memory.
    #[must_use]
    pub fn out_of_memory_after(mut self, age: Duration) -> Self {
        self.out_of_memory = Some(age);
        self
    }

    /// Has a health check, which holds from that age on.
    #[must_use]
    pub fn healthy_after(mut self, age: Duration) -> Self {
        self.checks_health_after = Some(age);
        self
    }

    /// Has a health check, which fails from that age on.
    #[must_use]
    pub fn unhealthy_after(mut self, age: Duration) -> Self {
        self.checks_health_after = Some(self.checks_health_after.unwrap_or(age));
        self.unhealthy = Some(age);
        self
    }

    /// Has a health check that never holds, and may take so long until it does.
    #[must_use]
    pub fn never_ready(mut self, may_take: Duration) -> Self {
        self.checks_health_after = Some(Duration::MAX);
        self.never_ready = Some(may_take);
        self
    }

    /// Refuses connections until that age.
    #[must_use]
    pub fn serves_after(mut self, age: Duration) -> Self {
        self.serves_after = age;
        self
    }

    /// Answers 500 from that age on.
    #[must_use]
    pub fn answers_wrongly_after(mut self, age: Duration) -> Self {
        self.answers_wrongly = Some(age);
        self
    }

    /// Is told by the platform, from that age on, to be where it will not get out of by itself.
    #[must_use]
    pub fn in_trouble_after(mut self, age: Duration, what: &str) -> Self {
        self.trouble = Some((age, what.to_owned()));
        self
    }

    /// Goes on running when it is told to stop.
    #[must_use]
    pub fn cannot_be_stopped(mut self) -> Self {
        self.cannot_be_stopped = true;
        self
    }

    /// Writes a line to its output, again and again.
    #[must_use]
    pub fn logs(mut self, every: Duration, line: &str) -> Self {
        self.logs = Some((every, line.to_owned()));
        self
    }

    /// Is started again by the platform, again and again.
    #[must_use]
    pub fn restarts_every(mut self, age: Duration) -> Self {
        self.restarts_every = Some(age);
        self
    }

    /// Uses that much of one of two processors, and of memory.
    #[must_use]
    pub fn uses(mut self, uses: Uses) -> Self {
        self.uses = uses;
        self
    }

    /// What an instance of that age wrote within the last part of its life.
    pub(super) fn output(&self, age: Duration, last: Duration) -> String {
        let Some((every, line)) = &self.logs else { return String::new() };
        let written = |age: Duration| age.as_millis() / every.as_millis().max(1);
        let lines = written(age) - written(age.saturating_sub(last));
        (0..lines).map(|_| format!("{line}\n")).collect()
    }

    pub(super) fn restarts_at(&self, age: Duration) -> u32 {
        let times = self.restarts_every.map_or(0, |every| age.as_millis() / every.as_millis().max(1));
        u32::try_from(times).unwrap_or(u32::MAX)
    }

    pub(super) fn usage(&self, id: &str, age: Duration) -> Usage {
        let (seconds, uses) = (age.as_secs_f64(), self.uses);
        let memory = uses.limit.map(|_| uses.memory + uses.growth * seconds);
        Usage { id: id.to_owned(), cpu_seconds: Some(uses.cpus * seconds), cpus: 2.0, memory, memory_limit: uses.limit }
    }

    pub(super) fn trouble_at(&self, age: Duration) -> Option<&str> {
        self.trouble.as_ref().filter(|(from, _)| age >= *from).map(|(_, what)| what.as_str())
    }

    pub(super) fn stops(&self) -> bool {
        !self.cannot_be_stopped
    }

    pub(super) fn state_at(&self, age: Duration) -> InstanceState {
        let has_passed = |at: Duration| age >= at;
        match (self.out_of_memory.filter(|at| has_passed(*at)), self.exits.filter(|(at, _)| has_passed(*at))) {
            (Some(_), _) => InstanceState::Exited { code: 137, out_of_memory: true },
            (None, Some((_, code))) => InstanceState::Exited { code, out_of_memory: false },
            (None, None) => InstanceState::Running,
        }
    }

    /// How long it may take to become ready, where it never does.
    pub(super) fn may_take(&self) -> Option<Duration> {
        self.never_ready
    }

    pub(super) fn health_at(&self, age: Duration) -> Health {
        match self.checks_health_after {
            None => Health::Unchecked,
            Some(_) if self.unhealthy.is_some_and(|at| age >= at) => Health::Unhealthy,
            Some(at) if age >= at => Health::Healthy,
            Some(_) => Health::Starting,
        }
    }

    pub(in crate::world) fn serves_at(&self, age: Duration) -> bool {
        age >= self.serves_after
    }

    pub(in crate::world) fn answers_wrongly_at(&self, age: Duration) -> bool {
        self.answers_wrongly.is_some_and(|at| age >= at)
    }

    /// The ages at which the platform sees something else than before.
    pub(super) fn turns(&self) -> impl Iterator<Item = Duration> {
        let exit = self.exits.map(|(age, _)| age);
        let trouble = self.trouble.as_ref().map(|(age, _)| *age);
        [exit, self.out_of_memory, self.checks_health_after, self.unhealthy, trouble].into_iter().flatten()
    }
}
