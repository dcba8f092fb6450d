//! What services say of their own version: asked when a checkpoint is taken, and compared after going back.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::detect::{Said, said_before, says_as_recorded};
use backout_core::id::ServiceName;
use backout_core::inventory::{Checkpoint, Fact, Graded};
use backout_core::plan::{Action, Step};
use backout_core::policy::Check;
use futures_util::future::join_all;

use crate::world::World;

/// How long an answer is waited for where the question's own time limit is longer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// What each service says of its own version, those that are asked all at once. None is waited for longer than `patience`.
pub async fn said(world: &World, patience: Duration) -> BTreeMap<ServiceName, Said> {
    let asked = world.environment.services.keys().map(async |service| {
        let said = ask(world, service, patience).await?;
        Some((service.clone(), said))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// What can be recorded of it: a service that says nothing now is left out.
pub(crate) async fn sayings(world: &World) -> BTreeMap<ServiceName, String> {
    let said = said(world, ANSWERS_WITHIN).await;
    said.into_iter().filter_map(|(service, said)| Some((service, said.ok()?))).collect()
}

/// The checks that services say what they said when what runs now was recorded, by the newest checkpoint that knows it.
pub async fn said_checks(world: &World, facts: &[Fact], checkpoints: &[Graded]) -> Vec<Check> {
    let said = said(world, ANSWERS_WITHIN).await;
    let check = |fact: &Fact| {
        let now = said.get(&fact.service)?;
        Some(says_as_recorded(&fact.service, said_before(fact, checkpoints)?, now))
    };
    facts.iter().filter_map(check).collect()
}

/// The checks that services which steps have switched say what they said when the target was recorded. Where only the
/// configuration of a service went back, its version did not.
pub(crate) async fn said_again(world: &World, target: &Checkpoint, steps: &[&Step]) -> Vec<Check> {
    let switched = steps.iter().filter_map(|step| match &step.action {
        Action::Switch(switch) if switch.only.is_none() => Some(&switch.to.service),
        _ => None,
    });
    let asked = switched.map(async |service| {
        let recorded = target.said.get(service)?;
        let now = ask(world, service, ANSWERS_WITHIN).await?;
        Some(says_as_recorded(service, (&target.id, recorded), &now))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// What a service says; nothing where it is not asked.
async fn ask(world: &World, service: &ServiceName, patience: Duration) -> Option<Said> {
    let question = world.environment.services.get(service)?.version.as_ref()?;
    Some(tokio::select! {
        said = world.prober.version(service, question) => said,
        () = world.clock.sleep(patience) => Err(format!("no answer within {} ms", patience.as_millis())),
    })
}
