//! What must hold before a swap changes anything, and what it will need while nobody can write.

use backout_core::port::PortError;
use tokio_postgres::Client;

use super::names::{Names, Standing};
use super::sequences;
use crate::beside::access;
use crate::marks::Marked;
use crate::words::{failed, quoted};

/// What is known before the freeze, so that nothing need be read during it.
pub(super) struct Prepared {
    /// The database that is replaced.
    pub(super) live: Marked,
    /// What takes its place.
    pub(super) copy: Marked,
    /// The statements that open the copy to applications.
    pub(super) opening: Vec<String>,
    /// Logical slots of others on the database: name and plugin.
    pub(super) slots: Vec<(String, String)>,
    /// Its subscriptions that are enabled.
    pub(super) subscriptions: Vec<String>,
    /// How many sessions the server takes.
    pub(super) sessions: i64,
}

/// Looks at everything, and refuses what would fail or lose something later.
pub(super) async fn prepare(client: &Client, names: &Names, standing: Standing) -> Result<Prepared, PortError> {
    let Some(copy) = standing.copy.clone() else { return Err(standing.obstacle(names)) };
    let live = standing.live;
    let is_verified = copy.marks.copy.as_ref().is_some_and(|mark| mark.verified.is_some());
    if !is_verified && copy.marks.kept.is_none() {
        return Err(PortError::new(format!(
            "`{}` does not bear our mark that it was verified: it stays where it is",
            copy.dbname
        ))
        .hint("restore it beside again, so that it is verified"));
    }
    if !live.takes_connections {
        return Err(PortError::new(format!(
            "`{}` takes no connections, and it was not `backout` that closed it",
            live.dbname
        ))
        .hint(format!("when that is over: `ALTER DATABASE {} ALLOW_CONNECTIONS true`", quoted(&live.dbname))));
    }
    may(client, &live).await?;
    no_prepared_transactions(client, &live.dbname).await?;
    let slots = slots(client, &live.dbname).await?;
    if !slots.is_empty() && !names.breaks_slots {
        let slots: Vec<&str> = slots.iter().map(|(name, _)| name.as_str()).collect();
        return Err(PortError::new(format!("logical slots stand on `{}`: {}", live.dbname, slots.join(", "))).hint(
            "they stay with the database that is put aside, and their readers must start over: `--break-slots` makes them anew on the restored one",
        ));
    }
    let subscriptions = subscriptions(client, live.oid).await?;
    let opening = opening(client, &copy).await?;
    let sessions = sequences::sessions(client).await?;
    Ok(Prepared { live, copy, opening, slots, subscriptions, sessions })
}

/// Refuses where something of others stands on a database that is to be dropped.
pub(crate) async fn unhindered(client: &Client, live: &Marked) -> Result<(), PortError> {
    may(client, live).await?;
    no_prepared_transactions(client, &live.dbname).await?;
    let (slots, subscriptions) = (slots(client, &live.dbname).await?, subscriptions(client, live.oid).await?);
    let names: Vec<String> = slots.into_iter().map(|(name, _)| name).chain(subscriptions).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(PortError::new(format!("replication stands on `{}`: {}", live.dbname, names.join(", ")))
        .hint("drop the slots and subscriptions first: they cannot outlive the database"))
}

/// Statements that make a closed database as it shall be for applications.
pub(crate) async fn opening(client: &Client, copy: &Marked) -> Result<Vec<String>, PortError> {
    let opening = copy.opening();
    let mut statements = access::opened(client, copy, opening.acl.as_deref()).await?;
    let name = quoted(&copy.dbname);
    let read_only = match &opening.read_only {
        None => format!("ALTER DATABASE {name} RESET default_transaction_read_only"),
        Some(value) => {
            format!("ALTER DATABASE {name} SET default_transaction_read_only = {}", crate::words::literal(value))
        }
    };
    statements
        .push(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true CONNECTION LIMIT {}", opening.connection_limit));
    statements.push(read_only);
    Ok(statements)
}

/// Whether this role may do it: a superuser, or an owner who may create databases.
async fn may(client: &Client, live: &Marked) -> Result<(), PortError> {
    let query = "SELECT r.rolsuper, r.rolsuper OR (r.rolcreatedb AND pg_has_role(d.datdba, 'USAGE')), r.rolname::text \
                 FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.oid = $1";
    let row = client.query_one(query, &[&live.oid]).await;
    let row = row.map_err(|error| failed("could not read the rights of our role", &error))?;
    if row.get(1) {
        return Ok(());
    }
    let role: String = row.get(2);
    Err(PortError::new(format!("role `{role}` may not rename database `{}`", live.dbname)).hint(format!(
        "it must own it and be allowed to create databases: `ALTER ROLE {} CREATEDB`; or name another one: `postgres: {{ admin: … }}`",
        quoted(&role)
    )))
}

/// Refuses where a prepared transaction holds the database: it can neither be renamed nor the transaction thrown away.
pub(super) async fn no_prepared_transactions(client: &Client, dbname: &str) -> Result<(), PortError> {
    let rows = client.query("SELECT gid FROM pg_prepared_xacts WHERE database = $1 ORDER BY gid", &[&dbname]).await;
    let rows = rows.map_err(|error| failed("could not list the prepared transactions", &error))?;
    let gids: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if gids.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = gids.iter().map(|gid| format!("`{gid}`")).collect();
    Err(PortError::new(format!("prepared transactions hold `{dbname}`: {}", names.join(", ")))
        .hint("whoever prepared them must end each: `COMMIT PREPARED '…'` or `ROLLBACK PREPARED '…'` in that database"))
}

/// Logical slots on a database that are not our own: ours keep what happened to the database that is put aside.
async fn slots(client: &Client, dbname: &str) -> Result<Vec<(String, String)>, PortError> {
    let query = "SELECT slot_name::text, plugin::text FROM pg_replication_slots WHERE database = $1 \
                 AND slot_type = 'logical' AND NOT starts_with(slot_name::text, 'backout_') AND NOT temporary ORDER BY 1";
    let rows = client.query(query, &[&dbname]).await;
    let rows = rows.map_err(|error| failed("could not list the replication slots", &error))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn subscriptions(client: &Client, database: u32) -> Result<Vec<String>, PortError> {
    let query = "SELECT subname::text FROM pg_subscription WHERE subdbid = $1 AND subenabled ORDER BY 1";
    let rows = client.query(query, &[&database]).await;
    let rows = rows.map_err(|error| failed("could not list the subscriptions", &error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
