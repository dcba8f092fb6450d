//! A deploy that was noticed: recorded under the lease, watched without it, and concluded under it again.
//!
//! Contract: a person or a pipeline can have the environment while a noticed deploy is in its soak; what they begin ends it.

use backout_core::detect::SignalPath;
use backout_core::id::RunId;
use backout_core::inventory::{Checkpoint, Fact, deployed_between, last_known_good};
use backout_core::journal::{Body, RunResult, RunStarted};
use backout_core::policy::{Check, quarantined};
use backout_core::port::Lease;
use backout_core::run::{Act, Phase, Run};

use super::drive::{Driven, Driver};
use super::last_resort::means;
use super::soak::{Soak, Soaked};
use crate::error::EngineError;
use crate::look::observe;
use crate::past::checkpoints;
use crate::world::World;

/// What was seen before a deploy was noticed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeenBefore {
    pub(crate) facts: Vec<Fact>,
    pub(crate) red: Vec<SignalPath>,
    pub(crate) checks: Vec<Check>,
}

/// A deploy that was noticed and recorded, and is in its soak.
pub(crate) struct Soaking {
    run: RunId,
    machine: Run,
}

/// How far a run came without a verdict.
pub(crate) enum Begun {
    /// What is new is recorded, and is to be watched.
    Soaking(Box<Soaking>),
    /// It ended.
    Ended(RunResult),
}

/// Begins the run about a deploy that was noticed, and brings it to its soak. `before` is what whoever watches has seen;
/// without it, the former checkpoint says what ran.
pub(crate) async fn begin_noticed(
    world: &World,
    lease: &Lease,
    run: RunId,
    (started, before): (RunStarted, Option<SeenBefore>),
) -> Result<Begun, EngineError> {
    let (machine, effects) = Run::begin(started, world.clock.now())?;
    let driver = Driver { world, lease, run: run.clone(), machine, before };
    Ok(Begun::of(run, driver.drive_until(effects, |act| *act == Act::Watch).await?))
}

/// Goes on with such a run that another process has left, up to its soak, which begins anew.
pub(crate) async fn go_on_to_soak(
    world: &World,
    lease: &Lease,
    run: RunId,
    (by, pid): (String, u32),
) -> Result<Begun, EngineError> {
    let mut machine = Run::replay(&world.store.run(&run).await?)?;
    if let Some(result) = machine.result() {
        return Ok(Begun::Ended(result));
    }
    let effects = machine.handle(Body::TakenOver { by, pid }, world.clock.now())?;
    let driver = Driver { world, lease, run: run.clone(), machine, before: None };
    Ok(Begun::of(run, driver.drive_until(effects, |act| *act == Act::Watch).await?))
}

impl Begun {
    fn of(run: RunId, driven: Driven) -> Self {
        match driven {
            Driven::Ended(result) => Self::Ended(result),
            Driven::Paused(machine) => Self::Soaking(Box::new(Soaking { run, machine: *machine })),
        }
    }
}

impl Soaking {
    /// Watches through the soak: a verdict, or the end where another deploy came first.
    pub(crate) async fn watch(&self, world: &World) -> Soaked {
        Soak { world, state: self.machine.state() }.through().await
    }

    /// The end where somebody else has begun something in between.
    pub(crate) fn overtaken(by: &str) -> Soaked {
        Soaked::overtaken(by)
    }

    /// Drives the run to its end with what the soak came to, and keeps what led to that. What somebody else has done to the
    /// run in between counts.
    pub(crate) async fn conclude(self, world: &World, lease: &Lease, soaked: Soaked) -> Result<RunResult, EngineError> {
        let mut machine = Run::replay(&world.store.run(&self.run).await?)?;
        if let Some(result) = machine.result() {
            return Ok(result);
        }
        let is_watched = machine.state().phase == Phase::Changed;
        let effects = match is_watched {
            true => machine.handle(soaked.event, world.clock.now())?,
            false => machine.go_on(world.clock.now())?,
        };
        let driver = Driver { world, lease, run: self.run, machine, before: None };
        // Nobody could append while the soak went on: it had no lease.
        driver.keep(soaked.watched.as_deref().filter(|_| is_watched)).await;
        driver.drive(effects).await
    }
}

impl Driver<'_> {
    /// What ran before what was noticed.
    pub(super) async fn before_noticed(&self) -> Result<Body, EngineError> {
        let records = self.world.store.records(&self.world.environment.name, &[]).await?;
        let graded = checkpoints(&records);
        let has_good_checkpoint = last_known_good(&graded).is_some();
        let seen = match &self.before {
            Some(before) => before.clone(),
            None => {
                let former = self.former().await?;
                let facts = former.map(|former| former.facts()).unwrap_or_default();
                SeenBefore { facts, red: Vec::new(), checks: Vec::new() }
            }
        };
        Ok(Body::BeforeSeen {
            facts: seen.facts,
            red: seen.red,
            checks: seen.checks,
            has_good_checkpoint,
            means: means(self.world),
            quarantined: quarantined(&graded),
            named: None,
        })
    }

    /// What is deployed now that was not before.
    pub(super) async fn after_noticed(&self) -> Result<Body, EngineError> {
        let facts = observe(self.world).await;
        let changed = deployed_between(&self.machine.state().before, &facts);
        let data = self.databases_after().await?;
        self.keep_vaults().await?;
        Ok(Body::AfterSeen { facts, changed, data })
    }

    /// The checkpoint of what ran before what was noticed.
    pub(super) async fn former(&self) -> Result<Option<Checkpoint>, EngineError> {
        let former = self.machine.state().noticed().map(|noticed| noticed.former.clone());
        self.checkpoint(former.as_ref()).await
    }
}
