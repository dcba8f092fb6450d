//! `backout checkpoint list` and `show`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use backout_core::id::ServiceName;
use backout_core::inventory::{Artifact, Checkpoint, FileState, Graded, last_known_good};
use backout_engine::store::Lookup;
use serde::Serialize;

use super::extract::extract;
use crate::args::Global;
use crate::commands::act::checkpoint_id;
use crate::error::CliError;
use crate::ui::{Paint, Ui, count, date_time, labelled, table};
use crate::wire::{Access, Setup};

/// So many versions are shown in a line.
const SHOWN: usize = 3;

#[derive(Serialize)]
struct CheckpointList<'a> {
    last_known_good: Option<&'a str>,
    checkpoints: Vec<Listed<'a>>,
}

/// A checkpoint with what its services ran, in words that a target can be named by.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    graded: &'a Graded,
    versions: BTreeMap<&'a ServiceName, &'a str>,
}

/// Lists the checkpoints of the environment, newest first.
pub(crate) async fn checkpoint_list(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let mut checkpoints = setup.store.checkpoints(&setup.environment.name).await?;
    checkpoints.reverse();
    let good = last_known_good(&checkpoints).map(|graded| graded.checkpoint.id.as_str());
    if ui.json {
        let checkpoints = checkpoints.iter().map(listed).collect();
        ui.document(&CheckpointList { last_known_good: good, checkpoints })?;
    } else if checkpoints.is_empty() {
        let name = &setup.environment.name;
        ui.say(&format!("`{name}` has no checkpoints yet; record what runs: `backout checkpoint create`"));
    } else {
        let rows: Vec<Vec<String>> = checkpoints.iter().map(|graded| row(graded, good)).collect();
        ui.data(&table(&["CHECKPOINT", "GRADE", "TAKEN", "VERSIONS", "KEPT", "WHY"], &rows));
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(graded: &Graded) -> Listed<'_> {
    let each = graded.checkpoint.artifacts.iter().map(|(service, artifact)| (service, artifact.label.as_str()));
    Listed { graded, versions: each.collect() }
}

/// What the services ran, and the commit that it came from.
fn versions(checkpoint: &Checkpoint) -> String {
    let of = |artifact: &Artifact| format!("{} {}", artifact.service, called(artifact, checkpoint));
    let mut shown: Vec<String> = checkpoint.artifacts.values().take(SHOWN).map(of).collect();
    let more = checkpoint.artifacts.len().saturating_sub(SHOWN);
    shown.extend((more > 0).then(|| format!("and {more} more")));
    let versions = shown.join(", ");
    match &checkpoint.source {
        Some(source) => format!("{versions}; at {source}"),
        None => versions,
    }
}

/// The version in words, with what the service said itself that it was.
fn called(artifact: &Artifact, checkpoint: &Checkpoint) -> String {
    let said = checkpoint.said.get(&artifact.service);
    said.map_or_else(|| artifact.label.clone(), |said| format!("{} (says {said})", artifact.label))
}

fn row(graded: &Graded, good: Option<&str>) -> Vec<String> {
    let checkpoint = &graded.checkpoint;
    let mark = if good == Some(checkpoint.id.as_str()) { " (last known)" } else { "" };
    vec![
        checkpoint.id.to_string(),
        format!("{}{mark}", graded.grade),
        date_time(checkpoint.taken_at),
        versions(checkpoint),
        if graded.is_retained { "yes" } else { "no" }.to_owned(),
        graded.why.clone(),
    ]
}

/// Shows one, and writes its configuration files into a folder where one is named.
pub(crate) async fn checkpoint_show(
    global: &Global,
    typed: &str,
    into: Option<&Path>,
    ui: Ui,
) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    match into {
        None => show_checkpoint(&setup, typed).await,
        Some(folder) => extract(&setup, &found(&setup, typed).await?.checkpoint, folder).await,
    }
}

#[derive(Serialize)]
struct CheckpointDocument<'a> {
    #[serde(flatten)]
    graded: &'a Graded,
}

/// Shows the checkpoint of that id.
pub(crate) async fn show_checkpoint(setup: &Setup, typed: &str) -> Result<ExitCode, CliError> {
    let graded = found(setup, typed).await?;
    if setup.ui.json {
        setup.ui.document(&CheckpointDocument { graded: &graded })?;
    } else {
        setup.ui.data(&text(&graded));
    }
    Ok(ExitCode::SUCCESS)
}

/// The checkpoint that an id, or the beginning of one, stands for.
pub(crate) async fn found(setup: &Setup, typed: &str) -> Result<Graded, CliError> {
    let id = checkpoint_id(setup, typed).await?;
    match setup.store.find_checkpoint(id.as_str()).await? {
        Lookup::One(graded) => Ok(graded),
        _ => Err(CliError::failed(format!("checkpoint `{id}` was there a moment ago and is not now"))),
    }
}

fn text(graded: &Graded) -> String {
    let checkpoint = &graded.checkpoint;
    let mut lines = vec![
        format!("{} of `{}`", Paint::strong(checkpoint.id.as_str()), checkpoint.environment),
        format!("taken {}: {}", date_time(checkpoint.taken_at), checkpoint.why),
        format!("{}: {}", graded.grade, graded.why),
    ];
    lines.extend(checkpoint.run.as_ref().map(|run| format!("taken by {run}")));
    lines.extend(checkpoint.source.as_ref().map(|source| format!("came from commit {source}")));
    lines.extend(checkpoint.tag.as_ref().map(|tag| format!("git was asked for the tag `{tag}` then")));
    if !graded.is_retained {
        lines.push("its images and releases are no longer kept: it may not be possible to go back to it".to_owned());
    }
    lines.push(String::new());
    let rows: Vec<Vec<String>> = checkpoint.artifacts.values().map(artifact_row).collect();
    lines.push(table(&["SERVICE", "VERSION", "INSTANCES", "FILES"], &rows));
    lines.extend(checkpoint.said.iter().map(|(service, said)| format!("{service} said that it is {said}")));
    lines.extend(checkpoint.absent.iter().map(|service| format!("{service} was not there")));
    let files: Vec<String> = checkpoint.artifacts.values().flat_map(files_of).collect();
    if !files.is_empty() {
        lines.push(String::new());
        lines.push(format!("files (`backout checkpoint show {} --extract DIR` writes them):", checkpoint.id));
        lines.extend(files);
    }
    lines.join("\n")
}

fn artifact_row(artifact: &Artifact) -> Vec<String> {
    vec![
        artifact.service.to_string(),
        labelled(&artifact.label, Some(&artifact.version)),
        artifact.replicas.to_string(),
        count(artifact.files.len(), "file"),
    ]
}

fn files_of(artifact: &Artifact) -> Vec<String> {
    let each = artifact.files.iter().map(|file| match &file.state {
        FileState::Absent => format!("  {} was not there", file.path),
        FileState::Present { content, mode } => {
            format!("  {} ({} bytes, mode {mode:o}, digest {})", file.path, content.bytes, content.digest.short())
        }
    });
    each.collect()
}
