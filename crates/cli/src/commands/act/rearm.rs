//! `backout rearm`: auto-sync of Applications on again, as it was before a way back paused it.

use std::process::ExitCode;

use backout_core::id::ServiceName;

use crate::args::{Global, RearmArgs};
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup, applications};

/// Switches it on wherever it was paused. Done twice, it does nothing the second time.
pub(crate) async fn rearm(global: &Global, args: &RearmArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let named: Vec<ServiceName> = args
        .services
        .iter()
        .map(|name| ServiceName::new(name).map_err(|error| CliError::usage(error.to_string())))
        .collect::<Result<_, _>>()?;
    let platforms = applications(&setup);
    let known: Vec<&ServiceName> = platforms.iter().flat_map(|(services, _)| services).collect();
    if let Some(stranger) = named.iter().find(|name| !known.contains(name)) {
        let environment = &setup.environment.name;
        return Err(CliError::usage(format!("`{stranger}` is no Application of `{environment}`"))
            .hint("auto-sync is Argo CD's: only services with `platform: { argocd: ... }` have it"));
    }
    for (services, platform) in &platforms {
        for service in services.iter().filter(|service| named.is_empty() || named.contains(service)) {
            match platform.rearm(service).await? {
                true => ui.say(&format!("`{service}`: auto-sync is on again, as it was")),
                false => ui.say(&format!("`{service}`: auto-sync was not paused by backout")),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
