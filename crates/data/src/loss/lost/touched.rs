//! Which rows of the base the database in use does not have as they were.
//!
//! Contract: a set is only ever answered with where counting proves that it is whole; else nothing is known, and what would
//! depend on it is listed as uncertain. After a swap to a restored copy the set is empty as long as nobody wrote to a row
//! that was restored. After a swap was taken back the database in use is the one that went bad, and the list of what the
//! rollback took away names what it had changed and deleted.

use std::collections::HashSet;
use std::path::Path;

use backout_core::data::{LostRow, ObjectName, Operation, Values};
use backout_core::port::PortError;

use crate::loss::rows::lines::Report;

/// Keys of base rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Touched {
    /// Of rows that it has otherwise.
    updated: HashSet<Values>,
    /// Of rows that it has not.
    deleted: HashSet<Values>,
}

impl Touched {
    /// Those of a table by an earlier list; `None` where a row of it is uncertain.
    pub(super) fn listed(report: &Path, table: &ObjectName) -> Result<Option<Self>, PortError> {
        let report = Report::open(report)?;
        let mut touched = Self::default();
        for section in report.sections.iter().filter(|section| section.table == *table) {
            for row in report.rows(section)? {
                let LostRow { op, key, certain, .. } = row?;
                if !certain {
                    return Ok(None);
                }
                match op {
                    Operation::Updated => _ = touched.updated.insert(key),
                    Operation::Deleted => _ = touched.deleted.insert(key),
                    Operation::Inserted => {}
                }
            }
        }
        Ok(Some(touched))
    }

    /// The set, where it and the untouched rows are all rows of the base.
    pub(super) fn proved(self, untouched: u64, base: Option<u64>) -> Option<Self> {
        let touched = u64::try_from(self.updated.len() + self.deleted.len()).unwrap_or(u64::MAX);
        (base? == untouched.saturating_add(touched)).then_some(self)
    }

    /// Whether a row of the base with this key is there no more.
    pub(super) fn has_lost(&self, key: &Values) -> bool {
        self.deleted.contains(key)
    }

    /// Whether a row of the base with this key is there otherwise.
    pub(super) fn has_changed(&self, key: &Values) -> bool {
        self.updated.contains(key)
    }

    /// Whether every row of the base is there as it was.
    pub(super) fn is_empty(&self) -> bool {
        self.updated.is_empty() && self.deleted.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::rows::lines::Lines;

    #[test]
    fn a_set_counts_only_where_it_is_whole_and_certain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let table = ObjectName::new("public", "orders");
        let key = |id: &str| Values::from([("id".to_owned(), Some(id.to_owned()))]);
        let row = |op, id, certain| {
            let (table, key) = (table.clone(), key(id));
            LostRow { table, op, key, row: None, was: None, certain, xid: None }
        };
        let write = |certain| {
            let mut lines = Lines::create(&path).unwrap();
            let rows = [row(Operation::Inserted, "9", true), row(Operation::Updated, "1", true)];
            rows.iter().for_each(|row| lines.push(row).unwrap());
            lines.push(&row(Operation::Deleted, "2", certain)).unwrap();
            lines.finish().unwrap();
            Touched::listed(&path, &table).unwrap()
        };
        assert_eq!(write(false), None);
        let touched = write(true).unwrap();
        assert_eq!(touched.clone().proved(7, Some(10)), None, "one row is not accounted for");
        assert_eq!(touched.clone().proved(8, None), None);
        let touched = touched.proved(8, Some(10)).unwrap();
        assert!(touched.has_lost(&key("2")) && touched.has_changed(&key("1")) && !touched.has_changed(&key("9")));
        assert!(Touched::default().proved(10, Some(10)).is_some_and(|none| none.is_empty()));
    }
}
