//! From arguments to a request.

use std::collections::BTreeSet;

use backout_core::config::Environment;
use backout_core::id::ServiceName;
use backout_core::plan::{Mode, Request, Scope};
use backout_core::policy::RefusalName;

use super::target::meant;
use crate::args::{DataArgs, ScopeArgs};
use crate::commands::data::wish;
use crate::error::CliError;
use crate::wire::Setup;

/// The request that a person's arguments stand for.
pub(crate) async fn request(
    setup: &Setup,
    target: Option<&str>,
    args: &ScopeArgs,
    data: &DataArgs,
) -> Result<Request, CliError> {
    let scope = scope(&setup.environment, args, data)?;
    let services = match &scope {
        Scope::Services { services } => services.clone(),
        Scope::Stack | Scope::Config | Scope::Data => BTreeSet::new(),
    };
    let meant = match target {
        Some(typed) => Some(meant(setup, typed, &services).await?),
        None => None,
    };
    let (target, named) = meant.map_or((None, Vec::new()), |meant| (Some(meant.id), meant.named));
    Ok(Request {
        target,
        named,
        scope,
        mode: if args.emergency { Mode::Emergency } else { Mode::Planned },
        batch: args.batch,
        is_automatic: false,
        forced: refusal_names(&args.force)?,
        data: Box::new(wish(setup, data).await?),
    })
}

/// The refusals that are overridden.
pub(crate) fn refusal_names(typed: &[String]) -> Result<BTreeSet<RefusalName>, CliError> {
    let parse = |name: &String| {
        let name: RefusalName = name.parse().map_err(CliError::usage)?;
        if name.can_be_forced() {
            return Ok(name);
        }
        Err(CliError::usage(format!("`{name}` cannot be overridden: there is nothing that could be done instead"))
            .hint(format!("read why: `backout explain {name}`")))
    };
    typed.iter().map(parse).collect()
}

fn scope(environment: &Environment, args: &ScopeArgs, data: &DataArgs) -> Result<Scope, CliError> {
    if args.config_files {
        return Ok(Scope::Config);
    }
    if args.service.is_empty() {
        let is_about_data = data.undo || !data.database.is_empty();
        return Ok(if is_about_data && !args.stack { Scope::Data } else { Scope::Stack });
    }
    let known = |typed: &String| {
        let name = ServiceName::new(typed).map_err(|error| CliError::usage(error.to_string()))?;
        if environment.services.contains_key(&name) {
            return Ok(name);
        }
        let names: Vec<String> = environment.services.keys().map(ToString::to_string).collect();
        Err(CliError::usage(format!("there is no service `{name}` in `{}`", environment.name))
            .hint(format!("the services are: {}", names.join(", "))))
    };
    Ok(Scope::Services { services: args.service.iter().map(known).collect::<Result<_, _>>()? })
}
