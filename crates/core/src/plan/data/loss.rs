//! What a way back loses.

use super::case::Case;
use super::way::Way;
use crate::data::{DataAct, LossEstimate, ObjectName, Rung};

/// What a way back loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing.
    Nothing,
    /// About so much.
    Rows(LossEstimate),
    /// Nobody knows; what is known of the window is there all the same.
    Unknown {
        /// Why.
        why: String,
        /// The window.
        window: LossEstimate,
    },
}

impl Loss {
    /// What a way of a rung loses.
    pub(super) fn of(rung: Rung, way: &Way, case: &Case<'_>) -> Self {
        match rung {
            Rung::CodeOnly | Rung::SoftRestore | Rung::ReverseMigrations => Loss::Nothing,
            Rung::UndoRows | Rung::Tables => Self::within(tables(way), case),
            Rung::SideBySide | Rung::InPlace => Self::within(None, case),
            Rung::PointInTime if case.request.data.moment.is_none() && way.has_point() => Self::within(None, case),
            Rung::PointInTime => Self::unknown("nothing says what was written since that moment", case),
        }
    }

    /// What taking the last swap back loses.
    pub(super) fn of_undoing(case: &Case<'_>) -> Self {
        Self::within(None, case)
    }

    fn within(tables: Option<&[ObjectName]>, case: &Case<'_>) -> Self {
        let estimate = match case.database.estimate {
            Ok(estimate) => estimate,
            Err(why) => return Self::unknown(why, case),
        };
        let mut estimate = estimate.clone();
        if let Some(tables) = tables {
            estimate.tables.retain(|table| tables.contains(&table.table));
        }
        match estimate.unknown.clone() {
            Some(why) => Loss::Unknown { why, window: estimate },
            None if estimate.rows() == 0 => Loss::Nothing,
            None => Loss::Rows(estimate),
        }
    }

    fn unknown(why: &str, case: &Case<'_>) -> Self {
        let since = case.database.point.map_or(case.target.taken_at, |point| point.taken_at);
        let window_ms = u64::try_from(case.now.duration_since(since).as_millis()).unwrap_or(0);
        let (tables, limits, unknown) = (Vec::new(), Vec::new(), Some(why.to_owned()));
        let window = LossEstimate { since, window_ms, log_bytes: None, tables, limits, unknown };
        Loss::Unknown { why: why.to_owned(), window }
    }

    /// The same for a ladder.
    pub(super) fn estimate(self) -> Option<LossEstimate> {
        match self {
            Loss::Nothing => None,
            Loss::Rows(estimate) => Some(estimate),
            Loss::Unknown { window, .. } => Some(window),
        }
    }
}

/// The tables whose rows a way changes, where it is not all of them.
fn tables(way: &Way) -> Option<&[ObjectName]> {
    way.before.iter().find_map(|act| match act {
        DataAct::UndoRows { tables, .. } | DataAct::ReplaceTables { tables, .. } => Some(tables.as_slice()),
        _ => None,
    })
}
