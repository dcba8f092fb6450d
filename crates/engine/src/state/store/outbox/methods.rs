//! What the store does with its outbox.

use std::time::Duration;

use backout_core::id::{EnvironmentName, NotifierName};
use backout_core::port::StoreError;
use jiff::Timestamp;
use rusqlite::params;

use super::claimed::{Claim, claim};
use super::gathered::{Audience, due, gather, put};
use super::listed::{OutboxRow, list};
use crate::state::store::sqlite::SqliteStore;

impl SqliteStore {
    /// Begins to tell of an environment: of what is recorded from now on, unless that was begun before.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn begin_telling(&self, environment: &EnvironmentName) -> Result<(), StoreError> {
        let environment = environment.clone();
        self.writing("write to the outbox of", move |transaction| {
            let sql = "INSERT OR IGNORE INTO told SELECT ?1, coalesce(max(seq), 0) FROM record";
            Ok(transaction.execute(sql, [environment.as_str()]).map(drop)?)
        })
        .await
    }

    /// Puts the notices of new records into the outbox, and gives up what is too old.
    ///
    /// # Errors
    /// Where the journal cannot be read or written.
    pub async fn gather(&self, audience: &Audience, now: Timestamp) -> Result<(), StoreError> {
        let audience = audience.clone();
        self.writing("write to the outbox of", move |transaction| gather(transaction, &audience, now)).await
    }

    /// Puts what is to be told by now, because nobody has done what was to be done, into the outbox: once, however often it
    /// is asked for.
    ///
    /// # Errors
    /// Where the journal cannot be read or written.
    pub async fn remind(&self, audience: &Audience, now: Timestamp) -> Result<(), StoreError> {
        let asked = audience.clone();
        // Mostly there is nothing, and nobody is kept from writing to find that out.
        let due = self.blocking("read the records of", move |connection| due(connection, &asked, now)).await?;
        if due.is_empty() {
            return Ok(());
        }
        self.writing("write to the outbox of", move |transaction| {
            due.iter().try_for_each(|timed| put(transaction, &timed.notice, &timed.to, now))
        })
        .await
    }

    /// Claims the next notice for one who is told, until a time.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn claim(
        &self,
        to: (&EnvironmentName, &NotifierName),
        holder: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        let (environment, notifier, holder) = (to.0.clone(), to.1.clone(), holder.to_owned());
        self.writing("write to the outbox of", move |transaction| {
            claim(transaction, (&environment, &notifier), holder, (now, lease))
        })
        .await
    }

    /// Makes everything that waits due now: somebody has mended what was in its way.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn hurry(&self, environment: &EnvironmentName, now: Timestamp) -> Result<(), StoreError> {
        let environment = environment.clone();
        self.writing("write to the outbox of", move |transaction| {
            let sql = "UPDATE outbox SET due_ms = min(due_ms, ?2) WHERE environment = ?1 AND state = 'waiting'";
            transaction.execute(sql, params![environment.as_str(), now.as_millisecond()])?;
            Ok(())
        })
        .await
    }

    /// The outbox of an environment, oldest first.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn outbox(&self, environment: &EnvironmentName) -> Result<Vec<OutboxRow>, StoreError> {
        let environment = environment.clone();
        self.blocking("read the outbox of", move |connection| list(connection, &environment)).await
    }
}
