//! Large objects: files within the database, which no table counts.

use backout_core::data::LargeObjects;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::look::catalog::{row, scanning};

/// How many there are, and a hash over their numbers and contents. They are read as any role reads them, so that the hash
/// is the same for everybody: what the pages hold where a hole was left changes with a restore. The hash is `None` where
/// there are none, and where one may not be read or is larger than a value can be (1 GiB).
///
/// # Errors
/// Where the catalogs cannot be read.
pub(crate) async fn large_objects(client: &Client) -> Result<LargeObjects, PortError> {
    let what = "the large objects";
    let count = row(client, what, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata").await?;
    let count = count.get::<_, i64>(0).unsigned_abs();
    if count == 0 {
        return Ok(LargeObjects::default());
    }
    let query = "SELECT sum(hashtextextended(oid || ':' || md5(lo_get(oid)), 0))::text FROM pg_largeobject_metadata";
    let hash = scanning(client, async { Ok(row(client, what, query).await?.get::<_, Option<String>>(0)) }).await;
    Ok(LargeObjects { count, hash: hash.ok().flatten() })
}
