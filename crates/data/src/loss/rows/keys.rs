//! The keys of one table, in an order that both sides share, streamed as the server copies them out.
//!
//! Contract: a key is held as the bytes that came, and taken apart only where it differs, so that a table of any size costs
//! one row of memory and no allocation a row. The format is that of `COPY … (FORMAT binary)`: a header, a count of fields and
//! the length of each before it, all in network order (PostgreSQL's documentation of `COPY`, "Binary Format").

use std::cmp::Ordering;
use std::pin::Pin;

use backout_core::port::PortError;
use futures_util::TryStreamExt;
use tokio_postgres::CopyOutStream;

use super::shape::{Kind, Shape};
use super::side::Side;
use super::sql;
use super::walk::Stops;
use crate::words::failed;

/// The signature that a copy starts with, and the flags after it.
const START: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0";

/// The keys of one side.
pub(super) struct Keys {
    rows: Pin<Box<CopyOutStream>>,
    is_begun: bool,
    kinds: Vec<Kind>,
    /// How many fields a row has: those of the key, and the hash where there is one.
    fields: usize,
    what: String,
}

/// A key, and the hash of its row where that was asked for.
#[derive(Debug)]
pub(super) struct Stop(Vec<u8>);

impl Keys {
    /// Starts to read those that are wanted.
    pub(super) async fn open(side: &Side, shape: &Shape, stops: Stops<'_>) -> Result<Self, PortError> {
        let what = format!("could not read the keys of `{}` in `{}`", shape.name, side.dbname);
        let question = format!("COPY ({}) TO STDOUT (FORMAT binary)", sql::keys(shape, stops));
        let rows = side.stream.copy_out(&question).await.map_err(|error| failed(&what, &error))?;
        let kinds: Vec<Kind> = shape.key.iter().map(|part| part.kind).collect();
        let fields = kinds.len() + usize::from(matches!(stops, Stops::Rows));
        Ok(Self { rows: Box::pin(rows), is_begun: false, kinds, fields, what })
    }

    /// Reads the next one into `stop`, whose room is used again. Whether there is one.
    pub(super) async fn next(&mut self, stop: &mut Stop) -> Result<bool, PortError> {
        stop.0.clear();
        while let Some(message) = self.rows.try_next().await.map_err(|error| failed(&self.what, &error))? {
            match self.row(&message)? {
                Some([]) => {}
                Some(row) => {
                    stop.0.extend_from_slice(row);
                    return Ok(true);
                }
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The fields of a row out of a message; none where it has only the header. `None` at the end.
    fn row<'m>(&mut self, message: &'m [u8]) -> Result<Option<&'m [u8]>, PortError> {
        let unreadable = || PortError::new(format!("{}: the server copied something else", self.what));
        let row = match self.is_begun {
            true => message,
            false => after_header(message).ok_or_else(unreadable)?,
        };
        let row = match row.split_first_chunk() {
            None if row.is_empty() => Some(row),
            Some((&[0xff, 0xff], _)) => None,
            Some((&count, row)) if usize::from(u16::from_be_bytes(count)) == self.fields => Some(row),
            _ => return Err(unreadable()),
        };
        self.is_begun = true;
        Ok(row)
    }

    /// Which of two keys comes first.
    pub(super) fn order(&self, one: &Stop, other: &Stop) -> Ordering {
        // Nearly all keys are on both sides.
        if one.0 == other.0 {
            return Ordering::Equal;
        }
        let parts = self.kinds.iter().zip(one.fields().zip(other.fields()));
        let orders = parts.map(|(kind, (one, other))| match kind {
            Kind::Integer => integer(one).cmp(&integer(other)),
            Kind::Native | Kind::Text | Kind::Other => one.cmp(other),
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }

    /// The key as texts.
    pub(super) fn texts(&self, stop: &Stop) -> Result<Vec<String>, PortError> {
        let text = |(kind, part): (&Kind, &[u8])| match kind {
            Kind::Integer => integer(part).map(|number| number.to_string()),
            Kind::Native | Kind::Text | Kind::Other => String::from_utf8(part.to_vec()).ok(),
        };
        let texts: Option<Vec<String>> = self.kinds.iter().zip(stop.fields()).map(text).collect();
        texts.ok_or_else(|| PortError::new(format!("{}: one of them is no text", self.what)))
    }
}

impl Stop {
    /// One that stands nowhere yet.
    pub(super) fn nowhere() -> Self {
        Self(Vec::new())
    }

    /// Whether the rows are equal, of two with equal keys: so are all that were read without their hashes.
    pub(super) fn is_same_row(&self, other: &Self, kinds: &Keys) -> bool {
        let parts = kinds.kinds.len();
        self.fields().skip(parts).eq(other.fields().skip(parts))
    }

    fn fields(&self) -> Fields<'_> {
        Fields(&self.0)
    }
}

/// The fields of a row.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (field, rest) = rest.split_at_checked(usize::try_from(i32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(field)
    }
}

fn after_header(message: &[u8]) -> Option<&[u8]> {
    let (extension, rest) = message.strip_prefix(START)?.split_first_chunk()?;
    rest.get(usize::try_from(u32::from_be_bytes(*extension)).ok()?..)
}

fn integer(field: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(field.try_into().ok()?))
}
