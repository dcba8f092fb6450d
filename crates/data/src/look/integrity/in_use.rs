//! Whether a database is sound while it is used.

use std::time::Duration;

use backout_core::policy::{Check, Verdict};
use backout_core::port::PortError;

use super::report::check;
use super::{amcheck, checksums, collations};
use crate::Target;
use crate::words::failed;

/// What is told in one line where nothing could be looked at, or not all of it.
const NAME: &str = "indexes and pages are sound";

/// Indexes against their tables, and pages, read for as long as `within`; collations that sort otherwise than when indexes
/// were built; and pages without their checksum, where the server keeps any. An index is locked against changes of its
/// definition while it is read, and no longer.
pub(crate) async fn soundness(target: &Target, within: Duration) -> Vec<Check> {
    let looked = looked(target, within).await;
    looked.unwrap_or_else(|error| vec![check(NAME, Verdict::Unmeasurable, error.to_string())])
}

async fn looked(target: &Target, within: Duration) -> Result<Vec<Check>, PortError> {
    let dbname = target.admin_address().await?.dbname().to_owned();
    let session = target.admin(&dbname).await?;
    let mut checks = vec![collations(&session).await];
    checks.extend(Some(checksums(&session).await).filter(|check| check.verdict != Verdict::Unmeasurable));
    let pid = session.query_one("SELECT pg_backend_pid()", &[]).await;
    let pid: i32 = pid.map_err(|error| failed("could not read the number of a session", &error))?.get(0);
    tokio::select! {
        read = amcheck(&session) => checks.extend(read),
        () = target.clock.sleep(within) => {
            // The server would go on reading for nobody.
            let ended = target.maintenance().await?.query("SELECT pg_terminate_backend($1)", &[&pid]).await;
            ended.map_err(|error| failed("could not end the reading of indexes", &error))?;
            let what = format!(
                "reading all of them takes longer than {} s; `pg_amcheck --heapallindexed {dbname}` has the time",
                within.as_secs()
            );
            checks.push(check(NAME, Verdict::Unmeasurable, what));
        }
    }
    Ok(checks)
}
