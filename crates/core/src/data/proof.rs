//! What a step on a database showed of the data: whether it is sound, and how many rows there were and are.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ObjectName;
use crate::policy::{Check, Verdict};

/// What was looked at while a step was done. It is no verdict on the step: that is whether its target was reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DataProof {
    /// What was checked.
    pub checks: Vec<Check>,
    /// The rows of each table before and after; empty where they were not counted.
    pub rows: Vec<TableRows>,
}

impl DataProof {
    /// One whose rows could not be counted.
    #[must_use]
    pub fn uncounted(why: impl Into<String>) -> Self {
        let (name, what) = ("row counts".to_owned(), why.into());
        let check = Check { name, verdict: Verdict::Unmeasurable, what, was_red_before: false, is_advisory: false };
        Self { checks: vec![check], rows: Vec::new() }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.rows.is_empty()
    }
}

/// The rows of one table, before a rollback and after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableRows {
    /// The table.
    pub table: ObjectName,
    /// Rows before; `None` where there was no such table.
    pub before: Option<u64>,
    /// Rows after; `None` where there is no such table.
    pub after: Option<u64>,
}

impl TableRows {
    /// Both counts of each table that is in one of the lists, by name.
    #[must_use]
    pub fn between(
        before: impl IntoIterator<Item = (ObjectName, u64)>,
        after: impl IntoIterator<Item = (ObjectName, u64)>,
    ) -> Vec<Self> {
        let before: BTreeMap<ObjectName, u64> = before.into_iter().collect();
        let after: BTreeMap<ObjectName, u64> = after.into_iter().collect();
        let tables: BTreeSet<&ObjectName> = before.keys().chain(after.keys()).collect();
        let of = |table: &ObjectName| Self {
            table: table.clone(),
            before: before.get(table).copied(),
            after: after.get(table).copied(),
        };
        tables.into_iter().map(of).collect()
    }

    /// Whether there are as many as there were.
    #[must_use]
    pub fn is_as_before(&self) -> bool {
        self.before == self.after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_either_side_have_both_counts() {
        let name = |name: &str| ObjectName::new("public", name);
        let rows = TableRows::between([(name("b"), 1), (name("a"), 2)], [(name("c"), 0), (name("a"), 2)]);
        let told: Vec<_> = rows.iter().map(|rows| (rows.table.name.as_str(), rows.before, rows.after)).collect();
        assert_eq!(told, [("a", Some(2), Some(2)), ("b", Some(1), None), ("c", None, Some(0))]);
        assert_eq!(rows.iter().map(TableRows::is_as_before).collect::<Vec<_>>(), [true, false, false]);
    }
}
