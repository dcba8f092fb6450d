//! What one table would lose where its database is itself what an earlier way back put in place, or where numbers mean nothing.

use super::undone::estimate_undone;
use super::{Method, TableEstimate, TableNow};
use crate::data::{ObjectName, TableContent};

/// What a table would lose in a database that was put in place from another restore point than the one to go back to, which is
/// `then`: what was written since it was put in place, and by how many rows that restore point has other ones. `deleted` as for
/// [`estimate_undone`].
///
/// | in the restore point | counted | written                          | deleted                               |
/// |----------------------|---------|----------------------------------|---------------------------------------|
/// | yes                  | yes     | since it was placed, and rows more then than in the restore point | the same, and rows fewer |
/// | yes                  | no      | since it was placed              | since it was placed                   |
/// | no                   | any     | every row                        | 0                                     |
#[must_use]
pub fn estimate_placed(
    table: &ObjectName,
    then: Option<&TableContent>,
    now: &TableNow,
    deleted: Option<u64>,
) -> (TableEstimate, Option<String>) {
    let (mut estimate, limit) = estimate_undone(table, now, deleted);
    let Some((rows, young)) = now.counted else { return (estimate, limit) };
    let Some(then) = then else {
        let limit = format!("table `{table}` is new since the restore point: all of it would go");
        return (TableEstimate { written: rows, deleted: 0, method: Method::Comparison, ..estimate }, Some(limit));
    };
    let placed = rows.saturating_sub(young).saturating_add(estimate.deleted);
    estimate.written = estimate.written.saturating_add(placed.saturating_sub(then.rows));
    estimate.deleted = estimate.deleted.saturating_add(then.rows.saturating_sub(placed));
    (estimate, limit)
}

/// The least that a table would lose where rows cannot be told apart by age, and whether it would lose anything at all: one with
/// as many rows and the same hash is the same.
///
/// | rows  | hashes          | may lose something |
/// |-------|-----------------|--------------------|
/// | none, in both |         | no                 |
/// | alike | known, and alike | no                |
/// | anything else |         | yes                |
#[must_use]
pub fn compare_table(
    table: &ObjectName,
    then: Option<&TableContent>,
    now: Option<&TableContent>,
) -> (TableEstimate, bool) {
    let rows = |content: Option<&TableContent>| content.map_or(0, |content| content.rows);
    let (before, after) = (rows(then), rows(now));
    let hash = |content: Option<&TableContent>| content.and_then(|content| content.hash.clone());
    let is_alike = before == after && (before == 0 || hash(then).zip(hash(now)).is_some_and(|(then, now)| then == now));
    let (written, deleted) = (after.saturating_sub(before), before.saturating_sub(after));
    (TableEstimate { table: table.clone(), method: Method::Comparison, written, deleted }, !is_alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(rows: u64, hash: Option<&str>) -> TableContent {
        let (name, hash) = (ObjectName::new("public", "orders"), hash.map(str::to_owned));
        TableContent { name, rows, hash, key: vec![], relfilenode: 1, counters: [0; 3] }
    }

    #[test]
    fn what_was_put_in_place_differs_from_an_older_restore_point_by_its_rows_and_by_what_was_written_since() {
        let name = ObjectName::new("public", "orders");
        let counted = |then: Option<u64>, counted, counters, deleted| {
            let then = then.map(|rows| content(rows, None));
            let now = TableNow { counted, counters };
            let (estimate, limit) = estimate_placed(&name, then.as_ref(), &now, deleted);
            (estimate.written, estimate.deleted, limit.is_some())
        };
        // 10 rows were put in place, 3 are new since and 1 of the 10 is gone.
        let now = (Some((12, 3)), Some([13, 0, 1]), Some(1));
        assert_eq!(counted(Some(10), now.0, now.1, now.2), (3, 1, false), "the same number");
        assert_eq!(counted(Some(7), now.0, now.1, now.2), (6, 1, false), "three more than in the older one");
        assert_eq!(counted(Some(15), now.0, now.1, now.2), (3, 6, false), "five fewer");
        assert_eq!(counted(None, now.0, now.1, now.2), (12, 0, true));
        assert_eq!(counted(Some(7), None, now.1, now.2), (13, 1, true));
    }

    #[test]
    fn tables_are_alike_only_where_that_is_known() {
        let name = ObjectName::new("public", "orders");
        let compared = |then: Option<TableContent>, now: Option<TableContent>| {
            let (estimate, may_lose) = compare_table(&name, then.as_ref(), now.as_ref());
            (estimate.written, estimate.deleted, may_lose)
        };
        assert_eq!(compared(Some(content(3, Some("a"))), Some(content(3, Some("a")))), (0, 0, false));
        assert_eq!(compared(Some(content(3, Some("a"))), Some(content(3, Some("b")))), (0, 0, true));
        assert_eq!(compared(Some(content(3, None)), Some(content(3, None))), (0, 0, true), "nobody knows");
        assert_eq!(compared(Some(content(0, None)), Some(content(0, None))), (0, 0, false));
        assert_eq!(compared(Some(content(3, Some("a"))), Some(content(5, Some("b")))), (2, 0, true));
        assert_eq!(
            (compared(Some(content(3, None)), None), compared(None, Some(content(2, None)))),
            ((0, 3, true), (2, 0, true))
        );
    }
}
