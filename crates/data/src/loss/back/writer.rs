//! Writes decided rows of one table, in batches; a batch that fails is tried row by row, so that one row costs no other.

use backout_core::data::{LostRow, Operation, Values};
use backout_core::port::PortError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error};

use super::statements::{self, Cascade};
use crate::loss::rows::shape::Shape;
use crate::loss::rows::side::key_of;
use crate::words::failed;

/// A lost row, and what is in use under its key.
#[derive(Debug, Clone)]
pub(super) struct Decided {
    pub(super) lost: LostRow,
    pub(super) in_use: Option<Values>,
}

/// What became of a row.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was written.
    Written(Decided),
    /// It refers to something that may come yet, or is referred to by something that may go yet.
    Pending(Decided),
    /// It cannot be written; in words.
    Refused(Decided, String),
}

/// Writes rows of one table within the transaction that `client` is in.
pub(super) struct Writer<'a> {
    pub(super) client: &'a Client,
    pub(super) shape: &'a Shape,
    pub(super) cascades: &'a [Cascade],
}

impl Writer<'_> {
    /// Writes rows that all come to the same operation.
    pub(super) async fn write(&self, op: Operation, rows: Vec<Decided>) -> Result<Vec<Outcome>, PortError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        if rows.len() > 1 && matches!(self.attempt(op, &rows).await?, Ok(written) if written == rows.len()) {
            return Ok(rows.into_iter().map(Outcome::Written).collect());
        }
        let mut outcomes = Vec::new();
        for row in rows {
            let attempt = self.attempt(op, std::slice::from_ref(&row)).await?;
            outcomes.push(match attempt {
                Ok(1) => Outcome::Written(row),
                Ok(_) if op == Operation::Deleted => Outcome::Pending(row),
                Ok(_) => Outcome::Refused(row, stands_in_the_way(op).to_owned()),
                Err(error) if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => Outcome::Pending(row),
                Err(error) => Outcome::Refused(row, failed("the server refuses it", &error).to_string()),
            });
        }
        Ok(outcomes)
    }

    /// Tries rows all or none: how many were written where all were, else what was left undone again.
    async fn attempt(&self, op: Operation, rows: &[Decided]) -> Result<Result<usize, Error>, PortError> {
        let wrong = |error| failed(&format!("could not write to `{}`", self.shape.name), &error);
        self.client.batch_execute("SAVEPOINT backout").await.map_err(wrong)?;
        let (statement, arrays) = self.statement(op, rows);
        let arrays: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
        let written = self.client.execute(&statement, &arrays).await;
        let written = written.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let end = match &written {
            Ok(count) if *count == rows.len() => "RELEASE SAVEPOINT backout",
            Err(error) if error.as_db_error().is_none() => return written.map(Ok).map_err(wrong),
            _ => "ROLLBACK TO SAVEPOINT backout; RELEASE SAVEPOINT backout",
        };
        self.client.batch_execute(end).await.map_err(wrong)?;
        Ok(written)
    }

    fn statement(&self, op: Operation, rows: &[Decided]) -> (String, Vec<Vec<Option<String>>>) {
        let shape = self.shape;
        let keys = || {
            let all: Vec<Vec<String>> = rows.iter().map(|row| key_of(shape, &row.lost.key)).collect();
            (0..shape.key.len()).map(move |part| all.iter().map(|key| Some(key[part].clone())).collect()).collect()
        };
        let value = |row: &Decided, name: &str| row.lost.row.as_ref().and_then(|row| row.get(name).cloned().flatten());
        let column = |name: &str| rows.iter().map(|row| value(row, name)).collect::<Vec<_>>();
        match op {
            Operation::Inserted => {
                let arrays = statements::inserted(shape).map(|part| column(&part.name)).collect();
                (statements::insert(shape), arrays)
            }
            Operation::Updated => {
                let mut arrays: Vec<Vec<Option<String>>> = keys();
                arrays.extend(statements::updated(shape).map(|part| column(&part.name)));
                (statements::update(shape), arrays)
            }
            Operation::Deleted => (statements::delete(shape, self.cascades), keys()),
        }
    }
}

fn stands_in_the_way(op: Operation) -> &'static str {
    match op {
        Operation::Inserted => "another row has its key, or a value that only one row may have",
        Operation::Updated => "it was deleted meanwhile",
        Operation::Deleted => "rows of other tables would go with it",
    }
}
