//! Migrations: their files, their ledgers in the database, how they are undone, and how what was kept is put back.
//!
//! Who does what: `ledger` reads what tools wrote down; `files` reads a release's scripts; `run` goes through the steps one
//! by one, through `tool` (the framework's own commands) or `script` (SQL that we run); `unrecorded` has a tool write down
//! what it did and did not live to write down; `keep` copies and `soft` renames what would be lost; `put_back` brings it
//! back.
//!
//! Contract: what would be lost is kept before anything runs; after every step the ledger is read anew, because an exit
//! code is no evidence; whatever is interrupted is found in the ledger by the next call, which goes on from there.

mod files;
mod keep;
mod kept;
mod ledger;
mod mirror;
mod put_back;
mod run;
mod script;
mod soft;
mod step;
#[cfg(test)]
mod tests;
mod tool;
mod unrecorded;

use backout_core::config::Migrations;
use backout_core::data::MigrationGraph;
use backout_core::inventory::BlobRef;
use backout_core::port::{Blobs, PortError};

use crate::Target;

pub(crate) use kept::{preserved, soft_dropped};
pub(crate) use ledger::ledgers;
pub(crate) use run::reapply;
pub(crate) use step::{perform, reached, undo};

pub(crate) async fn vault(target: &Target, blobs: &dyn Blobs) -> Result<Option<BlobRef>, PortError> {
    match &target.configured.migrations {
        None => Ok(None),
        Some(migrations) => {
            let archive = files::fetch(target, migrations).await?;
            blobs.put(&archive).await.map(Some)
        }
    }
}

pub(crate) async fn migrations(
    target: &Target,
    vault: Option<&BlobRef>,
    blobs: &dyn Blobs,
) -> Result<Option<MigrationGraph>, PortError> {
    let Some(migrations) = &target.configured.migrations else { return Ok(None) };
    let archive = archive(target, migrations, vault, blobs).await?;
    Ok(Some(files::graph(migrations.framework, &files::unpacked(&archive)?)))
}

/// The archive of a vault, else of what is deployed now.
async fn archive(
    target: &Target,
    migrations: &Migrations,
    vault: Option<&BlobRef>,
    blobs: &dyn Blobs,
) -> Result<Vec<u8>, PortError> {
    match vault {
        Some(vault) => blobs.get(vault).await,
        None => files::fetch(target, migrations).await,
    }
}
