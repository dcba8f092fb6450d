//! Copies as steps of a run.

use backout_core::data::{DataAct, DataProof, DataStep};
use backout_core::port::{Blobs, DataDone, PortError, Ports};

use super::build::{self, Order};
use super::in_place::Wanted;
use super::{dropped, in_place, tables};
use crate::Target;
use crate::look::checksums;
use crate::marks;

/// Does a step.
pub(crate) async fn perform(target: &Target, step: &DataStep, ports: Ports<'_>) -> Result<DataDone, PortError> {
    let mut proof = DataProof::default();
    let seen = match &step.act {
        DataAct::RestoreBeside { source, copy, tables } => {
            let like = target.admin_address().await?.dbname().to_owned();
            let built = build::build(target, &Order { copy, source, tables, like: &like }, ports).await?;
            proof.checks = built.checks;
            // Whether it is the disk that damaged the database: going back to another one on it helps for a while only.
            proof.checks.push(checksums(&*target.admin(&like).await?).await);
            built.seen
        }
        DataAct::DropCopy { copy } => drop_copy(target, copy).await?,
        DataAct::ReplaceTables { copy, tables: names, kept_in } => {
            let seen = tables::replace(target, copy, names, kept_in).await?;
            proof = tables::counted(target, copy, names, kept_in).await;
            seen
        }
        DataAct::RestoreInPlace { source, live, run } => {
            return in_place::restore(target, &Wanted { source, live, run }, ports).await;
        }
        other => return Err(unknown(other)),
    };
    Ok(DataDone { seen, proof, ..DataDone::default() })
}

/// Whether the state that a step names is there.
pub(crate) async fn reached(target: &Target, step: &DataStep, _blobs: &dyn Blobs) -> Result<(bool, String), PortError> {
    let client = target.maintenance().await?;
    match &step.act {
        DataAct::RestoreBeside { source, copy, tables } => {
            let order = Order { copy, source, tables, like: "" };
            let there = marks::read(&client, copy).await?;
            Ok(match there {
                None => match marks::read(&client, target.admin_address().await?.dbname()).await? {
                    Some(live) if build::is_in_use(&live, &order) => {
                        (true, format!("`{}` is what `{copy}` was", live.dbname))
                    }
                    _ => (false, format!("there is no database `{copy}`")),
                },
                Some(there) if build::is_it(&there, &order) => (true, format!("`{copy}` is there and was verified")),
                Some(_) => (false, format!("`{copy}` is there and was not verified")),
            })
        }
        DataAct::DropCopy { copy } => Ok(match marks::read(&client, copy).await? {
            None => (true, format!("there is no database `{copy}`")),
            Some(_) => (false, format!("`{copy}` is there")),
        }),
        DataAct::ReplaceTables { tables: names, kept_in, .. } => {
            let live = target.admin(target.admin_address().await?.dbname()).await?;
            Ok(match tables::is_done(&live, names, kept_in).await? {
                true => (true, format!("the tables were replaced; what was there is kept in `{kept_in}`")),
                false => (false, "the tables were not replaced".to_owned()),
            })
        }
        DataAct::RestoreInPlace { source, live, run } => {
            in_place::reached(&client, &Wanted { source, live, run }).await
        }
        other => Err(unknown(other)),
    }
}

/// Takes a step back.
pub(crate) async fn undo(target: &Target, step: &DataStep, _ports: Ports<'_>) -> Result<String, PortError> {
    match &step.act {
        DataAct::RestoreBeside { copy, .. } => {
            let client = target.maintenance().await?;
            match marks::read(&client, copy).await? {
                Some(there) if there.marks.kept.is_some() => Ok(format!("`{copy}` is kept: it was in use")),
                _ => drop_copy(target, copy).await,
            }
        }
        DataAct::DropCopy { copy } => Ok(format!("`{copy}` is built anew when it is needed")),
        DataAct::ReplaceTables { tables: names, kept_in, .. } => tables::put_back(target, names, kept_in).await,
        DataAct::RestoreInPlace { live, .. } => in_place::undo(target, live).await,
        other => Err(unknown(other)),
    }
}

async fn drop_copy(target: &Target, copy: &str) -> Result<String, PortError> {
    let client = target.maintenance().await?;
    if let Some(there) = marks::read(&client, copy).await? {
        dropped::copy(target, &client, &there).await?;
    }
    Ok(format!("there is no database `{copy}`"))
}

fn unknown(act: &DataAct) -> PortError {
    PortError::new(format!("`{}` is nothing that is done with copies", act.kind()))
}
