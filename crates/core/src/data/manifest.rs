//! The manifest of a restore point: what must be there after it was restored, read in the very snapshot of the dump.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConstraintKind, Extension, Ledger, ObjectName, Schema};
use crate::id::{BackupId, DatabaseName};
use crate::inventory::BlobRef;

/// What a restore point holds. Versioned: a newer one is read, never written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Version of this format; 1.
    pub version: u32,
    /// The restore point.
    pub backup: BackupId,
    /// The database, as the configuration calls it.
    pub database: DatabaseName,
    /// The database, as the server calls it.
    pub dbname: String,
    /// When the snapshot was taken, by the server's clock.
    pub taken_at: Timestamp,
    /// `server_version_num`.
    pub server_version: u32,
    /// Which cluster it was, from `pg_control_system()`; text, because it is larger than JSON's numbers.
    pub system_identifier: Option<String>,
    /// The snapshot; `None` for a dump that another tool made.
    pub snapshot: Option<Snapshot>,
    /// The log's position when it was taken.
    pub lsn: Option<String>,
    /// The logical slot that has kept every change since, where one was made.
    pub slot: Option<String>,
    /// Every table with its rows.
    pub tables: Vec<TableContent>,
    /// Every sequence.
    pub sequences: Vec<Sequence>,
    /// Constraints by kind.
    pub constraints: ConstraintCounts,
    /// What belongs to the database and is in no dump.
    pub properties: DatabaseProperties,
    /// Extensions with their versions.
    pub extensions: Vec<Extension>,
    /// Roles that own or are granted something.
    pub roles: Vec<String>,
    /// Large objects.
    pub large_objects: LargeObjects,
    /// The whole schema.
    pub schema: Schema,
    /// What the migration tools say was applied.
    pub ledgers: Vec<Ledger>,
    /// Down scripts and migration graph of the release that ran, where they were kept.
    pub vault: Option<BlobRef>,
    /// Versions of the programs that made it: `pg_dump` to `15.18`.
    pub tools: BTreeMap<String, String>,
}

/// A snapshot as `pg_current_snapshot()` writes it, in 64-bit transaction numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// `xmin:xmax:xip,…`
    pub text: String,
    /// Everything before was over.
    pub xmin: u64,
    /// Nothing from here on was visible.
    pub xmax: u64,
}

/// A table and its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableContent {
    /// The table. Partitioned tables are left out: their partitions are here.
    pub name: ObjectName,
    /// How many rows.
    pub rows: u64,
    /// The sum of the rows' hashes, order-independent; `None` where a type cannot be hashed even as text.
    pub hash: Option<String>,
    /// The columns of its primary key, in order; empty where there is none.
    pub key: Vec<String>,
    /// The file that it was kept in: a table that was rewritten since has another one.
    pub relfilenode: u32,
    /// Rows inserted, updated and deleted since the server's statistics began.
    pub counters: [u64; 3],
}

/// Where a sequence stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sequence {
    /// Its name.
    pub name: ObjectName,
    /// The last value.
    pub last_value: i64,
    /// Whether that value was handed out.
    pub is_called: bool,
    /// The step.
    pub increment: i64,
    /// How many values a session takes at once.
    pub cache: i64,
    /// The largest value.
    pub max_value: i64,
    /// The smallest value.
    pub min_value: i64,
    /// Whether it starts again at its end.
    pub cycles: bool,
}

impl Sequence {
    /// The value to set a restored sequence to, so that no number that `damaged` (the same one, in the database that is
    /// replaced) has handed out comes again; `None` leaves it as it was restored. Up to `sessions` sessions may have taken
    /// numbers ahead that nobody has seen yet.
    ///
    /// | `damaged`                           | value                                        |
    /// |-------------------------------------|----------------------------------------------|
    /// | never asked                         | as restored                                  |
    /// | behind what was restored            | as restored                                  |
    /// | ahead                               | its last one, and what sessions may have taken |
    /// | ahead, and that would pass its end  | its last one                                 |
    /// | starts again at its end             | its last one                                 |
    #[must_use]
    pub fn carried_on(&self, damaged: &Sequence, sessions: i64) -> Option<i64> {
        if !damaged.is_called {
            return None;
        }
        let last = damaged.last_value.clamp(self.min_value, self.max_value);
        let (theirs, ours) = if self.increment >= 0 { (last, self.last_value) } else { (self.last_value, last) };
        // A value that was not handed out yet is the next one.
        let is_ahead = if self.is_called { theirs > ours } else { theirs >= ours };
        if !is_ahead && !self.cycles {
            return None;
        }
        let taken = damaged.cache.checked_mul(sessions).and_then(|numbers| numbers.checked_mul(self.increment));
        let with_taken = taken.and_then(|taken| last.checked_add(taken));
        let fits = with_taken.filter(|value| !self.cycles && (self.min_value..=self.max_value).contains(value));
        Some(fits.unwrap_or(last))
    }
}

/// How many constraints and valid indexes there are, over all tables.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ConstraintCounts {
    /// By kind.
    pub by_kind: BTreeMap<ConstraintKind, u64>,
    /// Those that were not validated.
    pub not_validated: u64,
    /// Indexes that are valid.
    pub valid_indexes: u64,
}

/// What follows a database's OID and is in no dump of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseProperties {
    /// The owner.
    pub owner: String,
    /// The encoding's name.
    pub encoding: String,
    /// `c`, `i` or `b`.
    pub locale_provider: String,
    /// `LC_COLLATE`.
    pub collate: String,
    /// `LC_CTYPE`.
    pub ctype: String,
    /// The ICU or built-in locale.
    pub icu_locale: Option<String>,
    /// The tablespace.
    pub tablespace: String,
    /// The access control list, each entry as `aclitem` writes it; `None` for the default.
    pub acl: Option<Vec<String>>,
    /// The connection limit; -1 is none.
    pub connection_limit: i32,
    /// `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET`.
    pub settings: Vec<RoleSetting>,
    /// The comment.
    pub comment: Option<String>,
    /// Security labels: provider and label.
    pub security_labels: Vec<(String, String)>,
}

/// One setting of a database, for everybody or for one role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RoleSetting {
    /// The role; `None` is everybody.
    pub role: Option<String>,
    /// The parameter.
    pub name: String,
    /// Its value, as the catalog has it.
    pub value: String,
}

/// Large objects of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LargeObjects {
    /// How many.
    pub count: u64,
    /// The sum of their hashes; `None` where there are none.
    pub hash: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last_value: i64, is_called: bool) -> Sequence {
        let name = ObjectName::new("public", "orders_id_seq");
        let (increment, cache, max_value, min_value) = (1, 1, 1000, 1);
        Sequence { name, last_value, is_called, increment, cache, max_value, min_value, cycles: false }
    }

    #[test]
    fn a_sequence_never_hands_out_again_what_the_damaged_database_has_handed_out() {
        assert_eq!(at(10, true).carried_on(&at(50, true), 100), Some(150));
        assert_eq!(at(10, true).carried_on(&at(990, true), 100), Some(990), "the last numbers are not thrown away");
        assert_eq!(at(50, true).carried_on(&at(10, true), 100), None, "never back");
        assert_eq!(at(1, false).carried_on(&at(1, false), 100), None, "an unused one stays unused");
        assert_eq!(at(1, false).carried_on(&at(1, true), 100), Some(101));
        assert_eq!(at(50, false).carried_on(&at(10, true), 100), None, "never back from where it was set to");
        let down = |sequence: Sequence| Sequence { increment: -1, min_value: -1000, max_value: -1, ..sequence };
        assert_eq!(down(at(-10, true)).carried_on(&down(at(-50, true)), 100), Some(-150));
        assert_eq!(down(at(-50, true)).carried_on(&down(at(-10, true)), 100), None);
        let round = |sequence: Sequence| Sequence { cycles: true, ..sequence };
        assert_eq!(round(at(990, true)).carried_on(&round(at(3, true)), 100), Some(3), "it has started again");
    }
}
