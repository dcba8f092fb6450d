//! How many rows single tables have.

use backout_core::data::ObjectName;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::look::catalog::{row, scanning};

/// The rows of each of `tables`, those of tables that inherit from it left out.
///
/// # Errors
/// A table that is not there or cannot be read.
pub(crate) async fn row_counts(client: &Client, tables: &[ObjectName]) -> Result<Vec<(ObjectName, u64)>, PortError> {
    scanning(client, async {
        let mut counts = Vec::new();
        for table in tables {
            let query = format!("SELECT count(*) FROM ONLY {}", table.quoted());
            let counted = row(client, &format!("the rows of `{table}`"), &query).await?;
            counts.push((table.clone(), counted.get::<_, i64>(0).unsigned_abs()));
        }
        Ok(counts)
    })
    .await
}
