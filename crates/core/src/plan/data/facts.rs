//! The facts about databases that a plan stands on.

use std::collections::BTreeMap;

use crate::data::{DataPoint, DatabaseFact, DatabaseSeen, DatabaseState};
use crate::id::{DatabaseName, Digest};
use crate::plan::Request;

/// Equal for facts from which the same plan follows: which database each name stands for, its schema, and what was applied
/// to it. Rows are not in it: they change all the time.
#[must_use]
pub fn facts_digest(facts: &BTreeMap<DatabaseName, DatabaseFact>) -> Digest {
    digest(facts.iter())
}

/// The same, of facts wherever they are.
pub(in crate::plan) fn digest<'a>(facts: impl Iterator<Item = (&'a DatabaseName, &'a DatabaseFact)>) -> Digest {
    let lines: Vec<String> = facts.map(|(name, fact)| line(name, fact)).collect();
    Digest::of(lines.join("\n").as_bytes())
}

/// The same, of one database.
pub(in crate::plan) fn line(name: &DatabaseName, fact: &DatabaseFact) -> String {
    match &fact.seen {
        DatabaseSeen::Unknown { .. } => format!("{name} unknown"),
        DatabaseSeen::Known(state) => {
            let ledgers = serde_json::to_string(&state.ledgers).unwrap_or_default();
            format!("{name} {:?} {} {} {ledgers}", state.dbname, state.oid, state.schema.digest())
        }
    }
}

/// Whether the data of a database may have to go back, so that the costly questions about it are worth asking: somebody
/// wants it to, a check of it fails, or its schema or what was applied to it is not what the target has, or unknown.
#[must_use]
pub fn may_go_back(request: &Request, now: &DatabaseFact, then: Option<&DataPoint>) -> bool {
    let wish = &request.data;
    let is_wanted = wish.undoes_swap || wish.damaged.contains(&now.database) || wish.rung.is_some();
    let is_as_it_was = |then: &DataPoint, now: &DatabaseState| {
        then.schema_digest == now.schema.digest()
            && then.ledgers == now.ledgers
            && !now.integrity.iter().any(crate::policy::Check::blocks)
    };
    is_wanted || !then.zip(now.state()).is_some_and(|(then, now)| is_as_it_was(then, now))
}
