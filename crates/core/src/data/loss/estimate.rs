//! What one table would lose, from what could be counted in a few seconds.

use super::{Method, TableEstimate, TableHistory};
use crate::data::{ObjectName, TableContent};

/// What was counted of a table now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableNow {
    /// All rows, and those whose version is not older than the restore point; `None` where there was no time.
    pub counted: Option<(u64, u64)>,
    /// Rows inserted, updated and deleted since the server's statistics began.
    pub counters: Option<[u64; 3]>,
}

/// What a table would lose, and in a sentence what that number does not know.
///
/// | counted | method by history | counters grew | written               | deleted                                |
/// |---------|-------------------|---------------|-----------------------|----------------------------------------|
/// | yes     | row versions      | yes           | young rows            | by counters, at least the rows missing |
/// | yes     | row versions      | no            | young rows            | the rows missing; said                 |
/// | yes     | comparison        | yes           | by counters; said     | by counters, at least the rows missing |
/// | yes     | comparison        | no            | every row; said       | the rows missing                       |
/// | no      | any               | yes           | by counters; said     | by counters                            |
/// | no      | any               | no            | 0; said               | 0                                      |
///
/// A table that the restore point has not is new: every row of it would go.
#[must_use]
pub fn estimate_table(
    table: &ObjectName,
    then: Option<&TableContent>,
    now: &TableNow,
    history: TableHistory,
) -> (TableEstimate, Option<String>) {
    let found = |method, written, deleted| TableEstimate { table: table.clone(), method, written, deleted };
    let Some(then) = then else {
        let rows = now.counted.map(|(rows, _)| rows).or(now.counters.map(|counters| counters[0]));
        let limit = format!("table `{table}` is new since the restore point: all of it would go");
        return (found(Method::Comparison, rows.unwrap_or_default(), 0), Some(limit));
    };
    let grown = now.counters.and_then(|counters| grown(then.counters, counters));
    let missing = now.counted.map_or(0, |(rows, _)| then.rows.saturating_sub(rows));
    let by_counters = grown.map(|[inserted, updated, _]| inserted.saturating_add(updated));
    let deleted = grown.map_or(missing, |[.., deleted]| deleted.max(missing));
    match (now.counted, history.method(), by_counters) {
        (Some((_, young)), Method::RowVersions, Some(_)) => (found(Method::RowVersions, young, deleted), None),
        (Some((_, young)), Method::RowVersions, None) => {
            let limit = format!(
                "the server's counters for `{table}` began again since the restore point: more rows may have been deleted"
            );
            (found(Method::RowVersions, young, deleted), Some(limit))
        }
        (Some((rows, _)), _, None) => {
            let limit =
                format!("the rows of `{table}` cannot be told apart by age: all of them are counted as written");
            (found(Method::Comparison, rows, deleted), Some(limit))
        }
        (_, _, Some(written)) => {
            let why = if history.is_rewritten { "was rewritten since" } else { "could not be counted in time" };
            let limit = format!("`{table}` {why}: its numbers are operations, not rows");
            (found(Method::Counters, written, deleted), Some(limit))
        }
        (None, _, None) => {
            let limit = format!("what was written to `{table}` is not known: there was no time to count it");
            (found(Method::Counters, 0, 0), Some(limit))
        }
    }
}

/// By how much counters grew; `None` where one is smaller than it was, because they began again.
fn grown(then: [u64; 3], now: [u64; 3]) -> Option<[u64; 3]> {
    let one = |index: usize| now[index].checked_sub(then[index]);
    Some([one(0)?, one(1)?, one(2)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(counted: Option<(u64, u64)>, counters: Option<[u64; 3]>, is_rewritten: bool) -> (Method, u64, u64, bool) {
        let table = ObjectName::new("public", "orders");
        let then = TableContent {
            name: table.clone(),
            rows: 100,
            hash: None,
            key: vec![],
            relfilenode: 1,
            counters: [10, 10, 10],
        };
        let history = TableHistory { numbers_hold: true, is_in_manifest: true, is_rewritten, is_since_opened: false };
        let (estimate, limit) = estimate_table(&table, Some(&then), &TableNow { counted, counters }, history);
        (estimate.method, estimate.written, estimate.deleted, limit.is_some())
    }

    #[test]
    fn every_line_of_the_table() {
        let (grew, began_again) = (Some([15, 12, 13]), Some([0, 0, 0]));
        let counted = Some((95, 6));
        assert_eq!(decide(counted, grew, false), (Method::RowVersions, 6, 5, false));
        assert_eq!(decide(counted, began_again, false), (Method::RowVersions, 6, 5, true));
        assert_eq!(decide(Some((102, 6)), grew, false), (Method::RowVersions, 6, 3, false));
        assert_eq!(decide(counted, grew, true), (Method::Counters, 7, 5, true));
        assert_eq!(decide(counted, began_again, true), (Method::Comparison, 95, 5, true));
        assert_eq!(decide(None, grew, false), (Method::Counters, 7, 3, true));
        assert_eq!(decide(None, None, false), (Method::Counters, 0, 0, true));
    }

    #[test]
    fn a_new_table_goes_wholly() {
        let history =
            TableHistory { numbers_hold: true, is_in_manifest: false, is_rewritten: false, is_since_opened: false };
        let now = TableNow { counted: Some((7, 7)), counters: None };
        let (estimate, limit) = estimate_table(&ObjectName::new("public", "new"), None, &now, history);
        assert_eq!((estimate.written, estimate.deleted), (7, 0));
        assert!(limit.is_some());
    }
}
