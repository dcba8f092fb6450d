//! What was done to databases, in words.

use super::timeline::{Said, said};
use super::{bytes_text, check_text, rows_text};
use crate::data::{DataProof, LossReport, RestorePoint, Rung, TableLoss, TableRows, Verification};
use crate::id::DatabaseName;
use crate::journal::{ActStage, Body, PersonAct};
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
        Body::DataProven { database, proof } => proven(database, proof),
        Body::PersonActed { act } => acted(act),
        Body::DataEvidenceKept { database, items } => {
            let names: Vec<&str> = items.iter().map(|(name, _)| name.as_str()).collect();
            said("evidence", format!("`{database}`: {}", names.join(", ")))
        }
        _ => return None,
    })
}

/// Checks, and the rows before and after: their totals, and each table that has not as many as before.
fn proven(database: &DatabaseName, proof: &DataProof) -> Said {
    let failing = proof.checks.iter().filter(|check| check.blocks()).count();
    let checked = match (proof.checks.len(), failing) {
        (0, _) => None,
        (_, 0) => Some("its data is sound as far as was checked".to_owned()),
        (_, 1) => Some("1 check of its data does not hold".to_owned()),
        (_, failing) => Some(format!("{failing} checks of its data do not hold")),
    };
    let text: Vec<String> = totals(&proof.rows).into_iter().chain(checked).collect();
    let tables = proof.rows.iter().filter(|rows| !rows.is_as_before()).map(rows_line);
    said("data", format!("`{database}`: {}", text.join("; ")))
        .with(tables.chain(proof.checks.iter().map(check_text)).collect())
        .bad_if(failing > 0)
}

fn totals(rows: &[TableRows]) -> Option<String> {
    let total = |side: fn(&TableRows) -> Option<u64>| rows.iter().filter_map(side).sum::<u64>();
    let (before, after) = (total(|rows| rows.before), total(|rows| rows.after));
    let changed = rows.iter().filter(|rows| !rows.is_as_before()).count();
    let of = match (changed, rows.len()) {
        (_, 0) => return None,
        (0, 1) => "the table has as many as before".to_owned(),
        (0, all) => format!("each of {all} tables has as many as before"),
        (changed, all) => format!("{changed} of {all} tables have not as many as before"),
    };
    Some(format!("{} before, {after} after; {of}", rows_text(before)))
}

fn rows_line(rows: &TableRows) -> String {
    let side = |count: Option<u64>| count.map_or_else(|| "not there".to_owned(), |rows| rows.to_string());
    format!("{}: rows before {}, after {}", rows.table, side(rows.before), side(rows.after))
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

fn acted(act: &PersonAct) -> Said {
    said("by hand", act_text(act)).bad_if(matches!(act.stage, ActStage::Failed { .. }))
}

/// What a person did to a database outside of any run, in one line.
#[must_use]
pub fn act_text(act: &PersonAct) -> String {
    let PersonAct { by, command, database, subject, stage, .. } = act;
    let outcome = match stage {
        ActStage::Intended => "begun".to_owned(),
        ActStage::Done { seen } => seen.clone(),
        ActStage::Failed { why } => format!("failed: {why}"),
    };
    format!("`{database}`: `{command}` of `{subject}` by {by}: {outcome}")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ObjectName;
    use crate::id::Digest;
    use crate::journal::Record;
    use crate::policy::{Check, Verdict};
    use crate::report::Timeline;

    #[test]
    fn rows_before_and_after_are_told_in_total_and_by_table_that_changed() {
        let name = |name: &str| ObjectName::new("public", name);
        let before = [(name("orders"), 512), (name("items"), 90), (name("added"), 3)];
        let rows = TableRows::between(before, [(name("orders"), 500), (name("items"), 90), (name("gone"), 1)]);
        let check = |verdict, what: &str| Check {
            name: "foreign keys hold".to_owned(),
            verdict,
            what: what.to_owned(),
            was_red_before: false,
            is_advisory: false,
        };
        let told = |proof: DataProof| {
            let body = Body::DataProven { database: "shop".parse().unwrap(), proof: Box::new(proof) };
            let record = Record {
                seq: 1,
                format: 1,
                at: jiff::Timestamp::UNIX_EPOCH,
                environment: "prod".parse().unwrap(),
                run: None,
                body,
                hash: Digest::of(b""),
            };
            let line = Timeline::default().line(&record).unwrap();
            (line.text, line.details, line.is_bad)
        };
        let (text, details, is_bad) = told(DataProof { checks: vec![check(Verdict::Healthy, "3 hold")], rows });
        assert_eq!(
            text,
            "`shop`: 605 rows before, 591 after; 3 of 4 tables have not as many as before; its data is sound as far as was \
             checked"
        );
        assert_eq!(
            details,
            [
                "added: rows before 3, after not there",
                "gone: rows before not there, after 1",
                "orders: rows before 512, after 500",
                "holds: foreign keys hold (3 hold)"
            ]
        );
        assert!(!is_bad);
        let (text, details, is_bad) =
            told(DataProof { checks: vec![check(Verdict::Unhealthy, "1 orphan")], rows: Vec::new() });
        assert_eq!(text, "`shop`: 1 check of its data does not hold");
        assert_eq!((details, is_bad), (vec!["FAILS: foreign keys hold (1 orphan)".to_owned()], true));
    }
}
