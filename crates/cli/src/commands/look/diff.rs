//! `backout diff`: what differs between two checkpoints, or between one and what runs.

use std::process::ExitCode;
use std::time::Duration;

use backout_core::inventory::{Checkpoint, last_known_good};
use backout_core::report::{Difference, FileDiff, ServiceDiff, Snapshot, Standing, diff as difference};
use backout_engine::{observe, said};
use serde::Serialize;

use super::checkpoint::found;
use super::onlooker::world;
use crate::args::{DiffArgs, Global};
use crate::error::CliError;
use crate::ui::{Paint, Ui, count, labelled};
use crate::wire::{Access, Setup};

/// How long a service may take to say which version it is.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct DiffDocument<'a> {
    from: &'a str,
    /// `None` stands for what runs.
    to: Option<&'a str>,
    services: &'a [ServiceDiff],
}

/// Compares. The first is the last known good checkpoint unless named, the second is what runs.
pub(crate) async fn diff(global: &Global, args: &DiffArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let from = match &args.from {
        Some(typed) => found(&setup, typed).await?.checkpoint,
        None => good(&setup).await?,
    };
    let (to, services) = match &args.to {
        Some(typed) => {
            let to = found(&setup, typed).await?.checkpoint;
            let services = difference(&Snapshot::of_checkpoint(&from), &Snapshot::of_checkpoint(&to));
            (Some(to), services)
        }
        None => {
            let world = world(&setup)?;
            let (facts, said) = tokio::join!(observe(&world), said(&world, PATIENCE));
            let said = said.into_iter().filter_map(|(service, said)| Some((service, said.ok()?))).collect();
            (None, difference(&Snapshot::of_checkpoint(&from), &Snapshot::of_facts(&facts, &said)))
        }
    };
    let to = to.as_ref().map(|checkpoint| checkpoint.id.as_str());
    if ui.json {
        ui.document(&DiffDocument { from: from.id.as_str(), to, services: &services })?;
    } else {
        ui.data(&format!("- {}\n+ {}\n\n{}", from.id, to.unwrap_or("what runs"), text(&services)));
    }
    Ok(ExitCode::SUCCESS)
}

async fn good(setup: &Setup) -> Result<Checkpoint, CliError> {
    let name = &setup.environment.name;
    let checkpoints = setup.store.checkpoints(name).await?;
    let good = last_known_good(&checkpoints).map(|graded| graded.checkpoint.clone());
    good.ok_or_else(|| {
        CliError::usage(format!("`{name}` has no last known good checkpoint to compare with"))
            .hint("name one: `backout diff CHECKPOINT`; see which there are: `backout checkpoint list`")
    })
}

fn text(services: &[ServiceDiff]) -> String {
    let differing = services.iter().filter(|diff| !matches!(diff.difference, Difference::Same { .. })).count();
    let lines = services.iter().flat_map(|diff| service_lines(diff.service.as_str(), &diff.difference));
    let end = match differing {
        0 => "nothing differs".to_owned(),
        1 => format!("1 of {} differs", count(services.len(), "service")),
        some => format!("{some} of {} differ", count(services.len(), "service")),
    };
    lines.chain([String::new(), end]).collect::<Vec<_>>().join("\n")
}

fn service_lines(service: &str, difference: &Difference) -> Vec<String> {
    match difference {
        Difference::Same { standing: Some(standing) } => vec![format!("  = {service} {}", in_words(standing, true))],
        Difference::Same { standing: None } => vec![format!("  = {service} is in neither")],
        Difference::Unknown { why } => vec![format!("  ? {service}: {why}")],
        Difference::Added { to } => vec![added(&format!("{service} {}", in_words(to, true)))],
        Difference::Removed { from } => vec![removed(&format!("{service} {}", in_words(from, true)))],
        Difference::Changed { from, to, code, spec, replicas, says, files } => {
            let mut lines = if *code || *spec || *replicas || *says {
                let from = format!("{service} {}", in_words(from, *replicas));
                let to = format!("{service} {}", in_words(to, *replicas));
                vec![removed(&from), added(&to)]
            } else {
                vec![format!("  ~ {service} {}", in_words(to, false))]
            };
            if *spec && !*code {
                lines.push("      the same code, set up differently".to_owned());
            }
            lines.extend(files.iter().map(file_line));
            lines
        }
    }
}

fn removed(text: &str) -> String {
    format!("  {}", Paint::removed(&format!("- {text}")))
}

fn added(text: &str) -> String {
    format!("  {}", Paint::added(&format!("+ {text}")))
}

fn in_words(standing: &Standing, shows_count: bool) -> String {
    let says = standing.says.as_ref().map(|says| format!(" (says {says})")).unwrap_or_default();
    let text = labelled(&standing.label, standing.version.as_ref()) + &says;
    if shows_count { format!("{text}, {}", count(standing.replicas, "instance")) } else { text }
}

fn file_line(file: &FileDiff) -> String {
    let digest = |digest: &Option<backout_core::id::Digest>| match digest {
        Some(digest) => digest.short().to_owned(),
        None => "not there".to_owned(),
    };
    format!("      file {}: {} -> {}", file.path, digest(&file.from), digest(&file.to))
}
