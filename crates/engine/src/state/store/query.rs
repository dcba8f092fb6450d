//! Questions beyond the port: for people who look, and for the engine when it starts.

use backout_core::id::EnvironmentName;
use backout_core::inventory::Graded;
use backout_core::port::{Store, StoreError};
use rusqlite::Connection;

use super::fault::Fault;
use super::rows::{self, RawRecord, Selection, Which};
use super::runs::{self, RUN_KINDS, RunSummary};
use super::sqlite::SqliteStore;
use super::verify::{self, ChainReport};
use crate::past;

/// The kinds that checkpoints are made of.
const CHECKPOINT_KINDS: [&str; 3] = ["checkpoint_taken", "graded", "checkpoint_released"];

/// How many digits a day has in an identifier.
const DAY: usize = 8;

/// What an identifier, or the beginning of one, stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// Exactly this.
    One(T),
    /// Nothing.
    NotFound,
    /// Any of these, oldest first: more of it is needed.
    Several(Vec<T>),
}

impl<T> Lookup<T> {
    /// An identifier that is typed in full wins over those that it is the beginning of. The part before the first `-`
    /// may be left out, where a whole day is typed: a shorter number is a revision to whoever types it.
    fn among(all: Vec<T>, typed: &str, id: impl Fn(&T) -> &str) -> Self {
        if typed.is_empty() {
            return Self::NotFound;
        }
        let is_day = typed.len() >= DAY;
        let begins = |id: &str| {
            id.starts_with(typed) || is_day && id.split_once('-').is_some_and(|(_, rest)| rest.starts_with(typed))
        };
        let mut found: Vec<T> = all.into_iter().filter(|item| begins(id(item))).collect();
        if let Some(exact) = found.iter().position(|item| id(item) == typed) {
            return Self::One(found.swap_remove(exact));
        }
        match found.len() {
            0 => Self::NotFound,
            1 => found.pop().map_or(Self::NotFound, Self::One),
            _ => Self::Several(found),
        }
    }
}

impl SqliteStore {
    /// Proves the chain of records.
    ///
    /// # Errors
    /// [`StoreError::Broken`] with the first record that does not fit.
    pub async fn verify_chain(&self) -> Result<ChainReport, StoreError> {
        let head = self.head.clone();
        self.blocking("verify", move |connection| verify::chain(connection, &head)).await
    }

    /// Records as they are stored, oldest first; never fails on what a newer version has written.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn raw_records(&self, which: Which) -> Result<Vec<RawRecord>, StoreError> {
        let selection = Selection::new(which, &[]);
        self.blocking("read", move |connection| rows::raw(connection, &selection)).await
    }

    /// The runs of an environment, oldest first.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn runs(&self, environment: &EnvironmentName) -> Result<Vec<RunSummary>, StoreError> {
        Ok(runs::runs(&self.records(environment, &RUN_KINDS).await?))
    }

    /// The runs of an environment that have not ended: running, waiting or interrupted.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn open_runs(&self, environment: &EnvironmentName) -> Result<Vec<RunSummary>, StoreError> {
        let mut runs = self.runs(environment).await?;
        runs.retain(|run| run.ending.is_none());
        Ok(runs)
    }

    /// The run, of any environment, whose identifier begins so; `run-` may be left out.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn find_run(&self, typed: &str) -> Result<Lookup<RunSummary>, StoreError> {
        let records = self.read(Selection::new(Which::All, &RUN_KINDS)).await?;
        Ok(Lookup::among(runs::runs(&records), typed, |run| run.id.as_str()))
    }

    /// The checkpoints of an environment with their grades, oldest first.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn checkpoints(&self, environment: &EnvironmentName) -> Result<Vec<Graded>, StoreError> {
        Ok(past::checkpoints(&self.records(environment, &CHECKPOINT_KINDS).await?))
    }

    /// The checkpoint, of any environment, whose identifier begins so; `cp-` may be left out.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn find_checkpoint(&self, typed: &str) -> Result<Lookup<Graded>, StoreError> {
        let records = self.read(Selection::new(Which::All, &CHECKPOINT_KINDS)).await?;
        Ok(Lookup::among(past::checkpoints(&records), typed, |graded| graded.checkpoint.id.as_str()))
    }
}

/// The environments that there are records of, by name.
pub(super) fn environments(connection: &Connection) -> Result<Vec<String>, Fault> {
    let mut statement = connection.prepare("SELECT DISTINCT environment FROM record ORDER BY environment")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}
