//! Looking at databases: schema, ledgers and integrity of each, all at once.

use std::time::Duration;

use backout_core::data::{DatabaseFact, DatabaseSeen};
use backout_core::id::DatabaseName;
use backout_core::policy::{Check, Verdict};
use backout_core::report::bytes_text;
use futures_util::future::join_all;

use crate::world::World;

/// How long a database may take to answer. One that did not by then is unknown: it must not keep anybody from going back.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// How every database of the environment is, sorted by name.
pub async fn look_at_databases(world: &World) -> Vec<DatabaseFact> {
    join_all(world.databases.keys().map(|name| look_at(world, name))).await
}

/// How one database is.
pub(crate) async fn look_at(world: &World, name: &DatabaseName) -> DatabaseFact {
    let why = match world.databases.get(name) {
        Some(database) => tokio::select! {
            fact = database.look() => return fact,
            () = world.clock.sleep(ANSWERS_WITHIN) => format!("it did not answer within {} s", ANSWERS_WITHIN.as_secs()),
        },
        None => "nobody knows how it is reached".to_owned(),
    };
    DatabaseFact { database: name.clone(), at: world.clock.now(), seen: DatabaseSeen::Unknown { why } }
}

/// The checks of a database: it answers, no migration is half done, and its integrity queries hold.
pub(crate) fn checks(fact: &DatabaseFact) -> Vec<Check> {
    let name = &fact.database;
    let check = |name: String, verdict, what| Check { name, verdict, what, was_red_before: false, is_advisory: false };
    let state = match &fact.seen {
        DatabaseSeen::Known(state) => state,
        DatabaseSeen::Unknown { why } => {
            return vec![check(format!("{name} answers"), Verdict::Unmeasurable, why.clone())];
        }
    };
    let answers = format!("`{}` of {}", state.dbname, bytes_text(state.bytes));
    let mut checks = vec![check(format!("{name} answers"), Verdict::Healthy, answers)];
    if !state.ledgers.is_empty() {
        let dirty = state.ledgers.iter().find(|ledger| ledger.is_dirty);
        let (verdict, what) = match dirty {
            Some(ledger) => (
                Verdict::Unhealthy,
                format!("{} says that a migration failed half-way or is running", ledger.framework),
            ),
            None => (Verdict::Healthy, "no migration is half done".to_owned()),
        };
        checks.push(check(format!("{name} is migrated"), verdict, what));
    }
    checks
        .extend(state.integrity.iter().map(|found| Check { name: format!("{name}: {}", found.name), ..found.clone() }));
    checks
}
