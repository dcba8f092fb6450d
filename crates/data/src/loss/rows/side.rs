//! One of the two databases that are compared: two sessions that see the same moment of it.

use std::collections::{BTreeMap, HashMap};

use backout_core::data::{ObjectName, Values};
use backout_core::port::PortError;
use futures_util::TryStreamExt;
use tokio_postgres::{Client, Row};

use super::shape::{Shape, shapes};
use super::sql;
use crate::words::{failed, literal};
use crate::{Session, Target};

/// One of the two databases. Nothing is written through it.
pub(in crate::loss) struct Side {
    /// Its name.
    pub(in crate::loss) dbname: String,
    /// For long answers.
    pub(in crate::loss) stream: Session,
    /// For questions in between: a session answers one question at a time.
    pub(in crate::loss) look: Session,
    /// Its tables.
    pub(in crate::loss) shapes: BTreeMap<ObjectName, Shape>,
    /// Row versions older than this transaction were there when the database was opened; `None` where that is not known.
    pub(in crate::loss) boundary: Option<u32>,
}

/// A row that was found.
#[derive(Debug, Clone)]
pub(in crate::loss) struct Found {
    /// The transaction that wrote it, in 32 bits.
    pub(in crate::loss) xid: Option<u32>,
    /// Whether nobody wrote it since the boundary.
    pub(in crate::loss) is_untouched: bool,
    /// Its values.
    pub(in crate::loss) values: Values,
}

impl Side {
    /// Connects to `dbname`, and holds on to this moment of it.
    pub(in crate::loss) async fn open(target: &Target, dbname: &str) -> Result<Self, PortError> {
        let wrong = |error| failed(&format!("could not read `{dbname}`"), &error);
        let (stream, look) = (target.admin(dbname).await?, target.admin(dbname).await?);
        let begin = format!("{}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", sql::SETTINGS);
        stream.batch_execute(&begin).await.map_err(wrong)?;
        let snapshot: String = stream.query_one("SELECT pg_export_snapshot()", &[]).await.map_err(wrong)?.get(0);
        let begin = format!("{begin}; SET TRANSACTION SNAPSHOT {}", literal(&snapshot));
        look.batch_execute(&begin).await.map_err(wrong)?;
        let shapes = shapes(&look).await?;
        Ok(Self { dbname: dbname.to_owned(), stream, look, shapes, boundary: None })
    }

    /// The same with the boundary: the transaction that last changed the database's entry, which is the one that gave it its
    /// name or opened it. Everything that was restored is older; nobody could write before.
    pub(in crate::loss) async fn open_with_boundary(target: &Target, dbname: &str) -> Result<Self, PortError> {
        let mut side = Self::open(target, dbname).await?;
        let asked = "SELECT xmin::text FROM pg_database WHERE datname = current_database()";
        let row = side.look.query_one(asked, &[]).await;
        let row = row.map_err(|error| failed(&format!("could not read `{dbname}`"), &error))?;
        side.boundary = row.get::<_, String>(0).parse().ok();
        Ok(side)
    }

    /// The rows of `shape` with these keys, by the place of the key.
    pub(in crate::loss) async fn look_up(
        &self,
        shape: &Shape,
        keys: &[Vec<String>],
    ) -> Result<HashMap<usize, Found>, PortError> {
        look_up(&self.look, shape, &sql::look_up(shape, self.boundary, false), keys).await
    }
}

/// Asks `question`, made by [`sql::look_up`], for the rows with these keys.
pub(in crate::loss) async fn look_up(
    client: &Client,
    shape: &Shape,
    question: &str,
    keys: &[Vec<String>],
) -> Result<HashMap<usize, Found>, PortError> {
    let wrong = |error| failed(&format!("could not look rows of `{}` up", shape.name), &error);
    let arrays: Vec<Vec<&str>> =
        (0..shape.key.len()).map(|part| keys.iter().map(|key| key[part].as_str()).collect()).collect();
    let mut rows = std::pin::pin!(client.query_raw(question, arrays).await.map_err(wrong)?);
    let mut found = HashMap::new();
    while let Some(row) = rows.try_next().await.map_err(wrong)? {
        let place = usize::try_from(row.get::<_, i64>(0)).unwrap_or_default().saturating_sub(1);
        let values = values(shape, &row, 3);
        found.insert(place, Found { xid: xid(&row, 1), is_untouched: row.get(2), values });
    }
    Ok(found)
}

/// The values of a row whose columns start at `first`.
pub(in crate::loss) fn values(shape: &Shape, row: &Row, first: usize) -> Values {
    let columns = shape.columns.iter().enumerate();
    columns.map(|(index, column)| (column.name.clone(), row.get::<_, Option<String>>(first + index))).collect()
}

/// A transaction's number, as text in a row.
pub(in crate::loss) fn xid(row: &Row, index: usize) -> Option<u32> {
    row.get::<_, &str>(index).parse().ok()
}

/// The key of a row with these values.
pub(in crate::loss) fn key_of(shape: &Shape, values: &Values) -> Vec<String> {
    let value = |name: &String| values.get(name).cloned().flatten().unwrap_or_default();
    shape.key.iter().map(|part| value(&part.name)).collect()
}

/// The same with the names of its columns.
pub(in crate::loss) fn named_key(shape: &Shape, values: &Values) -> Values {
    let part = |name: &String| (name.clone(), values.get(name).cloned().flatten());
    shape.key.iter().map(|column| part(&column.name)).collect()
}
