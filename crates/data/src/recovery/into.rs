//! Recovers to a moment, and copies from there.

use backout_core::data::{ObjectName, RecoveryTarget};
use backout_core::port::{PortError, Progress};
use jiff::Timestamp;

use super::base::{leading_to, said};
use super::copy::copy;
use super::physical::keeper;
use super::point::{archived_until_now, archives};
use super::side::{Failure, Side, empty};
use crate::{Address, Session, Target};

/// What is wanted of a moment.
pub(crate) struct Wanted<'a> {
    /// The moment.
    pub(crate) moment: &'a RecoveryTarget,
    /// When that was, where it is known otherwise: base backups that ended later need not be tried.
    pub(crate) about: Option<Timestamp>,
    /// The rows of these tables only; empty is all. Definitions come in any case, but for foreign keys and triggers where
    /// only some tables are wanted.
    pub(crate) tables: &'a [ObjectName],
    /// Looks on: bytes that were copied.
    pub(crate) progress: &'a dyn Progress,
}

/// What a recovery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// The base backup that it started from.
    pub(crate) base: String,
    /// Where it stopped, as the server said: `at restore point "b-1", time 2026-11-21 06:00:00+00`.
    pub(crate) stopped: String,
}

/// Recovers the cluster of `target` to a moment on a server of our own, and copies the database from there into the
/// existing empty database at `to`.
///
/// # Errors
/// No base backup that leads there, a log that has a gap or ends before, a cluster that is another one; the first error of
/// the copy. Nothing but the database at `to` was changed.
pub(crate) async fn into(target: &Target, to: &Address, wanted: &Wanted<'_>) -> Result<Recovered, PortError> {
    let keeper = keeper(target)?;
    let live = to.connect().await?;
    let cluster = system_identifier(&live).await;
    // The moment may be in the segment that is being written: it is archived first.
    let not_archived = if archives(&live).await? { archived_until_now(&live).await } else { None };
    drop(live);
    let mut server = Some(empty(target)?);
    let bases = match &server {
        Some(server) => keeper.bases(server).await?,
        None => Vec::new(),
    };
    let bases = leading_to(bases, wanted.moment, wanted.about)?;
    // Where it is not known which base backups are too new, each is tried.
    let is_unsure =
        wanted.about.is_none() && matches!(wanted.moment, RecoveryTarget::Name { .. } | RecoveryTarget::Xid { .. });
    let mut last = PortError::new(format!("{} cannot be recovered to", said(wanted.moment)));
    for base in bases.into_iter().take(if is_unsure { usize::MAX } else { 1 }) {
        let server = match server.take() {
            Some(server) => server,
            None => empty(target)?,
        };
        match Side::recover(server, keeper.as_ref(), &base, wanted.moment, cluster.as_deref()).await {
            Ok(side) => {
                copy(target, &side, to, wanted.tables, wanted.progress).await?;
                return Ok(Recovered { base: base.name, stopped: side.stopped });
            }
            Err(Failure::NotReached(error)) => last = error,
            Err(Failure::Other(error)) => return Err(error),
        }
    }
    Err(match not_archived {
        Some(why) => PortError { what: format!("{} ({why})", last.what), hint: last.hint },
        None => last,
    })
}

/// Which cluster a server serves; `None` where we may not know.
async fn system_identifier(session: &Session) -> Option<String> {
    let ask = "SELECT system_identifier::text FROM pg_control_system()";
    Some(session.query_one(ask, &[]).await.ok()?.get(0))
}
