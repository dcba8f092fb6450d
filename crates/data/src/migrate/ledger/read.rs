//! Reading the ledgers.

use backout_core::data::{Framework, Ledger, Revision};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::place::{Place, places};
use crate::words::failed;

/// What every tool that has a table here says was applied.
///
/// # Errors
/// Where the tables cannot be read.
pub(crate) async fn ledgers(client: &Client) -> Result<Vec<Ledger>, PortError> {
    let mut ledgers = Vec::new();
    for place in places(client).await? {
        ledgers.push(read(client, &place).await?);
    }
    Ok(ledgers)
}

/// The ledger of one tool and where it is; an empty one where the tool has no table yet.
///
/// # Errors
/// Where the table cannot be read.
pub(crate) async fn of(client: &Client, framework: Framework) -> Result<(Ledger, Option<Place>), PortError> {
    match places(client).await?.into_iter().find(|place| place.framework == framework) {
        Some(place) => Ok((read(client, &place).await?, Some(place))),
        None => Ok((Ledger { framework, applied: Vec::new(), is_dirty: false }, None)),
    }
}

async fn read(client: &Client, place: &Place) -> Result<Ledger, PortError> {
    let what = format!("could not read what {} applied", place.framework);
    let query = query(place);
    let rows = client.query(&query, &[]).await.map_err(|error| failed(&what, &error))?;
    let mut ledger = Ledger { framework: place.framework, applied: Vec::new(), is_dirty: false };
    for row in rows {
        let (revision, stands): (String, Stands) = (row.get(0), Stands::of(row.get(1)));
        let revision = Revision(revision);
        match stands {
            Stands::Applied => ledger.applied.push(revision),
            Stands::Undone => ledger.applied.retain(|applied| *applied != revision),
            Stands::HalfWay => ledger.is_dirty = true,
            Stands::HalfWayAt => {
                ledger.applied.push(revision);
                ledger.is_dirty = true;
            }
        }
    }
    if place.framework == Framework::Liquibase {
        ledger.is_dirty |= is_locked(client, place).await?;
    }
    Ok(ledger)
}

/// What a row says of its revision.
enum Stands {
    Applied,
    Undone,
    HalfWay,
    HalfWayAt,
}

impl Stands {
    fn of(word: &str) -> Self {
        match word {
            "applied" => Stands::Applied,
            "undone" => Stands::Undone,
            "at" => Stands::HalfWayAt,
            _ => Stands::HalfWay,
        }
    }
}

/// The revision and what its row says of it, in the order in which they were applied.
fn query(place: &Place) -> String {
    let (revision, stands, order) = match place.framework {
        Framework::Django => ("app || '.' || name", "'applied'", "id"),
        Framework::Alembic => ("version_num::text", "'applied'", "version_num"),
        // Rails and dbmate write no time; their versions are times.
        Framework::Rails | Framework::Dbmate => ("version::text", "'applied'", "version"),
        Framework::Diesel => ("version::text", "'applied'", "version"),
        Framework::Flyway => (
            "version::text",
            "CASE WHEN NOT success THEN 'failed' WHEN type LIKE 'UNDO%' OR type = 'DELETE' THEN 'undone' ELSE 'applied' END",
            "installed_rank",
        ),
        Framework::Liquibase => ("author || ':' || id", "'applied'", "orderexecuted"),
        Framework::Prisma => (
            "migration_name::text",
            "CASE WHEN rolled_back_at IS NOT NULL THEN 'undone' WHEN finished_at IS NULL THEN 'failed' ELSE 'applied' END",
            "started_at, migration_name",
        ),
        Framework::GolangMigrate => ("version::text", "CASE WHEN dirty THEN 'at' ELSE 'applied' END", "version"),
        Framework::Sqlx => ("version::text", "CASE WHEN success THEN 'applied' ELSE 'failed' END", "version"),
        Framework::Refinery => ("version::text", "'applied'", "version"),
        Framework::NodePgMigrate => ("name::text", "'applied'", "run_on, id"),
    };
    let which = match place.framework {
        // Repeatable scripts have no version, and cannot be undone.
        Framework::Flyway => "version IS NOT NULL AND type <> 'SCHEMA'",
        _ => "true",
    };
    format!(
        "SELECT {revision} AS revision, {stands} AS stands FROM {} WHERE {which} ORDER BY {order}",
        place.table.quoted()
    )
}

/// Whether Liquibase says that somebody migrates. Asked so that nothing fails where its table is not there: an error would
/// end the transaction that the caller reads in.
async fn is_locked(client: &Client, place: &Place) -> Result<bool, PortError> {
    let what = "could not read the lock of Liquibase";
    let mut lock = place.table.clone();
    lock.name = "databasechangeloglock".to_owned();
    let there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&lock.quoted()]).await;
    if !there.map_err(|error| failed(what, &error))?.get::<_, bool>(0) {
        return Ok(false);
    }
    let query = format!("SELECT EXISTS (SELECT FROM {} WHERE locked)", lock.quoted());
    Ok(client.query_one(&query, &[]).await.map_err(|error| failed(what, &error))?.get(0))
}
