//! Starting services anew on purpose, outside of any run: for what hangs or leaks, and is none the worse for being what it is.
//!
//! Architecture invariant: record intent, act, record outcome. Nothing goes back and nothing is deployed: a service that is not
//! what it was before counts as failed, and what was to come after it is left alone.

use std::time::Duration;

use backout_core::config::ServicePlatform;
use backout_core::id::ServiceName;
use backout_core::inventory::Fact;
use backout_core::journal::{ActStage, Body, Restart};
use backout_core::plan::{explain, healthy_within_ms};
use backout_core::port::{Lease, PortError};
use serde::Serialize;

use crate::error::EngineError;
use crate::look::{Leftover, observe_once_seen, observe_one, probes, until_well};
use crate::past::checkpoints;
use crate::world::World;

/// How long a service of which no checkpoint knows more may take to be well.
const WELL_WITHIN: Duration = Duration::from_secs(60);
/// How long stopping and starting may take beside that.
const BESIDE: Duration = Duration::from_secs(120);
/// How long a restart that was carried out may take to show.
const SHOWS_WITHIN: Duration = Duration::from_secs(10);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartWish {
    /// The services, in the order in which they are started anew.
    pub services: Vec<ServiceName>,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// How long each may take to be well; `None` leaves it to what is known of it.
    pub within: Option<Duration>,
}

/// What came of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restarted {
    /// Which.
    pub service: ServiceName,
    /// How it ended; intended where it was left alone because one before it is not well.
    pub outcome: ActStage,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Starts services anew, one after the other, each well before the next. Ends at the first that is not.
///
/// # Errors
/// Where the journal does not answer, and [`EngineError::Interrupted`]. What is not well is in the answer.
pub async fn restart(world: &World, lease: &Lease, wish: &RestartWish) -> Result<Vec<Restarted>, EngineError> {
    let records = world.store.records(&world.environment.name, &[]).await?;
    let known = checkpoints(&records);
    let mut all = Vec::new();
    let mut is_over = false;
    for service in &wish.services {
        if is_over {
            all.push(Restarted { service: service.clone(), outcome: ActStage::Intended, took_ms: 0 });
            continue;
        }
        let of_checkpoint = known.iter().rev().find_map(|graded| graded.checkpoint.artifacts.get(service));
        let known = of_checkpoint.map(|artifact| Duration::from_millis(healthy_within_ms(artifact)));
        let within = wish.within.or(known).unwrap_or(WELL_WITHIN);
        let begun = world.clock.uptime();
        record(world, lease, wish, (service, ActStage::Intended)).await?;
        let done = tokio::select! {
            done = one(world, service, within) => Ok(done),
            () = world.interrupted() => Err(EngineError::Interrupted),
        };
        let outcome = match &done {
            Ok(Ok(seen)) => ActStage::Done { seen: seen.clone() },
            Ok(Err(why)) => ActStage::Failed { why: why.clone() },
            Err(error) => ActStage::Failed { why: error.to_string() },
        };
        is_over = !matches!(outcome, ActStage::Done { .. });
        record(world, lease, wish, (service, outcome.clone())).await?;
        drop(done?);
        let took_ms = u64::try_from((world.clock.uptime() - begun).as_millis()).unwrap_or(u64::MAX);
        all.push(Restarted { service: service.clone(), outcome, took_ms });
    }
    Ok(all)
}

/// Starts one anew, and looks until it is, and is well. Whatever the platform answered, what is observed counts.
async fn one(world: &World, service: &ServiceName, within: Duration) -> Result<String, String> {
    let Some(platform) = world.platform_of(service) else { return Err(format!("no platform runs `{service}`")) };
    let grace = world.environment.services.get(service).and_then(|service| service.stop_timeout);
    let grace_ms = grace.map(|grace| u64::try_from(grace.as_millis()).unwrap_or(u64::MAX));
    let before = observe_once_seen(world, service).await;
    let limit = within + BESIDE + grace.unwrap_or_default();
    let told = tokio::select! {
        told = platform.restart(service, grace_ms) => told,
        () = world.clock.sleep(limit) => Err(PortError::new(format!("took longer than {} s", limit.as_secs()))),
    };
    if let Err(error) = told {
        let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        let now = explain::fact(&observe_one(world, service).await);
        return Err(format!("{}{hint}; now {now}", error.what));
    }
    // What is seen of an Application is when it was synced; that its pods are new was seen by its platform.
    if !is_on(world, service, |platform| matches!(platform, ServicePlatform::Argocd(_))) {
        is_started_anew(world, &before).await?;
    }
    let red = of_dependencies(world, service);
    let seen = until_well(world, service, within, &red).await?;
    is_what_it_was(world, &before).await.map(|()| seen)
}

/// Waits until none of the instances is one of those before.
async fn is_started_anew(world: &World, before: &Fact) -> Result<(), String> {
    let deadline = world.clock.uptime() + SHOWS_WITHIN;
    let leftover = Leftover { before, believed: true };
    loop {
        let now = observe_one(world, &before.service).await;
        match now.running() {
            Some(running) if !leftover.is_in(running) => return Ok(()),
            _ if world.clock.uptime() >= deadline => {
                return Err(format!("{}; it was not started anew", explain::fact(&now)));
            }
            _ => world.clock.sleep(PAUSE).await,
        }
    }
}

/// Looks whether the version is the one from before. A service of a host starts what stands there now, so it may be another.
async fn is_what_it_was(world: &World, before: &Fact) -> Result<(), String> {
    let is_of_host = is_on(world, &before.service, |platform| matches!(platform, ServicePlatform::Host(_)));
    let now = observe_one(world, &before.service).await;
    match (before.version(), now.version()) {
        (Some(was), is) if is != Some(was) && !is_of_host => Err(format!(
            "{}; before it was {}: somebody else has changed it",
            explain::fact(&now),
            explain::fact(before)
        )),
        _ => Ok(()),
    }
}

fn is_on(world: &World, service: &ServiceName, of: fn(&ServicePlatform) -> bool) -> bool {
    world.environment.services.get(service).is_some_and(|service| of(&service.platform))
}

/// Signals of the service's probes that ask what it depends on: starting it anew mends nothing about that.
fn of_dependencies(world: &World, service: &ServiceName) -> Vec<String> {
    let of_it = probes(world).filter(|(of, probe)| *of == service && probe.is_dependency);
    of_it.map(|(service, probe)| format!("{service}.{}.up", probe.name)).collect()
}

async fn record(
    world: &World,
    lease: &Lease,
    wish: &RestartWish,
    (service, stage): (&ServiceName, ActStage),
) -> Result<(), EngineError> {
    let (by, reason) = (wish.by.clone(), wish.reason.clone());
    let restart = Box::new(Restart { service: service.clone(), by, reason, stage });
    Ok(world.record(lease, None, &Body::ServiceRestarted { restart }).await?)
}
