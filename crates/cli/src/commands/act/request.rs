//! From arguments to a request.

use std::collections::BTreeSet;

use backout_core::config::Environment;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::plan::{Mode, Request, Scope};
use backout_core::policy::RefusalName;
use backout_engine::store::Lookup;

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
    Ok(Request {
        target: match target {
            Some(typed) => Some(checkpoint_id(setup, typed).await?),
            None => None,
        },
        scope: scope(&setup.environment, args, data)?,
        mode: if args.emergency { Mode::Emergency } else { Mode::Planned },
        batch: args.batch,
        is_automatic: false,
        forced: refusal_names(&args.force)?,
        data: Box::new(wish(setup, data).await?),
    })
}

/// The checkpoint that an id, or the beginning of one, stands for.
pub(crate) async fn checkpoint_id(setup: &Setup, typed: &str) -> Result<CheckpointId, CliError> {
    match setup.store.find_checkpoint(typed).await? {
        Lookup::One(graded) => Ok(graded.checkpoint.id),
        Lookup::NotFound => Err(CliError::usage(format!("there is no checkpoint `{typed}`"))
            .hint("see which there are: `backout checkpoint list`")),
        Lookup::Several(all) => {
            let ids: Vec<String> = all.iter().map(|graded| graded.checkpoint.id.to_string()).collect();
            Err(CliError::usage(format!("`{typed}` stands for several checkpoints: {}", ids.join(", ")))
                .hint("type more of it"))
        }
    }
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
