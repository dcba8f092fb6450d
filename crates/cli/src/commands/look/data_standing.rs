//! How each database stands: what it is, where its way back leads, and what earlier rollbacks have put aside.

use std::time::Duration;

use backout_core::data::{DatabaseFact, DatabaseSeen, KeptDatabase, Ledger, RestorePoint};
use backout_core::id::DatabaseName;
use backout_core::report::bytes_text;
use backout_engine::{World, look_at_databases};
use jiff::Timestamp;
use serde::Serialize;

use crate::commands::data::newest_points;
use crate::error::CliError;
use crate::ui::{Paint, ago, date_time};
use crate::wire::Setup;

/// One database.
#[derive(Serialize)]
pub(super) struct DataStanding {
    database: DatabaseName,
    dbname: Option<String>,
    bytes: Option<u64>,
    ledgers: Vec<Ledger>,
    newest_restore_point: Option<RestorePoint>,
    put_aside: Vec<KeptDatabase>,
    /// Why nothing is known of it, where that is so.
    unknown: Option<String>,
}

/// Looks at every database, and waits no longer than `patience` for the slowest.
pub(super) async fn data_standings(
    setup: &Setup,
    world: &World,
    patience: Duration,
) -> Result<Vec<DataStanding>, CliError> {
    if setup.environment.databases.is_empty() {
        return Ok(Vec::new());
    }
    let mut points = newest_points(setup).await?;
    let facts = tokio::select! {
        facts = look_at_databases(world) => facts,
        () = world.clock.sleep(patience) => world.databases.keys().map(|name| silent(world, name, patience)).collect(),
    };
    Ok(facts
        .into_iter()
        .map(|fact| {
            let newest = points.remove(&fact.database);
            DataStanding::of(fact, newest)
        })
        .collect())
}

fn silent(world: &World, name: &DatabaseName, patience: Duration) -> DatabaseFact {
    let why = format!("no answer yet after {} ms; `backout verify` waits for it", patience.as_millis());
    DatabaseFact { database: name.clone(), at: world.clock.now(), seen: DatabaseSeen::Unknown { why } }
}

impl DataStanding {
    fn of(fact: DatabaseFact, newest_restore_point: Option<RestorePoint>) -> Self {
        let database = fact.database;
        match fact.seen {
            DatabaseSeen::Known(state) => Self {
                database,
                dbname: Some(state.dbname),
                bytes: Some(state.bytes),
                ledgers: state.ledgers,
                newest_restore_point,
                put_aside: state.kept,
                unknown: None,
            },
            DatabaseSeen::Unknown { why } => Self {
                database,
                dbname: None,
                bytes: None,
                ledgers: Vec::new(),
                newest_restore_point,
                put_aside: Vec::new(),
                unknown: Some(why),
            },
        }
    }

    /// A line for the database, one for its way back, and one for each that was put aside.
    pub(super) fn lines(&self, now: Timestamp) -> Vec<String> {
        let name = &self.database;
        let mut lines = vec![match (&self.unknown, &self.dbname, self.bytes) {
            (Some(why), ..) => format!("database {name}: {}", Paint::warning(why)),
            (None, dbname, bytes) => {
                let dbname = dbname.as_deref().unwrap_or_default();
                format!("database {name}: `{dbname}`, {}{}", bytes_text(bytes.unwrap_or(0)), self.migrated())
            }
        }];
        lines.push(match &self.newest_restore_point {
            Some(point) => {
                let level =
                    point.verified.map_or_else(|| "not verified".to_owned(), |level| format!("verified to {level}"));
                format!("  newest restore point: {} ({}), {level}", point.id, ago(point.taken_at, now))
            }
            None => "  newest restore point: there is none".to_owned(),
        });
        lines.extend(self.put_aside.iter().map(|kept| kept_line(kept, now)));
        lines
    }

    fn migrated(&self) -> String {
        let last = |ledger: &Ledger| {
            let dirty = if ledger.is_dirty { ", half done" } else { "" };
            ledger.applied.last().map(|last| format!(", {} at {last}{dirty}", ledger.framework))
        };
        self.ledgers.iter().filter_map(last).collect()
    }
}

fn kept_line(kept: &KeptDatabase, now: Timestamp) -> String {
    let until = if kept.until > now {
        format!("kept until {}", date_time(kept.until))
    } else {
        "need not be kept any longer".to_owned()
    };
    let drop = format!("`backout backup drop-aside {}`", kept.dbname);
    format!("  put aside: `{}`, {}, {}, {until}; {drop}", kept.dbname, bytes_text(kept.bytes), ago(kept.since, now))
}
