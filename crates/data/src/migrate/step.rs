//! The steps of a plan that are about migrations.

use backout_core::data::{DataAct, DataStep, Framework, Preserve, Revision};
use backout_core::inventory::BlobRef;
use backout_core::port::{Blobs, DataDone, PortError, Ports};

use super::{ledger, mirror, run, soft};
use crate::Target;

/// The undoing of migrations, as a step has it.
pub(super) struct Reversal<'a> {
    pub(super) framework: Framework,
    pub(super) undo: &'a [Revision],
    pub(super) target: &'a [Revision],
    pub(super) preserve: &'a [Preserve],
    pub(super) kept_in: &'a str,
    pub(super) vault: Option<&'a BlobRef>,
}

/// The two kinds of steps.
enum Kind<'a> {
    Reverse(Reversal<'a>),
    Restore(&'a [Preserve]),
}

fn kind(step: &DataStep) -> Result<Kind<'_>, PortError> {
    match &step.act {
        DataAct::ReverseMigrations { framework, undo, target, preserve, kept_in, vault } => {
            let (framework, vault) = (*framework, vault.as_ref());
            Ok(Kind::Reverse(Reversal { framework, undo, target, preserve, kept_in, vault }))
        }
        DataAct::SoftRestore { objects } => Ok(Kind::Restore(objects)),
        other => Err(PortError::new(format!("`{}` is not about migrations", other.kind()))),
    }
}

pub(crate) async fn perform(target: &Target, step: &DataStep, ports: Ports<'_>) -> Result<DataDone, PortError> {
    match kind(step)? {
        Kind::Reverse(reversal) => run::reverse(target, &reversal, ports.blobs).await,
        Kind::Restore(objects) => {
            let seen = soft::restore(target.session().await?.client(), objects).await?;
            Ok(DataDone { seen, ..DataDone::default() })
        }
    }
}

pub(crate) async fn reached(target: &Target, step: &DataStep, _blobs: &dyn Blobs) -> Result<(bool, String), PortError> {
    let session = target.session().await?;
    match kind(step)? {
        Kind::Reverse(reversal) => {
            let (ledger, _) = ledger::of(&session, reversal.framework).await?;
            let follows = mirror::is_on(&session, reversal.kept_in).await?;
            let is_there = run::is_at(&ledger, reversal.target) && !follows;
            let names: Vec<String> = ledger.applied.iter().rev().take(3).map(|it| format!("`{it}`")).collect();
            let newest = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            let dirty = if ledger.is_dirty { "; one failed half-way" } else { "" };
            Ok((is_there, format!("the ledger of {} ends with {newest}{dirty}", reversal.framework)))
        }
        Kind::Restore(objects) => {
            let left = soft::not_restored(&session, objects).await?;
            let seen = match left.len() {
                0 => "what was put aside is where it was".to_owned(),
                count => format!("{count} of {} things are still put aside", objects.len()),
            };
            Ok((left.is_empty(), seen))
        }
    }
}

pub(crate) async fn undo(target: &Target, step: &DataStep, ports: Ports<'_>) -> Result<String, PortError> {
    match kind(step)? {
        Kind::Reverse(reversal) => run::forward(target, &reversal, ports.blobs).await,
        // What was renamed back keeps its rows; the release that is there now does not mind it.
        Kind::Restore(_) => Ok("what was put aside stays where it was before: nothing is lost by that".to_owned()),
    }
}
