//! Carries sequences on, so that the restored database hands out no number twice.

use backout_core::data::Sequence;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::words::failed;

/// How many sessions the server takes.
pub(super) async fn sessions(client: &Client) -> Result<i64, PortError> {
    let row = client.query_one("SELECT current_setting('max_connections')::int8", &[]).await;
    Ok(row.map_err(|error| failed("could not read `max_connections`", &error))?.get(0))
}

/// Sets the sequences of the restored database on from where those of the damaged one stand, and says how many moved.
/// One statement, because nobody can write meanwhile.
pub(super) async fn carry_on(
    restored: (&Client, &[Sequence]),
    damaged: &[Sequence],
    sessions: i64,
) -> Result<usize, PortError> {
    let (client, own) = restored;
    let moved = own.iter().filter_map(|own| {
        let theirs = damaged.iter().find(|theirs| theirs.name == own.name)?;
        Some((own.name.quoted(), own.carried_on(theirs, sessions)?))
    });
    let (names, values): (Vec<String>, Vec<i64>) = moved.unzip();
    let set = "SELECT setval(x.name::regclass, x.value, true) FROM unnest($1::text[], $2::int8[]) AS x(name, value)";
    let set = client.query(set, &[&names, &values]).await;
    set.map_err(|error| failed("could not carry the sequences on", &error))?;
    Ok(names.len())
}
