//! The demo application's binary: reads arguments and environment, then serves or checks. Ends with 0 after a stop signal,
//! 1 after a crash or a health check that does not hold, 2 for a wrong command line.
#![expect(clippy::disallowed_methods, reason = "the binary is the edge where arguments and environment come in")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use backout_demo_app::{Invocation, healthcheck, run};

fn main() -> ExitCode {
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let ended = match Invocation::parse(arguments, environment) {
        Ok(Invocation::Serve(options)) => run(options).map_err(Box::<dyn Error>::from),
        Ok(Invocation::Healthcheck(url)) => healthcheck(&url).map_err(Box::<dyn Error>::from),
        Err(error) => {
            report(&error);
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

/// Writes the error and what caused it to stderr.
fn report(error: &dyn Error) {
    let mut line = format!("backout-demo-app: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    let _ = writeln!(io::stderr(), "{line}");
}
