//! What one table would lose where a swap is taken back: what was written since applications got the database.

use super::{Method, TableEstimate, TableNow};
use crate::data::ObjectName;

/// What a table would lose, and in a sentence what that number does not know. `now.counted` are its rows and the young ones;
/// `deleted` is how many rows of the whole database were deleted since, as the server counts them, `None` where its counters
/// began again.
///
/// | counted | counters | deletes known | written                                    | deleted                                      |
/// |---------|----------|---------------|--------------------------------------------|----------------------------------------------|
/// | yes     | yes      | yes           | young rows                                 | what the table counts, at most all deletes   |
/// | yes     | yes      | no            | young rows                                 | what the table counts; said                  |
/// | yes     | no       | any           | young rows                                 | 0                                            |
/// | no      | yes      | any           | operations since it was made; said         | as above                                     |
/// | no      | no       | any           | 0; said                                    | 0                                            |
#[must_use]
pub fn estimate_undone(table: &ObjectName, now: &TableNow, deleted: Option<u64>) -> (TableEstimate, Option<String>) {
    let [inserted, updated, of_table] = now.counters.unwrap_or_default();
    let gone = deleted.map_or(of_table, |deleted| of_table.min(deleted));
    let found = |method, written| TableEstimate { table: table.clone(), method, written, deleted: gone };
    match (now.counted, now.counters, deleted) {
        (Some((_, young)), None, _) | (Some((_, young)), Some(_), Some(_)) => (found(Method::RowVersions, young), None),
        (Some((_, young)), Some(_), None) => {
            let limit =
                format!("the server's counters for `{table}` began again: it may be another number that was deleted");
            (found(Method::RowVersions, young), Some(limit).filter(|_| gone > 0))
        }
        (None, Some(_), _) => {
            let limit = format!(
                "`{table}` could not be counted in time: its numbers are operations since the database was made, not rows"
            );
            (found(Method::Counters, inserted.saturating_add(updated)), Some(limit))
        }
        (None, None, _) => {
            let limit = format!("what was written to `{table}` is not known: there was no time to count it");
            (found(Method::Counters, 0), Some(limit))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(counted: Option<(u64, u64)>, counters: Option<[u64; 3]>, deleted: Option<u64>) -> (u64, u64, bool) {
        let table = ObjectName::new("public", "orders");
        let (estimate, limit) = estimate_undone(&table, &TableNow { counted, counters }, deleted);
        (estimate.written, estimate.deleted, limit.is_some())
    }

    #[test]
    fn every_line_of_the_table() {
        let (counted, counters) = (Some((100, 3)), Some([97, 5, 4]));
        assert_eq!(decide(counted, counters, Some(2)), (3, 2, false));
        assert_eq!(decide(counted, counters, Some(9)), (3, 4, false));
        assert_eq!(decide(counted, counters, None), (3, 4, true));
        assert_eq!(decide(counted, None, Some(9)), (3, 0, false));
        assert_eq!(decide(None, counters, Some(2)), (102, 2, true));
        assert_eq!(decide(None, None, None), (0, 0, true));
    }
}
