//! Driving a run: appends what the state machine wants recorded, does what it wants done, and comes back with what happened.
//!
//! Architecture invariant: record intent, act, record outcome, then tell others. A record that the journal does not take
//! stops the run before the act it announces.

use std::future::pending;
use std::sync::{Mutex, PoisonError};

use backout_core::id::RunId;
use backout_core::journal::{Body, Record, RunResult, RunStarted};
use backout_core::port::{Lease, PortError, StoreError};
use backout_core::run::{Act as Wanted, Effect, Leave, Run};

use super::notice::SeenBefore;
use super::switch::Act;
use crate::error::EngineError;
use crate::interrupt::Interrupt;
use crate::world::World;

/// One run in this process, under a lease.
pub(crate) struct Driver<'a> {
    pub(crate) world: &'a World,
    pub(crate) lease: &'a Lease,
    pub(crate) run: RunId,
    pub(crate) machine: Run,
    /// What was seen before a deploy was noticed, where this process has seen it.
    pub(crate) before: Option<SeenBefore>,
    /// What was appended while something was being done.
    pub(crate) aside: Mutex<Vec<Record>>,
}

/// How far a run was driven.
pub(crate) enum Driven {
    /// To its end.
    Ended(RunResult),
    /// To an act that is not done here.
    Paused(Box<Run>, Wanted),
}

/// Begins a run and drives it to its end.
///
/// # Errors
/// What stops the engine; the run stays open then.
pub async fn begin(world: &World, lease: &Lease, run: RunId, started: RunStarted) -> Result<RunResult, EngineError> {
    let (machine, effects) = Run::begin(started, world.clock.now())?;
    Driver { world, lease, run, machine, before: None, aside: Mutex::default() }.drive(effects).await
}

/// Goes on with a run that was interrupted, and drives it to its end. A run that has ended answers with its result.
///
/// # Errors
/// What stops the engine; the run stays open then.
pub async fn resume(world: &World, lease: &Lease, run: RunId, by: String, pid: u32) -> Result<RunResult, EngineError> {
    let records = world.store.run(&run).await?;
    if records.is_empty() {
        let what = format!("there is no run `{run}`");
        return Err(PortError::new(what).hint("see `backout history` for those there are").into());
    }
    let mut machine = Run::replay(&records)?;
    if let Some(result) = machine.result() {
        return Ok(result);
    }
    let effects = machine.handle(Body::TakenOver { by, pid }, world.clock.now())?;
    Driver { world, lease, run, machine, before: None, aside: Mutex::default() }.drive(effects).await
}

impl Driver<'_> {
    pub(super) async fn drive(self, effects: Vec<Effect>) -> Result<RunResult, EngineError> {
        match self.drive_until(effects, |_| false).await? {
            Driven::Ended(result) => Ok(result),
            Driven::Paused(..) => Err(EngineError::Interrupted),
        }
    }

    /// Drives the run to its end, or to the first act that is to be done elsewhere.
    pub(super) async fn drive_until(
        mut self,
        mut effects: Vec<Effect>,
        is_elsewhere: impl Fn(&Wanted) -> bool,
    ) -> Result<Driven, EngineError> {
        loop {
            let mut wanted = None;
            for effect in effects {
                match effect {
                    Effect::Record(body) => {
                        self.append(&body).await?;
                    }
                    Effect::Do(act) => wanted = Some(act),
                }
            }
            if let Some(result) = self.machine.result() {
                return Ok(Driven::Ended(result));
            }
            let Some(wanted) = wanted else { return Err(EngineError::Interrupted) };
            if is_elsewhere(&wanted) {
                return Ok(Driven::Paused(Box::new(self.machine), wanted));
            }
            let event = self.perform(wanted).await?;
            for record in self.aside.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
                self.machine.note(&record)?;
            }
            effects = self.machine.handle(event, self.world.clock.now())?;
        }
    }

    /// Appends what happens while something is being done.
    pub(crate) async fn append_aside(&self, body: &Body) -> Result<(), EngineError> {
        let record = self.append(body).await?;
        self.aside.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Ok(())
    }

    pub(crate) async fn append(&self, body: &Body) -> Result<Record, EngineError> {
        match self.world.store.append(self.lease, Some(&self.run), body).await {
            Ok(record) => {
                self.world.watcher.recorded(&record);
                Ok(record)
            }
            Err(StoreError::Fenced { .. }) => Err(EngineError::Superseded),
            Err(error) => Err(error.into()),
        }
    }

    /// Does what is wanted, unless this process is interrupted first, in so far as it may be left ([`Leave`]). What is left
    /// has no outcome in the journal, so whoever goes on looks again.
    async fn perform(&self, wanted: Wanted) -> Result<Body, EngineError> {
        if wanted == Wanted::Observe {
            // It ends by itself when a person wants that, and says so.
            return self.act(wanted).await;
        }
        if *self.world.interrupt.borrow() > Interrupt::None {
            return Err(EngineError::Interrupted);
        }
        let state = self.machine.state();
        let (leave, finishing) = (state.leave(&wanted), state.finishing(&wanted));
        let mut act = Box::pin(self.act(wanted));
        tokio::select! {
            biased;
            event = &mut act => return event,
            () = self.world.interrupted() => {}
        }
        if leave != Leave::AtOnce {
            self.world.watcher.finishing(&finishing);
        }
        let left = async {
            match leave {
                Leave::AtOnce => {}
                Leave::WhenInsisted => self.world.interrupted_by(Interrupt::Insisted).await,
                Leave::Never => pending().await,
            }
        };
        tokio::select! {
            biased;
            event = &mut act => return event,
            () = left => {}
        }
        drop(act);
        self.world.at_rest().await;
        Err(EngineError::Interrupted)
    }

    pub(crate) fn as_act(&self) -> Act<'_> {
        Act { world: self.world, lease: self.lease, run: &self.run }
    }
}
