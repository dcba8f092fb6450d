//! The command: everything that a guarded deploy will need, looked at before it is needed.

use std::process::ExitCode;

use backout_core::port::Clock;
use backout_engine::clock::SystemClock;
use serde::Serialize;

use super::finding::{Finding, Outcome, text};
use super::{clusters, databases, deep, docker, machine, notifiers, programs, services, signals, unsupported};
use crate::args::{CheckArgs, Global};
use crate::commands::look::world;
use crate::commands::prove::DrillStanding;
use crate::error::{CliError, Exit};
use crate::ui::{Ui, count};
use crate::wire::{Access, Process, Setup, find, load};

#[derive(Serialize)]
struct Report<'a> {
    holds: bool,
    findings: &'a [Finding],
}

/// Looks at everything. A configuration that cannot be read is an error of its own.
pub(crate) async fn check(global: &Global, args: &CheckArgs, ui: Ui) -> Result<ExitCode, CliError> {
    if args.role {
        return print_role(global, ui).await;
    }
    let findings = if args.offline { offline(global, ui)? } else { all(global, args.deep, ui).await? };
    let failing = findings.iter().filter(|finding| finding.result == Outcome::Fails).count();
    let holds = failing == 0;
    if ui.json {
        ui.document(&Report { holds, findings: &findings })?;
    } else {
        ui.data(&text(&findings));
        ui.say(&match failing {
            0 => "\neverything that was looked at holds".to_owned(),
            some => format!("\n{some} of {} do not hold", count(findings.len(), "check")),
        });
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(Exit::ChecksDoNotHold as u8) })
}

/// What the environment needs to be allowed on its clusters. Nothing is asked of them.
async fn print_role(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let process = Process::current()?;
    let found = load(find(global.config.as_deref(), &process)?, &process, ui)?;
    let environment = found.environment(global.environment.as_deref())?;
    if !environment.services.values().any(|service| service.platform.kind().is_cluster()) {
        return Err(CliError::usage(format!("no service of `{}` is on a cluster", environment.name)));
    }
    ui.data(clusters::role(&environment, found.folder(), &process.variables).await.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// The configuration alone.
fn offline(global: &Global, ui: Ui) -> Result<Vec<Finding>, CliError> {
    let process = Process::current()?;
    let found = load(find(global.config.as_deref(), &process)?, &process, ui)?;
    let environments = match &global.environment {
        Some(_) => vec![found.environment(global.environment.as_deref())?],
        None => found.config.environments.values().cloned().collect(),
    };
    let mut findings = vec![configuration(&found.path.display().to_string(), found.config.warnings.len())];
    findings.extend(environments.iter().flat_map(unsupported::unsupported));
    Ok(findings)
}

fn configuration(path: &str, warnings: usize) -> Finding {
    match warnings {
        0 => Finding::holds("configuration", path),
        some => Finding::note("configuration", format!("{path} has {}", count(some, "warning"))),
    }
}

/// What would make a way back fail that begins now, a sentence each with what to do: for whoever is about to need one.
///
/// # Errors
/// A journal that cannot be read.
pub(crate) async fn way_back(setup: &Setup) -> Result<Vec<(String, Option<String>)>, CliError> {
    let world = world(setup)?;
    let mut findings = vec![machine::disk(setup.state.root())];
    findings.extend(docker::docker(setup).await);
    findings.extend(clusters::clusters(setup).await);
    findings.extend(services::files(&world).await);
    findings.extend(deep::deep(setup, &world).await?);
    let failing = findings.into_iter().filter(|finding| finding.result == Outcome::Fails);
    Ok(failing.map(|finding| (format!("{}: {}", finding.check, finding.what), finding.hint)).collect())
}

async fn all(global: &Global, is_deep: bool, ui: Ui) -> Result<Vec<Finding>, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let world = world(&setup)?;
    let newest = setup.store.runs(&setup.environment.name).await?.pop().map(|run| run.started);
    let mut findings = vec![
        configuration(&setup.found.path.display().to_string(), setup.found.config.warnings.len()),
        machine::state(&setup.state),
        machine::disk(setup.state.root()),
        machine::clock(SystemClock.now(), newest),
    ];
    findings.extend(docker::docker(&setup).await);
    findings.extend(clusters::clusters(&setup).await);
    findings.extend(services::secrets(&setup).await);
    findings.extend(services::files(&world).await);
    findings.extend(services::seen(&world).await);
    findings.extend(signals::asked(&world).await);
    findings.extend(databases::databases(&world).await);
    findings.extend(notifiers::notifiers(&setup).await);
    findings.extend(programs::programs(&setup));
    findings.extend(unsupported::unsupported(&setup.environment));
    if is_deep {
        findings.extend(deep::deep(&setup, &world).await?);
        findings.extend(deep::soundness(&world).await);
    }
    if let Some(due) = DrillStanding::of(&setup).await?.and_then(|standing| standing.due) {
        findings.push(Finding::note("drill", due).hint(format!("rehearse: `{}`", setup.typed("drill"))));
    }
    Ok(findings)
}
