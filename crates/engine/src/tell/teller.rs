//! The teller: takes notices from the outbox and sends them, each who is told by a loop of their own.
//!
//! Architecture invariant: record intent, act, record outcome, then tell others. A teller is told by the store that a record
//! was written, after it was; nothing of a run waits for it, and whatever it fails with stays in the outbox for the next
//! process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::Channel;
use backout_core::id::NotifierName;
use backout_core::incident;
use backout_core::notify::{letter, next_try};
use backout_core::port::{Clock, Delivered, NotDelivered, Notifier, StoreError};
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::state::store::{Audience, Claim, Claimed, Settled, SqliteStore};

/// How long a claim lasts beyond the time that a request may take: reading secrets, connecting, writing the outcome.
const MARGIN: Duration = Duration::from_secs(30);

/// How long the outbox is left alone: another process may have left something in it.
const POLL: Duration = Duration::from_secs(30);

/// Sends what is in the outbox of one environment.
pub struct Teller {
    /// The outbox.
    pub store: Arc<SqliteStore>,
    /// Whose notices, and who is told.
    pub audience: Audience,
    /// How each is reached; the same names as in the configuration.
    pub notifiers: BTreeMap<NotifierName, Arc<dyn Notifier>>,
    /// The templates of those who have one of their own.
    pub templates: BTreeMap<NotifierName, String>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// This process, in words that no other process uses.
    pub holder: String,
    /// Masks secrets in what is told.
    pub mask: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

/// What came of sending everything that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// Notices that were delivered.
    pub sent: usize,
    /// Notices that were not.
    pub failed: usize,
}

impl Teller {
    /// Sends what there is and what comes, until `stop` says so; then once more what there is. Begins with the next record if
    /// `at_once` is not set.
    pub async fn run(&self, at_once: bool, stop: &watch::Receiver<bool>) {
        let telling = join_all(self.notifiers.keys().map(|name| self.keep_telling(name, at_once, stop.clone())));
        tokio::join!(self.keep_reminding(stop.clone()), telling);
    }

    /// Time passes without any record: looks by itself whether that gives something to tell.
    async fn keep_reminding(&self, mut stop: watch::Receiver<bool>) {
        if !self.audience.waits_for_time() {
            return;
        }
        while !*stop.borrow_and_update() {
            // What cannot be read now is looked at again.
            let _ = self.store.remind(&self.audience, self.clock.now()).await;
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { return },
                () = self.clock.sleep(POLL) => {}
            }
        }
    }

    /// Sends everything that is due once, to everybody at the same time.
    ///
    /// # Errors
    /// Where the outbox cannot be used.
    pub async fn flush(&self) -> Result<Told, StoreError> {
        self.store.gather(&self.audience, self.clock.now()).await?;
        if self.audience.waits_for_time() {
            self.store.remind(&self.audience, self.clock.now()).await?;
        }
        let all = join_all(self.notifiers.keys().map(|name| self.drain(name))).await;
        let mut told = Told::default();
        for one in all {
            let (one, _) = one?;
            told = Told { sent: told.sent + one.sent, failed: told.failed + one.failed };
        }
        Ok(told)
    }

    async fn keep_telling(&self, name: &NotifierName, at_once: bool, mut stop: watch::Receiver<bool>) {
        let mut written = self.store.written();
        let mut is_begun = at_once;
        loop {
            let is_last = *stop.borrow_and_update();
            let due = if is_begun { self.tell_what_is_there(name).await } else { None };
            if is_last {
                return;
            }
            let wait = due.map_or(POLL, |due| due.duration_since(self.clock.now()).unsigned_abs().min(POLL));
            tokio::select! {
                changed = written.changed() => if changed.is_err() { return },
                changed = stop.changed() => if changed.is_err() { return },
                () = self.clock.sleep(wait), if is_begun => {}
            }
            is_begun = true;
        }
    }

    /// Answers with when more is due. A journal that cannot be written says so to the run itself; here the next record is
    /// another chance.
    async fn tell_what_is_there(&self, name: &NotifierName) -> Option<Timestamp> {
        self.store.gather(&self.audience, self.clock.now()).await.ok()?;
        self.drain(name).await.ok()?.1
    }

    /// Sends what is due to one; answers with when more is.
    async fn drain(&self, name: &NotifierName) -> Result<(Told, Option<Timestamp>), StoreError> {
        let mut told = Told::default();
        let (Some(notifier), Some(configured)) = (self.notifiers.get(name), self.audience.notify.notifiers.get(name))
        else {
            return Ok((told, None));
        };
        loop {
            let lease = configured.timeout + MARGIN;
            let to = (&self.audience.environment, name);
            match self.store.claim(to, &self.holder, self.clock.now(), lease).await? {
                Claim::Nothing => return Ok((told, None)),
                Claim::Wait(until) => return Ok((told, Some(until))),
                Claim::One(claimed) => {
                    let outcome = self.send(notifier.as_ref(), name, &claimed).await;
                    if outcome.is_ok() {
                        told.sent += 1
                    } else {
                        told.failed += 1
                    }
                    let now = self.clock.now();
                    let told = told_of(&claimed, name, &configured.channel);
                    self.store.settle(&claimed, settled(&claimed, outcome, now), told, now).await?;
                }
            }
        }
    }

    async fn send(
        &self,
        notifier: &dyn Notifier,
        name: &NotifierName,
        claimed: &Claimed,
    ) -> Result<Delivered, NotDelivered> {
        let notice = claimed.notice.clone().masked(&|text| (self.mask)(text));
        let template = self.templates.get(name).map(String::as_str);
        let letter = letter(notice, &self.audience.notify, template);
        notifier.send(&letter, &claimed.threads).await
    }
}

/// What is recorded once they have taken it. A test is about nothing that happened.
fn told_of(claimed: &Claimed, notifier: &NotifierName, channel: &Channel) -> Option<incident::Told> {
    let notice = &claimed.notice;
    Some(incident::Told {
        notifier: notifier.clone(),
        is_public: matches!(channel, Channel::Status(_)),
        run: Some(notice.run.clone()?),
        event: notice.event,
        title: notice.title.clone(),
    })
}

fn settled(claimed: &Claimed, outcome: Result<Delivered, NotDelivered>, now: Timestamp) -> Settled {
    match outcome {
        Ok(delivered) => Settled::Sent(delivered.reference),
        Err(failure) if failure.is_final => Settled::GivenUp(failure.what),
        Err(failure) => match next_try(claimed.created, now, claimed.attempt, failure.asked) {
            Some(due) => Settled::Again { due, why: failure.what },
            None => Settled::GivenUp(failure.what),
        },
    }
}
