//! What a person should know before a plan runs, as the platforms tell it.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::plan::{Action, Plan, Switch};
use futures_util::future::join_all;

use crate::world::World;

/// How long a platform may take to tell: who reads a plan shall not wait for what is only worth knowing.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// What the platforms have to say of each switch of a plan, by service. Nothing is changed.
pub async fn notes(world: &World, plan: &Plan) -> BTreeMap<ServiceName, Vec<String>> {
    let switches = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Switch(switch) if switch.only.is_none() => Some(switch.as_ref()),
        _ => None,
    });
    let told = join_all(switches.map(|switch| of_switch(world, switch))).await;
    told.into_iter().filter(|(_, notes)| !notes.is_empty()).collect()
}

async fn of_switch(world: &World, switch: &Switch) -> (ServiceName, Vec<String>) {
    let service = switch.to.service.clone();
    let Some(platform) = world.platform_of(&service) else { return (service, Vec::new()) };
    let notes = tokio::select! {
        notes = platform.notes(&switch.to, world.blobs.as_ref()) => notes,
        () = world.clock.sleep(TOLD_WITHIN) => Vec::new(),
    };
    (service, notes)
}
