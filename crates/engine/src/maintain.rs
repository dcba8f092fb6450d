//! Switching maintenance mode: within a run as its last resort, and by a person outside of any.
//!
//! Architecture invariant: how everything was is recorded before anything is switched, and what is seen afterwards counts. A
//! kill at any moment leaves a record of what to restore; switching on or off once more ends in the same.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use backout_core::config::Probe;
use backout_core::id::RunId;
use backout_core::journal::{Body, Former, MaintenanceOutcome, MaintenanceSwitch};
use backout_core::maintenance::{KINDS, Mode, Standing, standing};
use backout_core::port::{Lease, PortError};

use crate::error::EngineError;
use crate::world::World;

/// How long one thing may take to be switched.
const SWITCHED_WITHIN: Duration = Duration::from_secs(120);
/// How long it may take until the page shows.
const SHOWN_WITHIN: Duration = Duration::from_secs(15);
/// Time between two looks at the page.
const PAUSE: Duration = Duration::from_millis(200);

/// What is wanted of maintenance mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceWish {
    /// Whether it shall be on.
    pub on: bool,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Whether nobody asked for it.
    pub is_automatic: bool,
}

/// How maintenance mode stands.
///
/// # Errors
/// Where the journal cannot be read.
pub async fn maintenance_standing(world: &World) -> Result<Standing, EngineError> {
    Ok(standing(&world.store.records(&world.environment.name, &KINDS).await?))
}

/// Switches maintenance mode, and records that. Switching off what is off does nothing.
///
/// # Errors
/// Where the journal does not answer. What could not be switched is in the answer.
pub async fn maintain(world: &World, lease: &Lease, wish: &MaintenanceWish) -> Result<MaintenanceOutcome, EngineError> {
    if !wish.on && maintenance_standing(world).await?.mode == Mode::Off {
        return Ok(MaintenanceOutcome::Done { seen: vec!["it was off".to_owned()] });
    }
    let outcome = switch(world, lease, None, wish).await?;
    world.record(lease, None, &Body::MaintenanceEnded { on: wish.on, outcome: outcome.clone() }).await?;
    Ok(outcome)
}

/// The same within a run, up to the record of how it ended.
pub(crate) async fn switch(
    world: &World,
    lease: &Lease,
    run: Option<&RunId>,
    wish: &MaintenanceWish,
) -> Result<MaintenanceOutcome, EngineError> {
    let mut told = Told::default();
    let mut kept = maintenance_standing(world).await?.kept;
    if wish.on {
        kept.extend(looked_at(world, &kept, &mut told).await);
    }
    let MaintenanceWish { on, by, reason, is_automatic } = wish.clone();
    let switch = Box::new(MaintenanceSwitch { on, by, reason, is_automatic, kept: kept.clone() });
    world.record(lease, run, &Body::MaintenanceIntended { switch }).await?;
    if on {
        raise(world, &kept, &mut told).await;
    } else {
        lower(world, &kept, &mut told).await;
    }
    if let Some(page) = &world.environment.maintenance.page {
        let is_blind = kept.values().any(|former| *former == Former::Unseen);
        told.page(page, shows(world, page, on).await, (on, is_blind));
    }
    Ok(told.outcome())
}

/// How everything is that was not kept yet. What cannot be seen is not switched: nobody could undo it.
async fn looked_at(world: &World, kept: &BTreeMap<String, Former>, told: &mut Told) -> BTreeMap<String, Former> {
    let mut found = BTreeMap::new();
    for barrier in world.barriers.iter().filter(|barrier| !kept.contains_key(&barrier.name())) {
        match within(world, barrier.look(world.blobs.as_ref())).await {
            Ok(former) => {
                found.insert(barrier.name(), former);
            }
            Err(error) => told.failed(&barrier.name(), &error),
        }
    }
    found
}

async fn raise(world: &World, kept: &BTreeMap<String, Former>, told: &mut Told) {
    if world.barriers.is_empty() {
        told.why
            .push("nothing is configured that could be switched: see `maintenance:` in the configuration".to_owned());
    }
    for barrier in &world.barriers {
        let Some(former) = kept.get(&barrier.name()) else { continue };
        told.came(&barrier.name(), within(world, barrier.raise(former, world.blobs.as_ref())).await);
    }
}

/// What was switched last is undone first. What is no longer configured is said, and stays to be undone.
async fn lower(world: &World, kept: &BTreeMap<String, Former>, told: &mut Told) {
    let is_known = |name: &String| world.barriers.iter().any(|barrier| barrier.name() == *name);
    for name in kept.keys().filter(|name| !is_known(name)) {
        told.why.push(format!(
            "{name}: it is no longer in the configuration, so nothing undoes it; write it there again, and switch off once more"
        ));
    }
    for barrier in world.barriers.iter().rev() {
        let Some(former) = kept.get(&barrier.name()) else { continue };
        told.came(&barrier.name(), within(world, barrier.lower(former, world.blobs.as_ref())).await);
    }
}

async fn within<T>(world: &World, work: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
    tokio::select! {
        done = work => done,
        () = world.clock.sleep(SWITCHED_WITHIN) => {
            Err(PortError::new(format!("it took longer than {} s", SWITCHED_WITHIN.as_secs())))
        }
    }
}

/// Looks at the page until it shows, or no longer does, for as long as that may take. Answers with what was seen last.
async fn shows(world: &World, page: &Probe, wanted: bool) -> (bool, String) {
    let until = world.clock.uptime() + SHOWN_WITHIN;
    loop {
        // The page belongs to no service; a probe that runs on this host does not ask for one.
        let Some(service) = world.environment.services.keys().next() else { return (!wanted, "nothing".to_owned()) };
        let outcome = world.prober.probe(service, page).await.outcome;
        let is_shown = outcome.holds() == Some(true);
        if is_shown == wanted || world.clock.uptime() >= until {
            return (is_shown, outcome.what());
        }
        world.clock.sleep(PAUSE).await;
    }
}

/// What came of each thing.
#[derive(Default)]
struct Told {
    seen: Vec<String>,
    why: Vec<String>,
}

impl Told {
    fn came(&mut self, name: &str, result: Result<String, PortError>) {
        match result {
            Ok(seen) => self.seen.push(format!("{name}: {seen}")),
            Err(error) => self.failed(name, &error),
        }
    }

    fn failed(&mut self, name: &str, error: &PortError) {
        let hint = error.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.why.push(format!("{name}: {}{hint}", error.what));
    }

    /// | wanted | the page shows | everything else was seen | so                      |
    /// |--------|----------------|--------------------------|-------------------------|
    /// | on     | yes            |                          | it is on                |
    /// | on     | no             |                          | it is not               |
    /// | off    | no             |                          | it is off               |
    /// | off    | yes            | yes                      | it is off, and the application answers so itself |
    /// | off    | yes            | no: there is a command   | it is not               |
    fn page(&mut self, page: &Probe, (is_shown, what): (bool, String), (on, is_blind): (bool, bool)) {
        let said = format!("{}: {what}", page.name);
        if is_shown == on || (!on && !is_blind) { self.seen.push(said) } else { self.why.push(said) }
    }

    fn outcome(self) -> MaintenanceOutcome {
        match self.why.is_empty() {
            true => MaintenanceOutcome::Done { seen: self.seen },
            false => MaintenanceOutcome::Failed { seen: self.seen, why: self.why },
        }
    }
}
