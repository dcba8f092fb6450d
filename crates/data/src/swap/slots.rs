//! Logical slots of others: given up on the database that is put aside, and made anew where writing goes on.

use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::words::failed;

/// Drops slots and makes them anew in the restored database, before anybody writes there. A slot that cannot be made in time
/// is an error: nothing was renamed yet.
pub(super) async fn moved(client: &Client, copy: &Client, slots: &[(String, String)]) -> Result<(), PortError> {
    for (name, plugin) in slots {
        let what = format!("logical slot `{name}` could not be made anew");
        let drop = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots \
                    WHERE slot_name::text = $1 AND database <> $2";
        let database = copy.query_one("SELECT current_database()::text", &[]).await;
        let database: String = database.map_err(|error| failed(&what, &error))?.get(0);
        client.query(drop, &[name, &database]).await.map_err(|error| failed(&what, &error))?;
        let make = "SELECT pg_create_logical_replication_slot($1::text::name, $2::text::name) \
                    WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name::text = $1)";
        copy.query(make, &[name, plugin]).await.map_err(|error| {
            failed(&what, &error).hint(format!(
                "it is gone: make it by hand, and let its reader take a new snapshot: `{name}`, plugin `{plugin}`"
            ))
        })?;
    }
    Ok(())
}
