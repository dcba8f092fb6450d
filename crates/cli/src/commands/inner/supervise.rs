//! The supervisor of one host service.

use std::process::ExitCode;

use backout_adapters::host::supervise as supervise_service;
use backout_engine::clock::SystemClock;

use crate::args::SuperviseArgs;
use crate::error::CliError;
use crate::wire::Process;

/// Supervises until the service ends, and ends with its exit code.
pub(crate) async fn supervise(args: &SuperviseArgs) -> Result<ExitCode, CliError> {
    let process = Process::current()?;
    let code = supervise_service(&args.order, &process.variables, &SystemClock).await?;
    Ok(ExitCode::from(u8::try_from(code.clamp(0, 255)).unwrap_or(u8::MAX)))
}
