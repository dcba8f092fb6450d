//! What was done to databases, in words.

use super::timeline::{Said, said};
use super::{bytes_text, check_text, rows_text};
use crate::data::{LossReport, RestorePoint, Rung, TableLoss, Verification};
use crate::journal::Body;
use crate::plan::Plan;

/// The line for a record about a database.
pub(super) fn of_data(body: &Body) -> Option<Said> {
    Some(match body {
        Body::BackupTaken { point } => said("backup", point_text(point)),
        Body::BackupVerified { verification } => verified(verification),
        Body::BackupReleased { backup } => said("released", format!("{backup} is kept no more")),
        Body::VaultKept { database, .. } => said(
            "migrations",
            format!("`{database}`: those of the release that was deployed are kept, with their way back"),
        ),
        Body::LossReported { database, report } => {
            let lost: u64 = report.tables.iter().map(rows_of).sum();
            let text = match lost {
                0 => format!("`{database}`: nothing that was written meanwhile is missing"),
                _ => format!("`{database}`: {} written meanwhile are not in use any more", rows_text(lost)),
            };
            said("loss", text).with(loss_lines(report)).bad_if(lost > 0 || !report.not_compared.is_empty())
        }
        Body::DataEvidenceKept { database, items } => {
            let names: Vec<&str> = items.iter().map(|(name, _)| name.as_str()).collect();
            said("evidence", format!("`{database}`: {}", names.join(", ")))
        }
        _ => return None,
    })
}

/// The way back of each database that goes back, and why that one, one line each.
pub(super) fn ladders(plan: &Plan) -> Vec<String> {
    let going_back = plan.data.iter().filter(|ladder| ladder.rung != Rung::CodeOnly);
    going_back.map(|ladder| format!("database `{}`: {}: {}", ladder.database, ladder.rung, ladder.why)).collect()
}

/// A restore point in one line: what of, how large, how long it took, how far it was verified, and where it is.
#[must_use]
pub fn point_text(point: &RestorePoint) -> String {
    let stored: u64 = point.objects.iter().map(|object| object.bytes).sum();
    let level = point.verified.map_or_else(|| "not verified".to_owned(), |level| format!("verified to {level}"));
    format!(
        "{} of `{}`: {} of {} in {} s, {level}, in {}",
        point.id,
        point.database,
        bytes_text(stored),
        bytes_text(point.database_bytes),
        point.took_ms.div_ceil(1000),
        point.store
    )
}

/// The rows of a loss report, a line a table, and what its reader has to know.
#[must_use]
pub fn loss_lines(report: &LossReport) -> Vec<String> {
    let table = |table: &TableLoss| {
        let TableLoss { table, inserted, updated, deleted, .. } = table;
        format!("{table}: {inserted} inserted are gone, {updated} changed are as before, {deleted} deleted are back")
    };
    let tables = report.tables.iter().map(table);
    let unknown = report.not_compared.iter().map(|(table, why)| format!("{table} could not be compared: {why}"));
    let kept = std::iter::once(format!("every one of these rows is still in `{}`", report.damaged));
    let file = report.file.iter().map(|file| format!("listed row by row in {file}"));
    tables.chain(unknown).chain(report.notes.iter().cloned()).chain(kept).chain(file).collect()
}

/// Rows of a table that are not as they were before the rollback.
fn rows_of(table: &TableLoss) -> u64 {
    table.inserted.saturating_add(table.updated).saturating_add(table.deleted)
}

fn verified(verification: &Verification) -> Said {
    let Verification { backup, asked, reached, checks, restore_ms, .. } = verification;
    let took = restore_ms.map_or_else(String::new, |ms| format!("; restoring it took {} s", ms.div_ceil(1000)));
    let holds = reached.is_some_and(|reached| reached >= *asked);
    let text = match reached {
        _ if holds => format!("{backup} holds to {asked}{took}"),
        Some(reached) => format!("{backup} holds to {reached} only; {asked} was asked for{took}"),
        None => format!("{backup} does not hold"),
    };
    said("verified", text).with(checks.iter().map(check_text).collect()).bad_if(!holds)
}
