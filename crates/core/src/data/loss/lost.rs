//! One row that a rollback took away, and how it is told that it did.
//!
//! What there is to compare: the damaged database, frozen when it was put aside, and the one in use, which was restored from
//! the restore point and takes new writes. The row as the restore point had it (its *base*) is in neither by name; but a row
//! of the one in use that nobody wrote since the swap *is* its base. So a row is told by these facts:
//!
//! | the damaged row      | the row in use with its key | comes to                                             |
//! |----------------------|-----------------------------|------------------------------------------------------|
//! | there                | equal                       | nothing is lost                                      |
//! | there                | untouched, differs          | updated; what it was is known                        |
//! | there                | written since, differs      | updated, base unknown: uncertain                     |
//! | there                | absent                      | inserted; uncertain where base rows were written since |
//! | gone                 | untouched                   | deleted; what it was is known                        |
//! | gone                 | written since               | deleted, uncertain, where base rows were written since; else new, and nothing is lost |
//!
//! "Base rows were written since" is `untouched rows < rows of the manifest`. Every doubt ends as a row that is listed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Method;
use crate::data::ObjectName;

/// The values of a row by column, as the server writes them; `None` is null.
pub type Values = BTreeMap<String, Option<String>>;

/// What was done to a row after the restore point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// It is new.
    Inserted,
    /// It was changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// One row that a rollback took away: a line of the loss report's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRow {
    /// The table.
    pub table: ObjectName,
    /// What was done to it.
    pub op: Operation,
    /// Its primary key; empty where the table has none.
    pub key: Values,
    /// The row as the damaged database has it; `None` where it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Values>,
    /// The row as the restore point has it; `None` where it had none, or where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Values>,
    /// Whether what was done is known. Where not, somebody wrote the row in the database in use since the swap.
    #[serde(default = "is_certain", skip_serializing_if = "is_true")]
    pub certain: bool,
    /// The transaction that wrote it, in 32 bits, so that one can be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xid: Option<u32>,
}

fn is_certain() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_true(certain: &bool) -> bool {
    *certain
}

impl LostRow {
    /// The line that takes an applied one back: what is now becomes what was.
    #[must_use]
    pub fn reversed(self) -> Self {
        let op = match self.op {
            Operation::Inserted => Operation::Deleted,
            Operation::Updated => Operation::Updated,
            Operation::Deleted => Operation::Inserted,
        };
        Self { op, row: self.was, was: self.row, xid: None, ..self }
    }
}

/// Tells what was done to a row that the damaged database has: the first four lines of the table above. `in_use` is the
/// row with its key and whether nobody wrote it since the swap; `all_untouched` says that no base row was written since.
#[must_use]
pub fn tell(damaged: &Values, in_use: Option<(&Values, bool)>, all_untouched: bool) -> Option<(Operation, bool)> {
    match in_use {
        Some((row, _)) if row == damaged => None,
        Some((_, untouched)) => Some((Operation::Updated, untouched)),
        None => Some((Operation::Inserted, all_untouched)),
    }
}

/// What is known of one table before its rows are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableHistory {
    /// Whether transaction numbers of the restore point mean something here: the same server, at most 2^31 of them ago.
    pub numbers_hold: bool,
    /// Whether the restore point had the table.
    pub is_in_manifest: bool,
    /// Whether it is in another file than then: every row version in it is young, or none is.
    pub is_rewritten: bool,
    /// Whether the numbers are those of when it was opened to applications: a swap is taken back. A table that was rewritten
    /// since has more young rows than were written, which are all looked up.
    pub is_since_opened: bool,
}

impl TableHistory {
    /// How its rows are found.
    ///
    /// | numbers hold | since opened | in the manifest | rewritten | method       |
    /// |--------------|--------------|-----------------|-----------|--------------|
    /// | yes          | yes          | any             | any       | row versions |
    /// | yes          | no           | yes             | no        | row versions |
    /// | any other combination      |||                 |           | comparison   |
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self { numbers_hold: true, is_since_opened: true, .. }
            | Self { numbers_hold: true, is_in_manifest: true, is_rewritten: false, .. } => Method::RowVersions,
            _ => Method::Comparison,
        }
    }
}

/// The proof by counting that no row was deleted, for a table whose young row versions were all looked up.
///
/// Rows that the damaged database has unchanged since the restore point are `damaged_rows - young`; a young one whose key has
/// its base untouched in use is a base row too. What is missing from the restore point's count was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// Rows at the restore point.
    pub base: u64,
    /// Rows of the damaged database.
    pub damaged: u64,
    /// Of these, young ones.
    pub young: u64,
    /// Of the young, those whose base is in use untouched.
    pub young_with_base: u64,
}

impl Census {
    /// How many base rows are not accounted for; 0 proves that none was deleted.
    #[must_use]
    pub fn missing(self) -> u64 {
        let kept = self.damaged.saturating_sub(self.young).saturating_add(self.young_with_base);
        self.base.saturating_sub(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Values {
        Values::from([("a".to_owned(), Some(text.to_owned()))])
    }

    #[test]
    fn a_row_is_told_by_what_is_in_use_under_its_key() {
        let (lost, same, other) = (values("x"), values("x"), values("y"));
        assert_eq!(tell(&lost, Some((&same, true)), true), None);
        assert_eq!(tell(&lost, Some((&same, false)), false), None);
        assert_eq!(tell(&lost, Some((&other, true)), false), Some((Operation::Updated, true)));
        assert_eq!(tell(&lost, Some((&other, false)), true), Some((Operation::Updated, false)));
        assert_eq!(tell(&lost, None, true), Some((Operation::Inserted, true)));
        assert_eq!(tell(&lost, None, false), Some((Operation::Inserted, false)));
    }

    #[test]
    fn a_rewritten_table_a_new_one_and_another_server_are_compared() {
        for bits in 0..16u8 {
            let history = TableHistory {
                numbers_hold: bits & 1 != 0,
                is_in_manifest: bits & 2 != 0,
                is_rewritten: bits & 4 != 0,
                is_since_opened: bits & 8 != 0,
            };
            let by_age = bits == 3 || matches!(bits, 9 | 11 | 13 | 15);
            let expected = if by_age { Method::RowVersions } else { Method::Comparison };
            assert_eq!(history.method(), expected, "{history:?}");
        }
    }

    #[test]
    fn counting_proves_that_nothing_was_deleted() {
        let census = Census { base: 100, damaged: 110, young: 30, young_with_base: 20 };
        assert_eq!(census.missing(), 0);
        assert_eq!(Census { damaged: 107, ..census }.missing(), 3);
        assert_eq!(Census { young_with_base: 19, ..census }.missing(), 1);
    }

    #[test]
    fn a_line_is_read_as_it_was_written_and_reversed_twice_is_itself() {
        let row = LostRow {
            table: ObjectName::new("public", "t"),
            op: Operation::Inserted,
            key: values("1"),
            row: Some(values("1")),
            was: None,
            certain: true,
            xid: None,
        };
        let line = serde_json::to_string(&row).unwrap();
        assert!(!line.contains("certain") && !line.contains("xid"), "{line}");
        assert_eq!(serde_json::from_str::<LostRow>(&line).unwrap(), row);
        assert_eq!(row.clone().reversed().reversed(), row);
    }
}
