//! What a database holds: rows of one table, and the migrations that made its columns.

use std::collections::BTreeMap;

use backout_core::data::{Column, Framework, Ledger, ObjectName, Revision, Schema, Table};
use backout_core::id::BackupId;

/// What a migration does to the table `orders`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// It adds a column that may be empty.
    Adds(&'static str),
    /// It drops a column.
    Drops(&'static str),
}

/// One database on the server.
#[derive(Debug, Clone, Default)]
pub(super) struct Stored {
    pub(super) oid: u32,
    /// Applied migrations with what each did, in order.
    pub(super) applied: Vec<(String, Shift)>,
    pub(super) rows: BTreeMap<u32, String>,
    /// The restore point that it was built from and verified against.
    pub(super) verified: Option<BackupId>,
    pub(super) is_put_aside: bool,
    /// Its rows when a swap gave it the name that applications use.
    pub(super) opened: Option<BTreeMap<u32, String>>,
    /// Whether it was put aside because a swap was taken back.
    pub(super) is_taken_back: bool,
}

impl Stored {
    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(super) fn schema(&self) -> Schema {
        let mut columns = vec!["id", "value"];
        for (_, shift) in &self.applied {
            match shift {
                Shift::Adds(column) => columns.push(column),
                Shift::Drops(column) => columns.retain(|name| name != column),
            }
        }
        columns.sort_unstable();
        let column = |name: &str| Column {
            name: name.to_owned(),
            data_type: "text".to_owned(),
            not_null: name == "id",
            default: None,
            generated: None,
            identity: None,
        };
        let orders = Table {
            name: orders(),
            kind: 'r',
            is_unlogged: false,
            parents: Vec::new(),
            columns: columns.into_iter().map(column).collect(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            triggers: Vec::new(),
            policies: Vec::new(),
            attributes: Vec::new(),
        };
        Schema { tables: vec![orders], ..Schema::default() }
    }

    pub(super) fn ledgers(&self) -> Vec<Ledger> {
        let applied = self.applied.iter().map(|(name, _)| Revision(name.clone())).collect();
        vec![Ledger { framework: Framework::Dbmate, applied, is_dirty: false }]
    }

    /// The same database as it was when a swap gave it the name that applications use.
    pub(super) fn as_opened(&self) -> Option<Self> {
        Some(Self { rows: self.opened.clone()?, ..self.clone() })
    }

    /// Rows that are here and not, or otherwise, in the other one; and rows that only the other one has.
    pub(super) fn beyond(&self, other: &Self) -> [u64; 3] {
        let (mut inserted, mut updated) = (0, 0);
        for (id, value) in &self.rows {
            match other.rows.get(id) {
                None => inserted += 1,
                Some(theirs) if theirs != value => updated += 1,
                Some(_) => {}
            }
        }
        let deleted = other.rows.keys().filter(|id| !self.rows.contains_key(id)).count() as u64;
        [inserted, updated, deleted]
    }
}

/// The one table that there is.
pub(super) fn orders() -> ObjectName {
    ObjectName::new("public", "orders")
}
