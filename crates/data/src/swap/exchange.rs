//! Exchanges two names, in one transaction that does nothing else that could wait.

use backout_core::port::PortError;
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Client;

use super::freeze::{Quiet, change};
use super::names::{Names, Stage, Standing};
use super::preflight::Prepared;
use super::sessions;
use crate::marks::{KeptMark, Marked, PlacedMark};
use crate::words::{failed, quoted};

/// How often it is tried.
const TRIES: u32 = 3;

/// Exchanges the names. `live` is the frozen database as it is marked now.
pub(super) async fn exchange(
    client: &Client,
    names: &Names,
    prepared: &Prepared,
    (live, quiet): (&Marked, &Quiet),
) -> Result<(), PortError> {
    let statements = statements(names, prepared, live, quiet);
    let mut last = None;
    for _ in 0..TRIES {
        sessions::end(client, &[live.oid, prepared.copy.oid], &[]).await?;
        let Err(error) = change(client, &statements).await else { return Ok(()) };
        // The answer to `COMMIT` may be what was lost.
        if Standing::read(client, names).await?.stage(names) == Stage::Swapped {
            return Ok(());
        }
        last = Some(error);
    }
    let what = format!("`{}` and `{}` could not exchange their names", names.live, names.copy);
    Err(last.map_or_else(|| PortError::new(what.clone()), |error| failed(&what, &error)))
}

/// The transaction as text. Privileges come before the names, so that nobody strays into a copy before it is the
/// database.
fn statements(names: &Names, prepared: &Prepared, live: &Marked, quiet: &Quiet) -> String {
    let (aside, placed) = marked(names, prepared, live, quiet);
    let (live, copy) = (quoted(&names.live), quoted(&names.copy));
    let mut statements = vec!["BEGIN".to_owned(), "SET LOCAL lock_timeout = '3s'".to_owned()];
    statements.extend(prepared.opening.iter().cloned());
    statements.push(format!("ALTER DATABASE {live} RENAME TO {}", quoted(&names.aside)));
    statements.push(format!("ALTER DATABASE {copy} RENAME TO {live}"));
    statements.push(aside.statement(&names.aside));
    statements.push(placed.statement(&names.live));
    statements.push("COMMIT".to_owned());
    statements.join("; ")
}

/// What is written on the database that is put aside, and on the one that takes its place.
fn marked(names: &Names, prepared: &Prepared, live: &Marked, quiet: &Quiet) -> (Marked, Marked) {
    let (mut aside, mut placed) = (live.clone(), prepared.copy.clone());
    let made = placed.marks.copy.take();
    let frozen = aside.marks.frozen.take();
    let since = frozen.as_ref().map_or(Timestamp::UNIX_EPOCH, |frozen| frozen.since);
    let keep = SignedDuration::from_millis(i64::try_from(names.keep_ms).unwrap_or(i64::MAX));
    let was_placed = aside.marks.placed.take();
    // One that was kept comes back: what goes aside for it is what an earlier swap had placed.
    let back = placed.marks.kept.take();
    let used = was_placed.filter(|_| back.is_some());
    let point = |kept: &KeptMark| kept.backup.clone();
    aside.marks.kept = Some(KeptMark {
        since,
        until: since.checked_add(keep).unwrap_or(Timestamp::MAX),
        backup: made.as_ref().and_then(|made| made.point.clone()).or(back.as_ref().and_then(point)),
        lsn: Some(quiet.lsn.clone()),
        subscriptions: frozen.as_ref().map(|frozen| frozen.subscriptions.clone()).unwrap_or_default(),
        locked: false,
        used_since: used.as_ref().and_then(|used| used.opened).map(|opened| opened.transaction),
        base: used.and_then(|used| used.base),
    });
    aside.marks.closed = frozen.map(|frozen| frozen.closed);
    placed.marks.closed = None;
    let base = back.as_ref().map_or(Some(quiet.opened.transaction), |back| back.base);
    let subscriptions = back.map(|back| back.subscriptions).unwrap_or_default();
    let built_from = made.as_ref().and_then(|made| made.point.clone());
    let (was, source) = (names.copy.clone(), made.map(|made| made.source));
    let opened = Some(quiet.opened);
    placed.marks.placed =
        Some(PlacedMark { was, source, run: None, at: since, subscriptions, opened, base, point: built_from });
    (aside, placed)
}
