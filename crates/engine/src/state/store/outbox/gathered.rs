//! Gathering: what records say becomes notices, once for each who is told.

use std::sync::Arc;
use std::time::Duration;

use backout_core::config::Notify;
use backout_core::id::{EnvironmentName, NotifierName, RunId};
use backout_core::incident::{INCIDENT_KINDS, incidents};
use backout_core::journal::{Body, Record, RunResult};
use backout_core::notify::{Alert, Asked, GIVE_UP_AFTER, NOTICE_KINDS, Notice, Timed, notices, timed, told};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::state::store::fault::Fault;
use crate::state::store::rows::{self, Selection, Which};
use crate::state::store::runs::{RUN_KINDS, runs};

/// How long what is settled is kept, for people who look.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Whose notices.
#[derive(Debug, Clone)]
pub struct Audience {
    /// The project's name.
    pub project: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// Who is told.
    pub notify: Arc<Notify>,
    /// How long after it is over the post-mortem of an incident is due, where people are reminded of it.
    pub post_mortem: Option<Duration>,
}

impl Audience {
    fn asked(&self) -> Asked<'_> {
        Asked { project: &self.project, notify: &self.notify, post_mortem: self.post_mortem }
    }

    /// Whether they are told of anything only because time passes.
    #[must_use]
    pub(crate) fn waits_for_time(&self) -> bool {
        self.asked().is_for_anything()
    }
}

/// Puts the notices of new records into the outbox, and gives up what is too old.
pub(super) fn gather(transaction: &Transaction<'_>, audience: &Audience, now: Timestamp) -> Result<(), Fault> {
    let environment = audience.environment.as_str();
    give_up_old(transaction, environment, now)?;
    let mark: Option<i64> = transaction
        .query_row("SELECT seq FROM told WHERE environment = ?1", [environment], |row| row.get(0))
        .optional()?;
    let Some(mark) = mark else { return Ok(()) };
    let mut selection = Selection::new(Which::Environment(audience.environment.clone()), &NOTICE_KINDS);
    selection.since = mark + 1;
    let fresh = rows::records(transaction, &selection)?;
    let Some(newest) = fresh.last().map(|record| record.seq) else { return Ok(()) };
    let mut told_of: Vec<&RunId> = fresh.iter().filter_map(|record| record.run.as_ref()).collect();
    told_of.dedup();
    for run in told_of {
        let records = rows::records(transaction, &Selection::new(Which::Run(run.clone()), &NOTICE_KINDS))?;
        let lead = lead_of(transaction, audience, run)?;
        for (_, notice) in notices(&audience.project, &records).into_iter().filter(|(seq, _)| *seq > mark) {
            let mut notice = notice.led_by(lead.as_ref());
            if notice.event.alert() == Some(Alert::Resolve) {
                notice.resolves = unresolved_before(transaction, audience, run)?;
            }
            put(transaction, &notice, &told(&audience.notify, &notice), now)?;
        }
    }
    transaction.execute("UPDATE told SET seq = ?2 WHERE environment = ?1", params![environment, newest])?;
    Ok(())
}

/// Who leads the incident that a run belongs to, as is known by now.
fn lead_of(connection: &Connection, audience: &Audience, run: &RunId) -> Result<Option<String>, Fault> {
    let selection = Selection::new(Which::Environment(audience.environment.clone()), &INCIDENT_KINDS);
    let all = incidents(&rows::records(connection, &selection)?);
    let of_run = all.iter().rfind(|incident| incident.runs.contains(run));
    Ok(of_run.and_then(|incident| incident.roles.get("lead").cloned()))
}

/// The runs before this one that ended in need of a person, since the last one that ended well.
fn unresolved_before(connection: &Connection, audience: &Audience, run: &RunId) -> Result<Vec<RunId>, Fault> {
    let kinds = [RUN_KINDS.as_slice(), &["well_again"]].concat();
    let selection = Selection::new(Which::Environment(audience.environment.clone()), &kinds);
    let records: Vec<Record> = rows::records(connection, &selection)?;
    let is_over = |run: &RunId| {
        records.iter().any(|it| it.run.as_ref() == Some(run) && matches!(it.body, Body::WellAgain { .. }))
    };
    let mut open = Vec::new();
    for earlier in runs(&records).into_iter().take_while(|earlier| earlier.id != *run) {
        if is_over(&earlier.id) {
            // Those before it were over with it.
            open.clear();
            continue;
        }
        match earlier.ending.map(|ending| ending.result) {
            Some(RunResult::NotVerified | RunResult::Held | RunResult::FixForward) => open.push(earlier.id),
            Some(RunResult::RolledBack | RunResult::NothingChanged | RunResult::Kept) => open.clear(),
            _ => {}
        }
    }
    Ok(open)
}

/// What is to be told by now, because nobody has done what was to be done.
pub(super) fn due(connection: &Connection, audience: &Audience, now: Timestamp) -> Result<Vec<Timed>, Fault> {
    let kinds = [NOTICE_KINDS.as_slice(), INCIDENT_KINDS.as_slice()].concat();
    let selection = Selection::new(Which::Environment(audience.environment.clone()), &kinds);
    Ok(timed(&audience.asked(), &rows::records(connection, &selection)?, now))
}

/// Puts a notice into the outbox for each of those, unless it is there, or too old to be told.
pub(super) fn put(
    transaction: &Transaction<'_>,
    notice: &Notice,
    to: &[NotifierName],
    now: Timestamp,
) -> Result<(), Fault> {
    let is_old = notice.at.checked_add(GIVE_UP_AFTER).is_ok_and(|end| end < now);
    if is_old {
        return Ok(());
    }
    let text = serde_json::to_string(notice).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    for notifier in to {
        transaction.execute(
            "INSERT OR IGNORE INTO outbox (environment, notifier, id, thread, notice, state, created_ms, due_ms, attempts)
             VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?6, 0)",
            params![
                notice.environment.as_str(),
                notifier.as_str(),
                notice.id,
                notice.thread(),
                text,
                now.as_millisecond()
            ],
        )?;
    }
    Ok(())
}

/// Also what nobody is configured for any more comes to an end.
fn give_up_old(transaction: &Transaction<'_>, environment: &str, now: Timestamp) -> Result<(), Fault> {
    let before = |age: Duration| now.checked_sub(age).unwrap_or(Timestamp::MIN).as_millisecond();
    transaction.execute(
        "UPDATE outbox SET state = 'given_up', ended_ms = ?2, error = coalesce(error, 'it was never tried')
         WHERE environment = ?1 AND state = 'waiting' AND created_ms < ?3 AND coalesce(claimed_until, 0) < ?2",
        params![environment, now.as_millisecond(), before(GIVE_UP_AFTER)],
    )?;
    transaction.execute(
        "DELETE FROM outbox WHERE environment = ?1 AND state <> 'waiting' AND created_ms < ?2",
        params![environment, before(KEPT)],
    )?;
    Ok(())
}
