//! How many rows tables had before they were replaced, and how many they got.

use backout_core::data::{DataProof, ObjectName, TableRows};
use backout_core::port::PortError;

use super::replace::kept_as;
use crate::Target;
use crate::look::contents::row_counts;

/// Counts what is kept of each table, and what the copy has of it: nobody writes to either. Where they cannot be counted it
/// says so: what was replaced is no worse for it.
pub(in crate::beside) async fn counted(target: &Target, copy: &str, tables: &[ObjectName], kept_in: &str) -> DataProof {
    match rows(target, copy, tables, kept_in).await {
        Ok(rows) => DataProof { rows, ..DataProof::default() },
        Err(error) => DataProof::uncounted(error.to_string()),
    }
}

async fn rows(target: &Target, copy: &str, tables: &[ObjectName], kept_in: &str) -> Result<Vec<TableRows>, PortError> {
    let live = target.admin(target.admin_address().await?.dbname()).await?;
    let kept: Vec<ObjectName> = tables.iter().map(|table| kept_as(table, kept_in)).collect();
    let before = row_counts(&live, &kept).await?;
    let after = row_counts(&*target.admin(copy).await?, tables).await?;
    let before = tables.iter().cloned().zip(before.into_iter().map(|(_, rows)| rows));
    Ok(TableRows::between(before, after))
}
