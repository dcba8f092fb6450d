//! Whether the Services of clusters that lead to services do lead to them.

use std::time::Duration;

use backout_core::detect::{is_led_to, is_not_known_to_be_led_to};
use backout_core::id::ServiceName;
use backout_core::inventory::Fact;
use backout_core::policy::Check;
use backout_core::port::{Platform, PortError};
use futures_util::future::join_all;

use super::collect::observe;
use crate::maintain::maintenance_standing;
use crate::world::World;

/// How long a cluster may take to say it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// How long a Service may take to follow the pods that have just become ready.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(10);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// What is said of a Service that maintenance mode has led elsewhere.
const LED_AWAY: &str = "maintenance mode leads users elsewhere; look again once it is off: `backout maintenance off`";

/// The checks of [`led_checks`], from looks of their own, until none fails or a Service had the time to follow its pods. Nothing
/// is looked at where the configuration names no Service.
pub(crate) async fn led_now(world: &World) -> Vec<Check> {
    if !is_any_named(world) {
        return Vec::new();
    }
    let deadline = world.clock.uptime() + FOLLOWS_WITHIN;
    loop {
        let checks = led_checks(world, &observe(world).await).await;
        if !checks.iter().any(Check::blocks) || world.clock.uptime() >= deadline {
            return checks;
        }
        world.clock.sleep(PAUSE).await;
    }
}

fn is_any_named(world: &World) -> bool {
    world.environment.services.values().any(|service| !service.reached_by.is_empty())
}

/// One check for each Service that the configuration names. None of a service that is not there, or of which nothing is wanted:
/// that it has no instances is said elsewhere, and may be as it should be.
pub(super) async fn led_checks(world: &World, facts: &[Fact]) -> Vec<Check> {
    if !is_any_named(world) {
        return Vec::new();
    }
    // Where the journal cannot be read, what is seen is told as it is.
    let elsewhere = maintenance_standing(world).await.map(|standing| standing.kept).unwrap_or_default();
    let wanted = facts.iter().filter(|fact| fact.running().is_some_and(|running| running.wanted > 0));
    let looks = wanted.map(async |fact| {
        let service = world.environment.services.get(&fact.service)?;
        let platform = world.platform_of(&fact.service).filter(|_| !service.reached_by.is_empty())?;
        let (led_away, names): (Vec<_>, Vec<_>) =
            service.reached_by.iter().cloned().partition(|name| elsewhere.contains_key(&format!("Service {name}")));
        let away = led_away.iter().map(|name| is_not_known_to_be_led_to(&service.name, name, LED_AWAY.to_owned()));
        let mut checks: Vec<Check> = away.collect();
        checks.extend(look(world, platform.as_ref(), (&service.name, &names)).await);
        Some(checks)
    });
    join_all(looks).await.into_iter().flatten().flatten().collect()
}

async fn look(world: &World, platform: &dyn Platform, (service, names): (&ServiceName, &[String])) -> Vec<Check> {
    let found = tokio::select! {
        found = platform.led(service, names) => found,
        () = world.clock.sleep(ANSWERS_WITHIN) => {
            Err(PortError::new(format!("its cluster did not answer within {} s", ANSWERS_WITHIN.as_secs())))
        }
    };
    match found {
        Ok(found) => found.iter().map(|led| is_led_to(service, led)).collect(),
        Err(PortError { what, hint }) => {
            let why = hint.map_or(what.clone(), |hint| format!("{what} ({hint})"));
            names.iter().map(|name| is_not_known_to_be_led_to(service, name, why.clone())).collect()
        }
    }
}
