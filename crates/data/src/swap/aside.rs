//! What is done after the names were exchanged: queries let through, replicas' sessions ended, the damaged database
//! locked.

use std::time::Duration;

use backout_core::port::PortError;
use tokio::time::Instant;
use tokio_postgres::Client;

use super::freeze::change;
use super::sessions;
use crate::beside::access;
use crate::marks::Marked;
use crate::words::{failed, quoted};
use crate::{Session, Target};

/// How many sessions may look at a database that is kept.
const LOOKERS: u32 = 5;
/// How long a replica may take to come to the swap.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(15);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Closes the database that was put aside to everybody but the administrating role, which may only read.
pub(super) async fn lock(client: &Client, aside: &Marked) -> Result<(), PortError> {
    let mut locked = aside.clone();
    locked.marks.closed = Some(aside.opening());
    if let Some(kept) = &mut locked.marks.kept {
        kept.locked = true;
    }
    let name = quoted(&aside.dbname);
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(access::closed(client, aside).await?);
    statements.push(format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    statements.push(locked.statement(&aside.dbname));
    statements.push(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true CONNECTION LIMIT {LOOKERS}"));
    statements.push("COMMIT".to_owned());
    let changed = change(client, &statements.join("; ")).await;
    changed.map_err(|error| failed(&format!("`{}` was put aside, but could not be locked", aside.dbname), &error))
}

/// Ends the sessions on every configured replica that still read the database put aside: they would do so for ever, and
/// without an error. Answers with a sentence for each that it could not be done on.
pub(super) async fn cut_replicas(target: &Target, client: &Client, aside: u32) -> Result<Vec<String>, PortError> {
    let row = client.query_one("SELECT pg_current_wal_insert_lsn()::text", &[]).await;
    let lsn: String = row.map_err(|error| failed("could not read the log's position", &error))?.get(0);
    let mut trouble = Vec::new();
    for (number, url) in target.configured.replicas.iter().enumerate() {
        if let Err(error) = cut(target, url, &lsn, aside).await {
            trouble.push(format!(
                "replica {} may still serve the database that was put aside, to sessions that were open: {}",
                number + 1,
                error.what
            ));
        }
    }
    Ok(trouble)
}

async fn cut(
    target: &Target,
    url: &backout_core::config::SecretOrText,
    lsn: &str,
    aside: u32,
) -> Result<(), PortError> {
    let address = target.read(url).await?;
    let session: Session = match address.to_database("postgres").connect().await {
        Ok(session) => session,
        Err(_) => address.to_database("template1").connect().await?,
    };
    let deadline = Instant::now() + CAUGHT_UP_WITHIN;
    loop {
        let query = "SELECT NOT pg_is_in_recovery() OR coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)";
        let row = session.query_one(query, &[&lsn]).await;
        let has_come: bool = row.map_err(|error| failed("it cannot be asked how far it is", &error))?.get(0);
        if has_come {
            return sessions::end(&session, &[aside], &[]).await;
        }
        if Instant::now() >= deadline {
            // Whoever reconnects gets the old one again until the replica has come so far.
            sessions::end(&session, &[aside], &[]).await?;
            return Err(PortError::new(format!("it has not come to {lsn} within {CAUGHT_UP_WITHIN:?}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
