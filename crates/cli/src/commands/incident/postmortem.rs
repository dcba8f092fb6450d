//! `backout incident postmortem`: the record as a page.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use backout_core::detect::KeptWatch;
use backout_core::id::Digest;
use backout_core::incident::{Case, Format, Incident, postmortem};
use backout_core::port::{Blobs, Store};
use backout_engine::{durable, kept_watch};

use super::found::{Found, case};
use crate::args::{Global, PageFormat, PostmortemArgs};
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// A log that is larger is named, and not quoted.
const LARGEST: u64 = 16 << 20;

/// Writes it.
pub(super) async fn write(global: &Global, args: &PostmortemArgs, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let template = template(args.template.as_deref()).await?;
    let found = Found::of(&setup).await?;
    let format = match args.format {
        PageFormat::Markdown => Format::Markdown,
        PageFormat::Html => Format::Html,
    };
    let incident = found.one(args.id.as_deref())?;
    let text = rendered(&setup, incident, format, template.as_deref()).await?;
    match &args.out {
        None if ui.json => ui.document(&serde_json::json!({ "incident": incident.id, "postmortem": text }))?,
        None => ui.bytes(text.as_bytes()),
        Some(path) => {
            let path = setup.process.folder.join(path);
            durable::replace(&path, text.as_bytes(), 0o644)
                .map_err(|error| CliError::failed(format!("`{}` cannot be written: {error}", path.display())))?;
            ui.say(&format!("wrote `{}`", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The text of a template, where there is one.
///
/// # Errors
/// A file that cannot be read.
pub(super) async fn template(path: Option<&Path>) -> Result<Option<String>, CliError> {
    let Some(path) = path else { return Ok(None) };
    let read = tokio::fs::read_to_string(path).await;
    read.map(Some)
        .map_err(|error| CliError::usage(format!("the template `{}` cannot be read: {error}", path.display())))
}

/// The record of an incident as a page.
///
/// # Errors
/// A journal that cannot be read, or a template that cannot be used.
pub(super) async fn rendered(
    setup: &Setup,
    incident: &Incident,
    format: Format,
    template: Option<&str>,
) -> Result<String, CliError> {
    let mut case = case(setup, incident).await?;
    let logs = logs(setup, &case).await;
    case.read(&logs);
    case.watched(&watches(setup, &case).await?);
    postmortem(&case, format, template)
        .map_err(|error| CliError::usage(error.to_string()).hint("what a template may use is in `docs/incidents.md`"))
}

/// What the watches of its runs heard, as far as it was kept and can still be read.
async fn watches(setup: &Setup, case: &Case) -> Result<Vec<KeptWatch>, CliError> {
    let mut watches = Vec::new();
    for run in &case.incident.runs {
        let records = setup.store.run(run).await?;
        watches.extend(kept_watch(setup.blobs.as_ref(), &records).await.ok().flatten());
    }
    Ok(watches)
}

/// The contents of logs that were kept and can still be read.
async fn logs(setup: &Setup, case: &Case) -> BTreeMap<Digest, String> {
    let mut contents = BTreeMap::new();
    for piece in case.evidence.iter().filter(|piece| piece.name.ends_with(".log") && piece.content.bytes <= LARGEST) {
        if let Ok(bytes) = setup.blobs.get(&piece.content).await {
            contents.insert(piece.content.digest.clone(), String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    contents
}
