//! How many constraints and indexes there are.

use std::collections::BTreeMap;

use backout_core::data::ConstraintCounts;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::look::catalog::{RELATION_COUNTS, qualified, row, rows};
use crate::look::schema::{CONSTRAINT_COUNTS, constraint_kind};

/// Constraints of tables by kind, and indexes that are valid: a restore that lost a primary key shows here.
///
/// # Errors
/// Where the catalogs cannot be read.
pub(crate) async fn constraints(client: &Client) -> Result<ConstraintCounts, PortError> {
    qualified(client, async {
        let query = format!(
            "SELECT k.contype::text, count(*), count(*) FILTER (WHERE NOT k.convalidated) FROM pg_constraint k \
             JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE {CONSTRAINT_COUNTS} AND {RELATION_COUNTS} GROUP BY 1"
        );
        let (mut by_kind, mut not_validated) = (BTreeMap::new(), 0);
        for found in &rows(client, "the constraints", &query).await? {
            let kind = found.get::<_, &str>(0).chars().next().and_then(constraint_kind);
            by_kind.extend(kind.map(|kind| (kind, found.get::<_, i64>(1).unsigned_abs())));
            not_validated += found.get::<_, i64>(2).unsigned_abs();
        }
        let query = format!(
            "SELECT count(*) FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE x.indisvalid AND {RELATION_COUNTS}"
        );
        let valid_indexes = row(client, "the indexes", &query).await?.get::<_, i64>(0).unsigned_abs();
        Ok(ConstraintCounts { by_kind, not_validated, valid_indexes })
    })
    .await
}
