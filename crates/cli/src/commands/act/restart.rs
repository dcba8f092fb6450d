//! `backout restart`: starts a host service anew from what stands there now. Deploy commands use it for services that
//! backout itself keeps running; nobody else can start those.

use std::process::ExitCode;
use std::time::Duration;

use backout_core::config::ServicePlatform;
use backout_core::id::ServiceName;

use crate::args::{Global, RestartArgs};
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup, host_platform};

/// How long a service that says nothing may take to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Restarts. Takes no lease: it is what a guarded deploy does while its guard holds it.
pub(crate) async fn restart(global: &Global, args: &RestartArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let name = ServiceName::new(&args.service).map_err(|error| CliError::usage(error.to_string()))?;
    let service = setup.environment.services.get(&name);
    let Some(service) = service.filter(|service| matches!(service.platform, ServicePlatform::Host(_))) else {
        let environment = &setup.environment.name;
        return Err(CliError::usage(format!("`{name}` is not a host service of `{environment}`"))
            .hint("services on other platforms are started by their platform: `docker compose up -d`"));
    };
    let grace = service.stop_timeout.unwrap_or(GRACE);
    host_platform(&setup).restart(&name, grace).await?;
    ui.say(&format!("`{name}` was started anew"));
    Ok(ExitCode::SUCCESS)
}
