//! Services that are systemd units: over its bus where there is one, else through `systemctl`.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use backout_core::detect::Usage;
use backout_core::port::{LogSink, LogSpan, PortError};
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use super::bus::{self, Bus, Job};
use super::{Process, Surroundings, Told, systemctl};
use crate::host::parse::{self, Unit};
use crate::host::source::Loaded;
use crate::host::supervisor::{after_boot_at, started_at};

/// How often a unit that should stop is killed once its time is over.
const AFTER_KILL: Duration = Duration::from_millis(100);

/// The units of one service.
#[derive(Clone)]
pub(crate) struct Units {
    names: Vec<String>,
    bus: Option<Arc<Bus>>,
    surroundings: Surroundings,
}

impl Units {
    pub(crate) fn new(names: &[String], surroundings: &Surroundings) -> Self {
        let bus = surroundings.is_bus_used.then(|| Arc::new(Bus::new(&surroundings.environment)));
        Self { names: names.to_vec(), bus, surroundings: surroundings.clone() }
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    async fn connection(&self) -> Option<zbus::Connection> {
        match &self.bus {
            Some(bus) => bus.connection().await,
            None => None,
        }
    }

    async fn show(&self) -> Result<Vec<Unit>, PortError> {
        match self.connection().await {
            Some(connection) => bus::show(&connection, &self.names).await,
            None => systemctl::show(&self.surroundings.environment, &self.names).await,
        }
    }

    pub(crate) async fn look(&self) -> Result<Option<Vec<Process>>, PortError> {
        let units = self.show().await?;
        let now = self.surroundings.clock.now();
        let known = self.names.iter().zip(&units).filter(|(_, unit)| unit.is_known());
        let processes: Vec<Process> = known.map(|(name, unit)| process(name, unit, now)).collect();
        Ok((!processes.is_empty()).then_some(processes))
    }

    pub(crate) async fn restart(&self, grace: Duration) -> Result<(), PortError> {
        self.bounded(Job::Restart, grace).await
    }

    pub(crate) async fn stop(&self, grace: Duration) -> Result<(), PortError> {
        self.bounded(Job::Stop, grace).await
    }

    /// Has a job done. Units that are still stopping after the grace are killed: systemd's own stop limits know nothing
    /// of our hurry. systemd does that, to all processes of the unit, because a process number that it tells may be
    /// somebody else's here.
    async fn bounded(&self, job: Job, grace: Duration) -> Result<(), PortError> {
        self.refuse_unknown().await?;
        let work = self.run(job);
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = self.surroundings.clock.sleep(grace) => (),
        }
        loop {
            self.kill_stopping().await;
            tokio::select! {
                done = &mut work => return done,
                () = self.surroundings.clock.sleep(AFTER_KILL) => (),
            }
        }
    }

    async fn refuse_unknown(&self) -> Result<(), PortError> {
        let units = self.show().await?;
        let Some((name, _)) = self.names.iter().zip(&units).find(|(_, unit)| !unit.is_known()) else { return Ok(()) };
        Err(PortError::new(format!("systemd has no unit `{name}` that could be started or stopped")).hint(
            "correct `units` in the configuration, or install the unit and `systemctl daemon-reload`; \
                   `systemctl unmask` where it is masked",
        ))
    }

    /// What cannot be looked at or killed stops by systemd's own limits.
    async fn kill_stopping(&self) {
        let units = self.show().await.unwrap_or_default();
        for (name, _) in self.names.iter().zip(&units).filter(|(_, unit)| unit.is_stopping()) {
            let _ = match self.connection().await {
                Some(connection) => bus::kill(&connection, name).await,
                None => systemctl::kill(&self.surroundings.environment, name).await,
            };
        }
    }

    async fn run(&self, job: Job) -> Result<(), PortError> {
        let environment = &self.surroundings.environment;
        match (self.connection().await, job) {
            (Some(connection), job) => bus::run(&connection, job, &self.names).await,
            (None, Job::Restart) => systemctl::restart(environment, &self.names).await,
            (None, Job::Stop) => systemctl::stop(environment, &self.names).await,
        }
    }

    pub(crate) async fn evidence(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for name in &self.names {
            files.push((format!("{name}.status.txt"), systemctl::status(&self.surroundings.environment, name).await));
            files.push((format!("{name}.log"), systemctl::journal(&self.surroundings.environment, name).await));
        }
        files
    }

    /// Hands over what the units have written.
    pub(crate) async fn output(&self, span: LogSpan, sink: LogSink<'_>) -> Result<(), PortError> {
        for name in &self.names {
            sink(&systemctl::journal_since(&self.surroundings.environment, name, span).await?);
        }
        Ok(())
    }

    /// What the units that run use.
    pub(crate) async fn usage(&self) -> Result<Vec<Usage>, PortError> {
        let units = self.show().await?;
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let cpus = f64::from(u32::try_from(cpus).unwrap_or(u32::MAX));
        let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| parse::memory_of_machine(&text));
        let running = self.names.iter().zip(&units).filter(|(_, unit)| unit.is_active());
        Ok(running.map(|(name, unit)| unit.usage(name, cpus, memory)).collect())
    }

    /// Something each time a unit moves; `None` where nobody tells.
    pub(crate) async fn changes(&self) -> Option<BoxStream<'static, ()>> {
        bus::changes(&self.connection().await?, &self.names).await
    }
}

fn process(name: &str, unit: &Unit, now: Timestamp) -> Process {
    let (state, health) = unit.state();
    let pid = unit.own_pid(|pid| fs::read_to_string(format!("/proc/{pid}/cgroup")).ok());
    let started = match pid {
        Some(pid) => started_at(pid, now),
        None => unit.started_us().and_then(|at| since_boot(now, at)),
    };
    // A state that changed after the start while the unit stayed active changed by a reload.
    let reloaded = unit.is_active().then(|| unit.changed_us()).flatten().and_then(|at| since_boot(now, at));
    Process {
        id: name.to_owned(),
        name: name.to_owned(),
        state,
        health,
        since: unit.changed_us().and_then(|at| since_boot(now, at)),
        restarts: unit.restarts(),
        told: Told::Seen(Loaded { pid, started, reloaded }),
    }
}

fn since_boot(now: Timestamp, microseconds: u64) -> Option<Timestamp> {
    after_boot_at(Duration::from_micros(microseconds).as_secs_f64(), now)
}
