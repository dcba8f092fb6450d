//! The checkpoint that a person means: an id, the beginning of one, or words for what ran.

use std::collections::BTreeSet;

use backout_adapters::host::{Ancestry, GitRepository};
use backout_core::config::{HostSource, ServicePlatform};
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Graded, Source};
use backout_core::plan::target::{Asked, Found, Line, find, known};
use backout_core::port::{Clock, PortError};
use backout_engine::clock::SystemClock;
use backout_engine::observe;
use backout_engine::store::Lookup;
use jiff::tz::TimeZone;

use crate::commands::look::world;
use crate::error::CliError;
use crate::wire::Setup;

/// What an id begins with that can be nothing else.
const ID: &str = "cp-";

/// A checkpoint that was asked for.
pub(super) struct Meant {
    pub(super) id: CheckpointId,
    /// Why it is that one, where no id was typed.
    pub(super) named: Vec<String>,
}

/// The checkpoint that is meant. Which it is, is said where no id was typed.
pub(crate) async fn checkpoint_id(setup: &Setup, typed: &str) -> Result<CheckpointId, CliError> {
    let meant = meant(setup, typed, &BTreeSet::new()).await?;
    meant.named.iter().for_each(|reason| setup.ui.say(reason));
    Ok(meant.id)
}

/// The checkpoint that is meant by whoever goes back with these services; with none of them, with all.
pub(super) async fn meant(setup: &Setup, typed: &str, services: &BTreeSet<ServiceName>) -> Result<Meant, CliError> {
    match setup.store.find_checkpoint(typed).await? {
        Lookup::One(graded) => Ok(Meant { id: graded.checkpoint.id, named: Vec::new() }),
        Lookup::Several(all) => {
            let ids: Vec<String> = all.iter().map(|graded| graded.checkpoint.id.to_string()).collect();
            Err(CliError::usage(format!("`{typed}` stands for several checkpoints: {}", ids.join(", ")))
                .hint("type more of it"))
        }
        Lookup::NotFound if typed.starts_with(ID) => Err(CliError::usage(format!("there is no checkpoint `{typed}`"))
            .hint("see which there are: `backout checkpoint list`")),
        Lookup::NotFound => by_words(setup, typed, services).await,
    }
}

async fn by_words(setup: &Setup, typed: &str, services: &BTreeSet<ServiceName>) -> Result<Meant, CliError> {
    let all = setup.store.checkpoints(&setup.environment.name).await?;
    let asked = Asked::new(typed, services, SystemClock.now(), TimeZone::system());
    let facts = if asked.needs_facts() { observe(&world(setup)?).await } else { Vec::new() };
    let asked = Asked { facts: &facts, ..asked };
    if let Some(found) = find(&asked, &all) {
        return Ok(told(setup, &found));
    }
    let repositories = repositories(setup);
    if asked.needs_git() && !repositories.iter().any(|(_, repository)| repository.is_there()) {
        return Err(no_work_tree(setup, typed));
    }
    let (lines, failure) = lines(&repositories, typed).await;
    let asked = Asked { lines: &lines, ..asked };
    match find(&asked, &all) {
        Some(found) => Ok(told(setup, &found)),
        None => Err(unknown(setup, &asked, &all, failure)),
    }
}

fn told(setup: &Setup, found: &Found<'_>) -> Meant {
    let mut named = found.reasons.clone();
    if let Some(warning) = &found.warning {
        setup.ui.warn(warning);
        named.push(warning.clone());
    }
    Meant { id: found.graded.checkpoint.id.clone(), named }
}

fn no_work_tree(setup: &Setup, typed: &str) -> CliError {
    let folder = setup.found.folder().display();
    CliError::usage(format!("`{typed}` counts commits, and there is no git work tree: `{folder}` is in none")).hint(
        "keep the configuration in the repository that is deployed, or name a checkpoint: `backout checkpoint list`",
    )
}

/// Where git is asked: in the folder of the configuration, and in the work trees of services.
fn repositories(setup: &Setup) -> Vec<(Option<ServiceName>, GitRepository)> {
    let of_services = setup.environment.services.iter().filter_map(|(name, service)| match &service.platform {
        ServicePlatform::Host(host) => match &host.source {
            HostSource::Git { root, .. } => {
                let repository = GitRepository::of(&setup.absolute(root), &setup.process.variables);
                Some((Some(name.clone()), repository))
            }
            HostSource::Releases { .. } | HostSource::None => None,
        },
        _ => None,
    });
    [(None, setup.repository())].into_iter().chain(of_services).collect()
}

/// What git says of the words, in each of these work trees. Also why one of them could not be asked.
async fn lines(repositories: &[(Option<ServiceName>, GitRepository)], typed: &str) -> (Vec<Line>, Option<PortError>) {
    let (mut lines, mut failure) = (Vec::new(), None);
    for (service, repository) in repositories {
        match repository.ancestry(typed).await {
            Ok(Some(Ancestry { commits, head })) => lines.push(Line { service: service.clone(), commits, head }),
            Ok(None) => {}
            Err(error) => failure = Some(error),
        }
    }
    (lines, failure)
}

fn unknown(setup: &Setup, asked: &Asked<'_>, all: &[Graded], failure: Option<PortError>) -> CliError {
    let (typed, environment) = (asked.typed, &setup.environment.name);
    let commit = asked.lines.first().and_then(|line| line.commits.first());
    let what = match commit {
        _ if asked.needs_facts() => {
            format!(
                "`{environment}` has no good checkpoint in which something else ran than runs now, as far as that can be seen"
            )
        }
        Some((commit, _)) => {
            let commit = Source::short(commit);
            format!("`{typed}` is {commit}, and no checkpoint of `{environment}` is known to have come from it")
        }
        None => format!("`{typed}` is no checkpoint, and nothing that ran in `{environment}` then was called so"),
    };
    let offered: Vec<String> = known(asked, all).iter().map(|word| format!("`{word}`")).collect();
    let mut error = CliError::usage(what);
    if !offered.is_empty() {
        error = error.hint(format!("these are known: {}", offered.join(", ")));
    }
    if let Some(failure) = failure {
        error = error.hint(format!("git could not be asked: {}", failure.what));
    }
    error.hint("see which there are: `backout checkpoint list`")
}
