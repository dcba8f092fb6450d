//! `backout restart`: starts services anew, as they are, and waits until they are well.
//!
//! | of the services                                              | and                        | done                          |
//! |--------------------------------------------------------------|----------------------------|-------------------------------|
//! | one is of platform `exec`, or leads users somewhere          |                            | refused                       |
//! | all are of a host, and would run another version, or do not run | nothing is going back   | started: it is part of a deploy |
//! | all are of a host                                            | a deploy command is running| started: it is part of that deploy |
//! | any others                                                   | somebody holds the environment | refused                   |
//! | any others                                                   | nobody does                | recorded, started, waited for |
//!
//! A service of a host starts what stands there now, which deploy commands have it do; nobody else can start those that backout
//! itself keeps running.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use backout_core::config::{Service, ServicePlatform};
use backout_core::id::ServiceName;
use backout_core::journal::{ActStage, Body};
use backout_core::plan::dependencies_first;
use backout_core::port::{Platform, Store};
use backout_engine::{RestartWish, Restarted, World, observe};
use serde::Serialize;

use super::guard::duration;
use crate::args::{Global, RestartArgs};
use crate::error::{CliError, Exit};
use crate::ui::{Narrator, Ui};
use crate::wire::{Access, Session, Setup, host_platform, interrupts};

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    restarted: &'a [Restarted],
}

/// How far a run is that somebody else may be driving.
enum UnderWay {
    /// Its deploy command runs.
    Deploying,
    /// It is going back.
    GoingBack(String),
    /// Neither.
    Neither,
}

/// Restarts.
pub(crate) async fn restart(global: &Global, args: &RestartArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let within = args.within.as_deref().map(duration).transpose()?;
    let services = named(&setup, args)?;
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    if is_of_a_deploy(&setup, &world, &services).await? {
        narrator.finish();
        return for_a_deploy(&setup, &services).await;
    }
    let wish = RestartWish { services, by: setup.process.actor(), reason: args.reason.clone(), within };
    let session = Session::begin(&setup, &world, "restart").await?;
    let outcome = session.run(backout_engine::restart(&world, session.lease(), &wish)).await;
    narrator.finish();
    session.finish().await;
    told(&setup, &outcome?)
}

/// The services that were named, what others depend on first.
fn named(setup: &Setup, args: &RestartArgs) -> Result<Vec<ServiceName>, CliError> {
    let mut services = BTreeSet::new();
    for name in &args.services {
        let name = ServiceName::new(name).map_err(|error| CliError::usage(error.to_string()))?;
        let Some(service) = setup.environment.services.get(&name) else {
            let environment = &setup.environment.name;
            return Err(CliError::usage(format!("`{name}` is not a service of `{environment}`"))
                .hint("see what there is: `backout status`"));
        };
        if let Some(refusal) = cannot(&name, service) {
            return Err(refusal);
        }
        services.insert(name);
    }
    let depends_on =
        setup.environment.services.iter().map(|(name, service)| (name.clone(), service.depends_on.clone())).collect();
    Ok(dependencies_first(&services, &depends_on))
}

/// Why a service cannot be started anew on its platform, whatever its state.
fn cannot(name: &ServiceName, service: &Service) -> Option<CliError> {
    match &service.platform {
        ServicePlatform::Exec(_) => Some(
            CliError::usage(format!("`{name}` is run by your own commands, and none of them starts it anew as it is"))
                .hint("run what you restart it with, then see whether it is well: `backout verify`"),
        ),
        ServicePlatform::Traffic(_) => Some(
            CliError::usage(format!("`{name}` leads users somewhere: nothing of it runs that could be started anew"))
                .hint("name the service that it leads to"),
        ),
        _ => None,
    }
}

/// Whether it is what a deploy command does: only services of a host are started by backout for one.
async fn is_of_a_deploy(setup: &Setup, world: &World, services: &[ServiceName]) -> Result<bool, CliError> {
    let is_of_host = |name: &ServiceName| matches!(setup.environment.services[name].platform, ServicePlatform::Host(_));
    if !services.iter().all(is_of_host) {
        return Ok(false);
    }
    match under_way(setup).await? {
        UnderWay::Deploying => return Ok(true),
        UnderWay::GoingBack(run) => {
            return Err(CliError::new(Exit::Held, format!("run {run} is going back; nothing was started anew"))
                .hint("see how far it is: `backout status`")
                .hint(format!("where nobody drives it any more: `{}`", setup.typed("resume"))));
        }
        UnderWay::Neither => {}
    }
    let facts = observe(world).await;
    let mut of_them = facts.iter().filter(|fact| services.contains(&fact.service));
    Ok(of_them.any(|fact| fact.running().is_none_or(|running| running.next.is_some())))
}

async fn under_way(setup: &Setup) -> Result<UnderWay, CliError> {
    let Some(run) = setup.store.open_runs(&setup.environment.name).await?.pop() else { return Ok(UnderWay::Neither) };
    let records = setup.store.run(&run.id).await?;
    let has = |is: fn(&Body) -> bool| records.iter().any(|record| is(&record.body));
    if has(|body| matches!(body, Body::PlanMade { .. })) {
        return Ok(UnderWay::GoingBack(run.id.to_string()));
    }
    let begun = has(|body| matches!(body, Body::DeployIntended));
    let ended = has(|body| matches!(body, Body::DeployEnded { .. }));
    Ok(if begun && !ended { UnderWay::Deploying } else { UnderWay::Neither })
}

/// Starts what stands there now, for a deploy command: whoever guards the deploy records it and looks whether it is well.
async fn for_a_deploy(setup: &Setup, services: &[ServiceName]) -> Result<ExitCode, CliError> {
    let platform = host_platform(setup);
    for name in services {
        let grace = setup.environment.services[name].stop_timeout;
        let grace_ms = grace.map(|grace| u64::try_from(grace.as_millis()).unwrap_or(u64::MAX));
        platform.restart(name, grace_ms).await?;
        setup.ui.say(&format!("`{name}` was started anew"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what came of it. Each record was said when it was written.
fn told(setup: &Setup, restarted: &[Restarted]) -> Result<ExitCode, CliError> {
    if setup.ui.json {
        setup.ui.document(&Document { restarted })?;
    }
    let names = |of: fn(&ActStage) -> bool| -> Vec<String> {
        restarted.iter().filter(|one| of(&one.outcome)).map(|one| format!("`{}`", one.service)).collect()
    };
    let left = names(|outcome| *outcome == ActStage::Intended);
    let failed = restarted.iter().find_map(|one| match &one.outcome {
        ActStage::Failed { why } => Some((&one.service, why)),
        _ => None,
    });
    let Some((service, why)) = failed else {
        let done = names(|outcome| matches!(outcome, ActStage::Done { .. }));
        setup.ui.say(&format!("started anew, and well: {}", done.join(", ")));
        return Ok(ExitCode::SUCCESS);
    };
    if setup.ui.json {
        return Ok(ExitCode::from(Exit::ChecksDoNotHold as u8));
    }
    let mut error = CliError::new(Exit::ChecksDoNotHold, format!("`{service}` is not well after its restart: {why}"));
    if !left.is_empty() {
        error = error.hint(format!("not started anew because of that: {}", left.join(", ")));
    }
    Err(error.hint(format!("go back: `{}`", setup.typed(&format!("rollback --service {service}")))))
}
