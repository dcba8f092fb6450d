//! What a deploy did to databases: the schema and the ledgers after it, compared with the checkpoint before it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::{DataPoint, DatabaseFact, DatabaseSeen};
use crate::id::DatabaseName;

/// Databases after a deploy command.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DatabasesAfter {
    /// Databases whose schema, or what was applied to it, is not what the checkpoint before has.
    pub changed: Vec<DatabaseName>,
    /// Databases of which that cannot be said.
    pub unseen: Vec<UnseenDatabase>,
}

/// A database of which nobody can say whether it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnseenDatabase {
    /// Which.
    pub database: DatabaseName,
    /// Why.
    pub why: String,
}

/// What was done to databases since a checkpoint was taken.
///
/// | the checkpoint has it | seen now | equal | the database is |
/// |-----------------------|----------|-------|-----------------|
/// | yes                   | yes      | yes   | as it was       |
/// | yes                   | yes      | no    | changed         |
/// | yes                   | no       |       | unseen          |
/// | no                    |          |       | unseen          |
#[must_use]
pub fn databases_after(before: &BTreeMap<DatabaseName, DataPoint>, now: &[DatabaseFact]) -> DatabasesAfter {
    let mut after = DatabasesAfter::default();
    for fact in now {
        let database = fact.database.clone();
        match (before.get(&database), &fact.seen) {
            (Some(point), DatabaseSeen::Known(state)) => {
                if point.schema_digest != state.schema.digest() || point.ledgers != state.ledgers {
                    after.changed.push(database);
                }
            }
            (Some(_), DatabaseSeen::Unknown { why }) => {
                after.unseen.push(UnseenDatabase { database, why: why.clone() });
            }
            (None, _) => {
                let why = "how it was before the deploy was not recorded".to_owned();
                after.unseen.push(UnseenDatabase { database, why });
            }
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DatabaseState, Framework, Ledger, Revision, Schema};
    use crate::id::Digest;
    use crate::inventory::BlobRef;

    fn ledger(applied: &[&str]) -> Ledger {
        let applied = applied.iter().map(|name| Revision((*name).to_owned())).collect();
        Ledger { framework: Framework::Sqlx, applied, is_dirty: false }
    }

    fn before() -> BTreeMap<DatabaseName, DataPoint> {
        let database = DatabaseName::new("main").unwrap();
        let point = DataPoint {
            database: database.clone(),
            schema_digest: Schema::default().digest(),
            schema: BlobRef { digest: Digest::of(b"schema"), bytes: 6 },
            ledgers: vec![ledger(&["1"])],
            backup: None,
        };
        [(database, point)].into()
    }

    fn now(schema: Schema, applied: &[&str]) -> DatabaseFact {
        let state = DatabaseState {
            dbname: "app".to_owned(),
            oid: 1,
            server_version: 150_000,
            bytes: 0,
            schema,
            ledgers: vec![ledger(applied)],
            integrity: Vec::new(),
            soft_dropped: Vec::new(),
            kept: Vec::new(),
        };
        DatabaseFact {
            database: DatabaseName::new("main").unwrap(),
            at: jiff::Timestamp::UNIX_EPOCH,
            seen: DatabaseSeen::Known(Box::new(state)),
        }
    }

    #[test]
    fn schema_and_ledger_each_tell_of_a_change() {
        let other = Schema { extensions: vec!["hstore".to_owned()], ..Schema::default() };
        assert_eq!(databases_after(&before(), &[now(Schema::default(), &["1"])]), DatabasesAfter::default());
        assert_eq!(databases_after(&before(), &[now(other, &["1"])]).changed.len(), 1);
        assert_eq!(databases_after(&before(), &[now(Schema::default(), &["1", "2"])]).changed.len(), 1);
    }

    #[test]
    fn what_was_not_seen_at_either_time_is_unseen() {
        let known = now(Schema::default(), &["1"]);
        let unknown = DatabaseFact { seen: DatabaseSeen::Unknown { why: "refused".to_owned() }, ..known.clone() };
        assert_eq!(databases_after(&before(), &[unknown]).unseen[0].why, "refused");
        assert_eq!(databases_after(&BTreeMap::new(), &[known]).unseen.len(), 1);
    }
}
