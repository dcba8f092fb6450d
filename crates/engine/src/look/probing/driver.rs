//! Probing by a timetable: begins what is due, collects what came back, and knows when it was not there itself.
//!
//! Contract: at most one probe of a target is under way; each takes as long as its own time limit. What is due is begun in
//! small portions, and what is under way has its turn between two of them: an answer is read soon after it came, also where
//! more is due than can be done, and what cannot be done is left out instead of queued (see [`Timetable`]). Dropping it ends
//! every probe that is under way.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use backout_core::port::{Clock, ProbeOutcome, Prober, Reading};
use backout_core::schedule::{Entry, Pulse, Tally, Timetable, Turn, credible, not_begun};
use futures_util::FutureExt as _;
use tokio::task::{JoinSet, yield_now};

use super::target::{Probed, Target};
use crate::look::Pace;

/// How many probes are begun on paper before the first of them really begins.
const PORTION: usize = 64;

/// Probes targets, each in its interval.
pub struct Probing {
    prober: Arc<dyn Prober>,
    clock: Arc<dyn Clock>,
    targets: Vec<Arc<Target>>,
    timetable: Timetable,
    under_way: JoinSet<Landed>,
    /// How many of these have not had a turn yet: each of them is one of its owners.
    queued: Arc<()>,
    back: VecDeque<Probed>,
    pulse: Pulse,
    /// When this meant to look up again.
    looks_up_at: Duration,
    tally: Tally,
}

/// A probe that has ended.
struct Landed {
    place: usize,
    reading: Reading,
    /// What the prober had lost when it began.
    lost_before: Duration,
}

impl Probing {
    /// Begins to probe, each target as often as `pace` says; `None` probes each once.
    #[must_use]
    pub fn new(prober: Arc<dyn Prober>, clock: Arc<dyn Clock>, targets: Vec<Target>, pace: Option<Pace>) -> Self {
        let entry = |target: &Target| Entry {
            name: format!("{}.{}", target.service, target.probe.name),
            every: pace.map(|pace| pace.of(&target.probe)),
        };
        let entries: Vec<Entry> = targets.iter().map(entry).collect();
        let now = clock.uptime();
        Self {
            prober,
            clock,
            targets: targets.into_iter().map(Arc::new).collect(),
            timetable: Timetable::new(&entries, now),
            under_way: JoinSet::new(),
            queued: Arc::default(),
            back: VecDeque::new(),
            pulse: Pulse::default(),
            looks_up_at: now,
            tally: Tally::since(now),
        }
    }

    /// What the next probe came back with. Never ends where there is nothing to probe. Nothing is lost when it is dropped.
    pub async fn next(&mut self) -> Probed {
        loop {
            if let Some(probed) = self.back.pop_front() {
                return probed;
            }
            self.look_up();
            while let Some(landed) = self.under_way.try_join_next() {
                self.land(landed.ok());
            }
            if self.begin_due() {
                yield_now().await;
            } else if self.back.is_empty() {
                self.wait().await;
            }
        }
    }

    /// What was done so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn look_up(&mut self) {
        let now = self.clock.uptime();
        self.pulse.beat(self.looks_up_at, now);
        self.looks_up_at = now;
    }

    /// Begins what is due, as far as what was begun before has had its turn: otherwise everything would be begun on paper at
    /// once, and be late unseen. Says whether there may be more.
    fn begin_due(&mut self) -> bool {
        let (now, queued) = (self.clock.uptime(), Arc::strong_count(&self.queued) - 1);
        for _ in queued..PORTION {
            let Some(turn) = self.timetable.take(now) else { return false };
            if self.under_way.len() < self.prober.at_once() {
                self.begin(&turn);
            } else {
                self.leave_out(&turn, now);
            }
        }
        true
    }

    fn begin(&mut self, turn: &Turn) {
        let Some(target) = self.targets.get(turn.target) else { return };
        self.tally.begins(turn);
        let (prober, target, place) = (Arc::clone(&self.prober), Arc::clone(target), turn.target);
        let (lost_before, queued) = (self.pulse.lost(), Arc::clone(&self.queued));
        self.under_way.spawn(async move {
            drop(queued);
            let probe = AssertUnwindSafe(prober.probe(&target.service, &target.probe));
            // A defect in one kind of probe must not end the probing of a target unnoticed.
            let reading = probe.catch_unwind().await.unwrap_or_else(|_| Reading {
                outcome: ProbeOutcome::NotPerformed {
                    why: "the prober failed; this is a defect of backout".to_owned(),
                },
                latency: None,
            });
            Landed { place, reading, lost_before }
        });
    }

    fn leave_out(&mut self, turn: &Turn, now: Duration) {
        self.tally.has_no_room(turn);
        self.timetable.give_back(turn.target, now);
        self.report(turn.target, not_begun(self.under_way.len()));
    }

    /// Ends when a probe is back, one is due, or it is time to look up.
    async fn wait(&mut self) {
        let now = self.clock.uptime();
        let beat = (!self.under_way.is_empty()).then(|| now + Pulse::BEAT);
        let due = self.timetable.next_due();
        let Some(until) = due.into_iter().chain(beat).min() else { return std::future::pending().await };
        self.looks_up_at = until.max(now);
        tokio::select! {
            biased;
            Some(landed) = self.under_way.join_next() => self.land(landed.ok()),
            () = self.clock.sleep(until.saturating_sub(now)) => {}
        }
    }

    /// A probe is back; one that was cancelled is not, which happens only while the runtime ends.
    fn land(&mut self, landed: Option<Landed>) {
        let Some(Landed { place, reading, lost_before }) = landed else { return };
        // An answer that comes while nobody looks up is found by whoever does.
        self.look_up();
        self.timetable.give_back(place, self.clock.uptime());
        let Some(target) = self.targets.get(place) else { return };
        let could_be_measured = reading.outcome.holds().is_some();
        let reading = credible(&target.probe, reading, self.pulse.lost().saturating_sub(lost_before));
        self.tally.starved += u64::from(could_be_measured && reading.outcome.holds().is_none());
        self.report(place, reading);
    }

    fn report(&mut self, place: usize, reading: Reading) {
        if let Some(target) = self.targets.get(place) {
            self.back.push_back(Probed { target: Arc::clone(target), reading, place });
        }
    }
}
