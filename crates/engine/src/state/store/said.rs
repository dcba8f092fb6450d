//! What is said about incidents and plans, and who was told: records beside whatever goes on.
//!
//! Architecture invariant: a person can write a note while a run holds the environment, and a run never waits for one: these
//! records are appended without a lease, each in a transaction of its own. They are in the same chain as all others, and change
//! nothing of what a run may do next: what people say of its plan counts once the run that waits has recorded what it came to.

use backout_core::id::{EnvironmentName, RunId};
use backout_core::incident::{self, Told};
use backout_core::journal::{Body, Record};
use backout_core::policy::Approval;
use backout_core::port::StoreError;
use jiff::Timestamp;
use rusqlite::Connection;

use super::fault::Fault;
use super::head;
use super::outbox::{Claimed, Settled, settle};
use super::rows::{self, Entry};
use super::sqlite::{SqliteStore, write};

impl SqliteStore {
    /// Records what somebody says about an incident.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn say(&self, environment: &EnvironmentName, entry: &incident::Entry) -> Result<Record, StoreError> {
        let body = Body::Incident { entry: Box::new(entry.clone()) };
        self.beside(environment, None, &body).await
    }

    /// Records what somebody says about the plan of a run.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn agree(
        &self,
        environment: &EnvironmentName,
        run: &RunId,
        approval: Approval,
    ) -> Result<Record, StoreError> {
        self.beside(environment, Some(run), &Body::Approved { approval }).await
    }

    async fn beside(
        &self,
        environment: &EnvironmentName,
        run: Option<&RunId>,
        body: &Body,
    ) -> Result<Record, StoreError> {
        let (entry, head) = (Entry::new(environment, run.cloned(), body, self.clock.now())?, self.head.clone());
        self.blocking("append a record to", move |connection| {
            let record = write(connection, |transaction| rows::append(transaction, entry))?;
            head::advance(connection, &head, &record);
            Ok(record)
        })
        .await
    }

    /// Says how sending a claimed notice ended; where it was taken, it is recorded in the same transaction who was told.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn settle(
        &self,
        claimed: &Claimed,
        settled: Settled,
        told: Option<Told>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let told = told.filter(|_| matches!(settled, Settled::Sent(_))).map(|told| Body::Told { told: Box::new(told) });
        let entry = told.map(|body| Entry::new(&claimed.notice.environment, None, &body, now)).transpose()?;
        let (claimed, head) = (claimed.clone(), self.head.clone());
        self.blocking("write to the outbox of", move |connection: &mut Connection| {
            let record = write(connection, |transaction| {
                let is_ours = settle(transaction, &claimed, settled, now)?;
                entry.filter(|_| is_ours).map(|entry| rows::append(transaction, entry)).transpose()
            })?;
            if let Some(record) = &record {
                head::advance(connection, &head, record);
            }
            Ok::<(), Fault>(())
        })
        .await
    }
}
