//! A deploy that was noticed: recorded under the lease, watched without it, and concluded under it again.
//!
//! Contract: a person or a pipeline can have the environment while a noticed deploy is in its soak, and while the environment
//! is observed after it was taken back; what they begin ends it.

use std::sync::Mutex;

use backout_core::detect::{KeptWatch, SignalPath};
use backout_core::id::RunId;
use backout_core::inventory::{Checkpoint, Fact, deployed_between, last_known_good};
use backout_core::journal::{Body, RunResult, RunStarted};
use backout_core::policy::{Check, quarantined};
use backout_core::port::Lease;
use backout_core::run::{Act, Effect, Run};

use super::drive::{Driven, Driver};
use super::judge::{Observing, Soak, Soaked};
use super::last_resort::means;
use crate::error::EngineError;
use crate::look::{changed, observe};
use crate::past::checkpoints;
use crate::world::World;

/// What was seen before a deploy was noticed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeenBefore {
    pub(crate) facts: Vec<Fact>,
    pub(crate) red: Vec<SignalPath>,
    pub(crate) checks: Vec<Check>,
}

/// A run about a noticed deploy that waits for what needs no lease: its soak, or the observation of what was brought back.
pub(crate) struct Paused {
    run: RunId,
    machine: Run,
    act: Act,
}

/// How far a run came.
pub(crate) enum Begun {
    /// It waits.
    Paused(Box<Paused>),
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
    Driver { world, lease, run, machine, before, aside: Mutex::default() }.drive_noticed(effects).await
}

/// Begins the run about something that went bad while nothing was deployed, with what led to that, and brings it to its end.
pub(crate) async fn begin_trouble(
    world: &World,
    lease: &Lease,
    run: RunId,
    (started, watched): (RunStarted, &KeptWatch),
) -> Result<RunResult, EngineError> {
    let (machine, effects) = Run::begin(started, world.clock.now())?;
    let driver = |machine| Driver { world, lease, run: run.clone(), machine, before: None, aside: Mutex::default() };
    let mut machine = match driver(machine).drive_until(effects, |act| *act == Act::Watch).await? {
        Driven::Ended(result) => return Ok(result),
        Driven::Paused(machine, _) => *machine,
    };
    let judged = Body::Judged { judgement: watched.judgement.clone() };
    let effects = machine.handle(judged, world.clock.now())?;
    let driver = driver(machine);
    driver.keep(Some(watched)).await;
    driver.drive(effects).await
}

/// Goes on with such a run that another process has left, up to its soak, which begins anew, or to what is left of the
/// observation.
pub(crate) async fn go_on_noticed(
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
    Driver { world, lease, run, machine, before: None, aside: Mutex::default() }.drive_noticed(effects).await
}

impl Paused {
    /// Waits: a verdict, or the end where another deploy came first.
    pub(crate) async fn wait(&self, world: &World) -> Soaked {
        let state = self.machine.state();
        match self.act {
            Act::Observe => Soaked { event: Observing { world, state }.through().await, watched: None },
            _ => Soak { world, state }.through().await,
        }
    }

    /// The end where somebody else has begun something in between.
    pub(crate) fn overtaken(&self, world: &World, by: &str) -> Soaked {
        let state = self.machine.state();
        match self.act {
            Act::Observe => Soaked { event: Observing { world, state }.left(), watched: None },
            _ => Soaked::overtaken(by, state.is_about_trouble()),
        }
    }

    /// Goes on with what the waiting came to, and keeps what led to that. What somebody else has done to the run in between
    /// counts.
    pub(crate) async fn go_on(self, world: &World, lease: &Lease, soaked: Soaked) -> Result<Begun, EngineError> {
        let mut machine = Run::replay(&world.store.run(&self.run).await?)?;
        if let Some(result) = machine.result() {
            return Ok(Begun::Ended(result));
        }
        let is_awaited = machine.state().phase == self.machine.state().phase;
        let effects = match is_awaited {
            true => machine.handle(soaked.event, world.clock.now())?,
            false => machine.go_on(world.clock.now())?,
        };
        let driver = Driver { world, lease, run: self.run, machine, before: None, aside: Mutex::default() };
        // Nobody could append while it waited: it had no lease.
        driver.keep(soaked.watched.as_deref().filter(|_| is_awaited)).await;
        driver.drive_noticed(effects).await
    }
}

impl Driver<'_> {
    /// Drives the run to its end, or to the next act that needs no lease.
    async fn drive_noticed(self, effects: Vec<Effect>) -> Result<Begun, EngineError> {
        let run = self.run.clone();
        let driven = self.drive_until(effects, |act| matches!(act, Act::Watch | Act::Observe)).await?;
        Ok(match driven {
            Driven::Ended(result) => Begun::Ended(result),
            Driven::Paused(machine, act) => Begun::Paused(Box::new(Paused { run, machine: *machine, act })),
        })
    }

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
            means: means(self.world, false),
            quarantined: quarantined(&graded),
            named: None,
            not_kept: None,
            not_confirmed: None,
        })
    }

    /// What is deployed now that was not before.
    pub(super) async fn after_noticed(&self) -> Result<Body, EngineError> {
        let facts = observe(self.world).await;
        let changed = changed(self.world, (&self.machine.state().before, &facts), deployed_between);
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
