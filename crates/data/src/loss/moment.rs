//! Where the server stands now.

use backout_core::data::Moment;
use backout_core::port::PortError;
use jiff::Timestamp;
use tokio_postgres::Client;

use crate::words::failed;

/// Where the server that `client` is connected to stands, and how far its log is from `lsn`. What the role may not ask, and what a replica does not know, is
/// left out.
pub(super) async fn moment(client: &Client, lsn: Option<&str>) -> Result<Moment, PortError> {
    let asked =
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8, pg_snapshot_xmax(pg_current_snapshot())::text";
    let row = client.query_one(asked, &[]).await;
    let row = row.map_err(|error| failed("could not ask where the server stands", &error))?;
    let at = Timestamp::from_millisecond(row.get(0)).map_err(|error| PortError::new(format!("its clock: {error}")))?;
    let next_transaction = row.get::<_, String>(1).parse().unwrap_or_default();
    let asked = "SELECT system_identifier::text FROM pg_control_system()";
    let system_identifier = client.query_one(asked, &[]).await.ok().map(|row| row.get(0));
    let log_bytes = match lsn {
        None => None,
        Some(lsn) => {
            let asked = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::text::pg_lsn)::int8";
            client.query_one(asked, &[&lsn]).await.ok().map(|row| row.get(0))
        }
    };
    Ok(Moment { at, next_transaction, system_identifier, log_bytes })
}
