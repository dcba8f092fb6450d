//! `backout decide`: what would be decided, and why. Nothing is changed.

use std::process::ExitCode;

use backout_core::id::{EnvironmentName, ServiceName};
use backout_core::journal::fallbacks_on;
use backout_core::policy::{Case, Decision, standing_case, weigh};
use backout_core::port::Store;
use backout_core::report::{decided_details, decided_text};
use backout_engine::{World, ask_all, signal_checks, survey};
use jiff::Timestamp;
use serde::Serialize;

use super::circumstances::circumstances;
use crate::args::{DecideArgs, Global};
use crate::commands::look::world;
use crate::error::CliError;
use crate::ui::{Paint, Ui};
use crate::wire::{Access, Setup};

/// The document.
#[derive(Serialize)]
struct Decided<'a> {
    environment: &'a EnvironmentName,
    matrix: &'a str,
    decision: &'a Decision,
}

/// Decides on what is said, or on the environment as it stands, and says by which rules.
pub(crate) async fn decide(global: &Global, args: &DecideArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let world = world(&setup)?;
    let case = case(&setup, &world, args).await?;
    let rules = &setup.environment.policy.rules;
    let decision = weigh(&case, rules);
    if ui.json {
        let environment = &setup.environment.name;
        ui.document(&Decided { environment, matrix: &rules.matrix, decision: &decision })?;
    } else {
        ui.data(&Paint::strong(&decided_text(&decision)));
        decided_details(&decision).iter().for_each(|line| ui.data(&format!("  {line}")));
    }
    Ok(ExitCode::SUCCESS)
}

async fn case(setup: &Setup, world: &World, args: &DecideArgs) -> Result<Case, CliError> {
    let environment = &setup.environment;
    let now = at(args.at.as_deref(), world.clock.now())?;
    let told = circumstances(&args.told)?;
    let is_said = args.told.severity.is_some() || !args.service.is_empty() || !args.told.tag.is_empty();
    let mut case = if is_said {
        let services = args.service.iter().map(|typed| service(setup, typed)).collect::<Result<_, _>>()?;
        Case { services, ..Case::new(now) }
    } else {
        let (mut seen, signals) = tokio::join!(survey(world), ask_all(world));
        seen.checks.extend(signal_checks(world, &signals));
        standing_case(environment, &seen.checks, now)
    };
    case.measure_scope(environment);
    case.severity = told.severity;
    let on = fallbacks_on(&setup.store.records(&environment.name, &["fallback_switched"]).await?);
    case.fallbacks =
        case.fitting_fallbacks(environment, &[]).into_iter().filter(|name| !on.contains_key(name)).collect();
    Ok(case.with_tags(told.tags.or(&environment.policy.rules.tags)))
}

fn service(setup: &Setup, typed: &str) -> Result<ServiceName, CliError> {
    let name = ServiceName::new(typed).map_err(|error| CliError::usage(error.to_string()))?;
    if setup.environment.services.contains_key(&name) {
        return Ok(name);
    }
    let names: Vec<String> = setup.environment.services.keys().map(ToString::to_string).collect();
    Err(CliError::usage(format!("there is no service `{name}` in `{}`", setup.environment.name))
        .hint(format!("the services are: {}", names.join(", "))))
}

fn at(typed: Option<&str>, now: Timestamp) -> Result<Timestamp, CliError> {
    let Some(typed) = typed else { return Ok(now) };
    let bad = |_| CliError::usage(format!("`{typed}` is not a time")).hint("write it as `2026-11-21T03:15:00Z`");
    typed.parse().map_err(bad)
}
