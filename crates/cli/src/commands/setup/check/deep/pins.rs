//! What good checkpoints need in order to run again: their images, and what was captured of them.

use std::sync::Arc;

use backout_core::inventory::{Artifact, BlobRef, Checkpoint, Detail, FileState, Grade, last_known_good};
use backout_core::port::Kept;
use backout_engine::World;

use crate::commands::setup::check::finding::Finding;
use crate::error::CliError;
use crate::wire::Setup;

/// One finding for each good checkpoint that is retained. That an older one is no longer whole is worth knowing; that the last
/// known good one is not fails.
///
/// # Errors
/// A journal that cannot be read.
pub(super) async fn pins(setup: &Setup, world: &World) -> Result<Vec<Finding>, CliError> {
    let all = setup.store.checkpoints(&setup.environment.name).await?;
    let last = last_known_good(&all).map(|graded| graded.checkpoint.id.clone());
    let mut findings = Vec::new();
    for graded in all.iter().filter(|graded| graded.grade == Grade::Good) {
        let is_last = last.as_ref() == Some(&graded.checkpoint.id);
        findings.push(of_checkpoint(setup, world, (&graded.checkpoint, is_last)).await);
    }
    if findings.is_empty() {
        let finding = Finding::note("good checkpoints", "there is none to go back to yet");
        findings
            .push(finding.hint(format!("record what runs while it is well: `{}`", setup.typed("checkpoint create"))));
    }
    Ok(findings)
}

async fn of_checkpoint(setup: &Setup, world: &World, (checkpoint, is_last): (&Checkpoint, bool)) -> Finding {
    let (mut missing, mut notes, mut here) = (Vec::new(), Vec::new(), 0);
    for artifact in checkpoint.artifacts.values() {
        let platform = world.platforms.iter().find(|hosted| hosted.services.contains(&artifact.service));
        let Some(platform) = platform.map(|hosted| Arc::clone(&hosted.platform)) else { continue };
        match platform.is_kept(artifact).await {
            Kept::Here => here += 1,
            Kept::Elsewhere { from } => {
                notes.push(format!("`{}` is fetched from {from} when it is needed", artifact.service))
            }
            Kept::Gone { why } => missing.push(format!("`{}`: {why}", artifact.service)),
            Kept::Unknown { why } => notes.push(format!("`{}`: {why}", artifact.service)),
        }
        for blob in captured(artifact) {
            if let Err(error) = world.blobs.get(blob).await {
                missing.push(format!("what was captured of `{}`: {error}", artifact.service));
            }
        }
    }
    let check = format!("checkpoint {}", checkpoint.id);
    let again = format!("take a new one while everything is well: `{}`", setup.typed("checkpoint create"));
    match (missing.is_empty(), is_last) {
        (true, _) if notes.is_empty() => Finding::holds(check, format!("whole: {here} of {here} can run again")),
        (true, _) => Finding::note(check, notes.join("; ")),
        (false, true) => Finding::fails(check, missing.join("; ")).hint(again),
        (false, false) => Finding::note(check, missing.join("; ")).hint(again),
    }
}

/// The content that an artifact cannot do without.
fn captured(artifact: &Artifact) -> Vec<&BlobRef> {
    let project = match &artifact.detail {
        Detail::Compose(detail) => Some(&detail.project),
        Detail::Kubernetes(detail) => Some(&detail.template),
        _ => None,
    };
    let files = artifact.files.iter().filter_map(|file| match &file.state {
        FileState::Present { content, .. } => Some(content),
        _ => None,
    });
    project.into_iter().chain(files).collect()
}
