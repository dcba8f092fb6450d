//! What a plan does to databases, as people read it: the rung, why, why not a cheaper one, and what it costs.

use backout_core::data::{DataAct, DataStep, Ladder, LossEstimate, Rung, TableEstimate};
use backout_core::plan::{Action, Plan, explain};
use backout_core::report::{bytes_text, rows_text};

use super::plan_text::{added, milliseconds, removed};
use crate::ui::{Paint, date_time};

/// What one step changes, as lines of a diff. What only prepares or looks changes nothing.
pub(super) fn data_lines(step: &DataStep) -> Vec<String> {
    match &step.act {
        DataAct::Swap { live, copy, aside, .. } => {
            vec![
                removed(&format!("`{live}` as it is, kept as `{aside}`")),
                added(&format!("`{live}`, restored as `{copy}`")),
            ]
        }
        DataAct::RestoreInPlace { live, .. } => {
            vec![removed(&format!("`{live}` as it is, dropped")), added(&format!("`{live}`, restored in its place"))]
        }
        DataAct::KeepDump => vec![added(&format!("a restore point of `{}` as it is", step.database))],
        DataAct::RestoreBeside { .. } | DataAct::DropCopy { .. } | DataAct::ReportLoss { .. } => Vec::new(),
        DataAct::ReverseMigrations { .. }
        | DataAct::SoftRestore { .. }
        | DataAct::UndoRows { .. }
        | DataAct::ReplaceTables { .. } => {
            vec![format!("  ~ {}", explain::action(&Action::Data(Box::new(step.clone()))))]
        }
    }
}

/// The way back of one database.
pub(super) fn ladder_lines(ladder: &Ladder, plan: &Plan) -> Vec<String> {
    let mut lines = vec![String::new()];
    let rung = Paint::strong(ladder.rung.as_str());
    lines.push(format!("database {}: {rung}: {}", ladder.database, ladder.why));
    lines.extend(ladder.not_cheaper.iter().map(|rejected| format!("  not {}: {}", rejected.rung, rejected.why)));
    if ladder.rung != Rung::CodeOnly {
        lines.push(match ladder.downtime_ms {
            Some(0) => "  refuses or delays no work".to_owned(),
            Some(ms) => format!("  refuses or delays work for about {}", milliseconds(ms)),
            None => "  how long it refuses or delays work cannot be said".to_owned(),
        });
    }
    if let Some(loss) = &ladder.loss {
        lines.extend(loss_lines(loss, plan));
    }
    lines
}

fn loss_lines(loss: &LossEstimate, plan: &Plan) -> Vec<String> {
    let since = date_time(loss.since);
    let log = loss.log_bytes.map_or_else(String::new, |bytes| format!(", {} of log", bytes_text(bytes)));
    let window = format!("what was written since {since}, for {}{log}", milliseconds(loss.window_ms));
    let rows = loss.rows();
    let mut lines = vec![match (rows, &loss.unknown) {
        (0, Some(_)) => format!("  {} of {window}", Paint::warning("nobody knows how much it loses")),
        (_, Some(_)) => format!("  {} {} of {window}", Paint::warning("loses at least"), rows_text(rows)),
        (0, None) => format!("  loses nothing that can be seen of {window}"),
        (_, None) => format!("  {} {} of {window}", Paint::warning("loses about"), rows_text(rows)),
    }];
    let table =
        |table: &TableEstimate| format!("    {}: {} written, {} deleted", table.table, table.written, table.deleted);
    lines.extend(loss.tables.iter().map(table));
    lines.extend(loss.unknown.iter().map(|why| format!("    how many rows is not known: {why}")));
    lines.extend(loss.limits.iter().map(|limit| format!("    {limit}")));
    if loss.unknown.is_some() {
        lines.push(
            "  to agree to any loss: `--force loss-not-accepted`; rows can be put back: `backout backup reimport`"
                .to_owned(),
        );
    } else if rows > plan.request.data.accept_loss.unwrap_or(0) {
        lines.push(format!(
            "  to agree to that: `--accept-loss {rows}`; rows can be put back: `backout backup reimport`"
        ));
    }
    lines
}
