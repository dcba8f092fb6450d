//! The application of the demo.

use std::collections::BTreeMap;
use std::process::ExitCode;

use backout_demo_app::{Invocation, healthcheck, run};

use crate::args::DemoAppArgs;
use crate::error::CliError;

/// Serves until told to stop.
pub(crate) fn demo_app(args: &DemoAppArgs) -> Result<ExitCode, CliError> {
    let invocation = Invocation::parse(args.arguments.clone(), BTreeMap::new());
    let served = match invocation.map_err(|error| CliError::usage(error.to_string()))? {
        Invocation::Serve(options) => run(options).map_err(|error| error.to_string()),
        Invocation::Healthcheck(url) => healthcheck(&url).map_err(|error| error.to_string()),
    };
    served.map(|()| ExitCode::SUCCESS).map_err(CliError::failed)
}
