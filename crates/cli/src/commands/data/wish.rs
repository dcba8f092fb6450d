//! From arguments to what is wanted of the databases.

use backout_core::data::{RecoveryTarget, Rung};
use backout_core::plan::DataWish;

use super::named::{database, databases, point};
use crate::args::DataArgs;
use crate::error::CliError;
use crate::wire::Setup;

/// What a person's arguments want of the databases.
pub(crate) async fn wish(setup: &Setup, args: &DataArgs) -> Result<DataWish, CliError> {
    if args.undo {
        // All of them, unless some are named: those without anything put aside stay as they are.
        let damaged = databases(setup, &args.database)?.into_iter().collect();
        return Ok(DataWish { damaged, undoes_swap: true, ..both(args) });
    }
    Ok(DataWish {
        damaged: args.database.iter().map(|name| database(setup, name)).collect::<Result<_, _>>()?,
        rung: args.rung.as_deref().map(rung).transpose()?,
        tables: args.table.iter().cloned().collect(),
        moment: moment(args)?,
        backup: match &args.backup {
            Some(typed) => Some(point(setup, typed).await?.id),
            None => None,
        },
        undoes_swap: false,
        ..both(args)
    })
}

/// What counts for going back and for going forward again.
fn both(args: &DataArgs) -> DataWish {
    let named = args.approved_by.iter().map(|name| name.trim().to_owned());
    let approved_by = named.filter(|name| !name.is_empty()).collect();
    DataWish { accept_loss: args.accept_loss, breaks_slots: args.break_slots, approved_by, ..DataWish::default() }
}

fn rung(typed: &str) -> Result<Rung, CliError> {
    let known = Rung::ALL.into_iter().find(|rung| rung.as_str() == typed);
    known.ok_or_else(|| CliError::usage(format!("`{typed}` is no way back of a database")))
}

fn moment(args: &DataArgs) -> Result<Option<RecoveryTarget>, CliError> {
    if let Some(typed) = &args.to_time {
        let at = typed.parse().map_err(|_| {
            CliError::usage(format!("`{typed}` is not a time")).hint("write it with its zone: `2026-11-21T03:15:00Z`")
        })?;
        return Ok(Some(RecoveryTarget::Time { at }));
    }
    let name = args.to_name.clone().map(|name| RecoveryTarget::Name { name });
    let lsn = args.to_lsn.clone().map(|lsn| RecoveryTarget::Lsn { lsn });
    Ok(name.or(lsn).or_else(|| args.to_xid.map(|xid| RecoveryTarget::Xid { xid })))
}
