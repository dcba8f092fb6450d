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

use backout_core::config::Probe;
use backout_core::id::ServiceName;
use backout_core::port::{Clock, ProbeOutcome, Prober, Reading};
use backout_core::schedule::{Entry, Pulse, Tally, Timetable, Turn, credible, not_begun};
use futures_util::FutureExt as _;
use tokio::task::{JoinSet, yield_now};

use super::collect::probes;
use super::watch::Pace;
use crate::world::World;

/// How many probes are begun before those under way have their turn.
const PORTION: usize = 64;

/// A probe and the service that it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The service.
    pub service: ServiceName,
    /// Its probe.
    pub probe: Probe,
}

/// A target, and what came back.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The target.
    pub target: Arc<Target>,
    /// What came back, as it counts (see [`credible`]).
    pub reading: Reading,
    place: usize,
}

/// Probes targets, each in its interval.
pub struct Probing {
    prober: Arc<dyn Prober>,
    clock: Arc<dyn Clock>,
    targets: Vec<Arc<Target>>,
    timetable: Timetable,
    under_way: JoinSet<Landed>,
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
            back: VecDeque::new(),
            pulse: Pulse::default(),
            looks_up_at: now,
            tally: Tally::default(),
        }
    }

    /// What the next probe came back with. Never ends where there is nothing to probe. Nothing is lost when it is dropped.
    pub async fn next(&mut self) -> Probed {
        loop {
            self.look_up();
            while let Some(landed) = self.under_way.try_join_next() {
                self.land(landed.ok());
            }
            let is_behind = self.begin_due();
            if let Some(probed) = self.back.pop_front() {
                return probed;
            }
            if is_behind { yield_now().await } else { self.wait().await }
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

    /// Begins a portion of what is due. Says whether there is more.
    fn begin_due(&mut self) -> bool {
        let now = self.clock.uptime();
        for _ in 0..PORTION {
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
        let lost_before = self.pulse.lost();
        self.under_way.spawn(async move {
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

/// Probes all of these once, and returns what came back in their order.
pub(crate) async fn probe_once(world: &World, targets: Vec<Target>) -> Vec<Probed> {
    let count = targets.len();
    let mut probing = Probing::new(Arc::clone(&world.prober), Arc::clone(&world.clock), targets, None);
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        all.push(probing.next().await);
    }
    all.sort_by_key(|probed| probed.place);
    all
}

/// The targets of the environment.
pub(crate) fn targets(world: &World) -> Vec<Target> {
    probes(world).map(|(service, probe)| Target { service: service.clone(), probe: probe.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use backout_core::config::ProbeKind;
    use backout_core::id::ProbeName;
    use backout_core::port::Pending;
    use backout_testkit::manual_clock::ManualClock;
    use jiff::Timestamp;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Answers after as long as it is told for each service.
    struct Slow {
        clock: ManualClock,
        after: BTreeMap<&'static str, Duration>,
        room: usize,
        under_way: Mutex<BTreeMap<ServiceName, usize>>,
        most: AtomicUsize,
    }

    impl Slow {
        fn new(clock: &ManualClock, after: &[(&'static str, Duration)], room: usize) -> Arc<Self> {
            let (after, under_way, most) = (after.iter().copied().collect(), Mutex::default(), AtomicUsize::new(0));
            Arc::new(Self { clock: clock.clone(), after, room, under_way, most })
        }
    }

    impl Prober for Slow {
        fn probe<'a>(&'a self, service: &'a ServiceName, probe: &'a Probe) -> Pending<'a, Reading> {
            Box::pin(async move {
                let many = *self.under_way.lock().unwrap().entry(service.clone()).and_modify(|n| *n += 1).or_insert(1);
                self.most.fetch_max(many, Ordering::SeqCst);
                let after = self.after.get(service.as_str()).copied().unwrap_or_default();
                assert!(after < SECOND * 90, "a prober with a defect");
                self.clock.sleep(after.min(probe.timeout)).await;
                self.under_way.lock().unwrap().entry(service.clone()).and_modify(|n| *n -= 1);
                let outcome = if after < probe.timeout {
                    ProbeOutcome::AsExpected { what: "200 OK".to_owned() }
                } else {
                    ProbeOutcome::TimedOut { after: probe.timeout }
                };
                Reading { outcome, latency: (after < probe.timeout).then_some(after) }
            })
        }

        fn at_once(&self) -> usize {
            self.room
        }
    }

    fn target(service: &str) -> Target {
        let probe = Probe {
            name: ProbeName::new("health").unwrap(),
            kind: ProbeKind::Tcp { address: "127.0.0.1:1".to_owned() },
            every: SECOND,
            timeout: SECOND * 2,
            start_period: None,
            is_dependency: false,
            implicit: false,
        };
        Target { service: ServiceName::new(service).unwrap(), probe }
    }

    /// What came back within some seconds: of whom, and whether it holds.
    async fn within(clock: &ManualClock, probing: &mut Probing, seconds: u32) -> Vec<(String, Option<bool>)> {
        let mut seen = Vec::new();
        let looking = async {
            loop {
                let probed = probing.next().await;
                seen.push((probed.target.service.to_string(), probed.reading.outcome.holds()));
            }
        };
        tokio::select! {
            () = looking => {}
            () = clock.advance(SECOND * seconds) => {}
        }
        seen
    }

    fn probing(clock: &ManualClock, prober: Arc<Slow>, services: &[&str]) -> Probing {
        let targets = services.iter().map(|service| target(service)).collect();
        Probing::new(prober, Arc::new(clock.clone()), targets, Some(Pace::AtRest))
    }

    fn clock() -> ManualClock {
        ManualClock::at(Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn a_target_that_hangs_holds_up_nobody_and_is_probed_once_at_a_time() {
        let clock = clock();
        let prober = Slow::new(&clock, &[("hangs", SECOND * 60)], 64);
        let mut probing = probing(&clock, Arc::clone(&prober), &["hangs", "well"]);
        let seen = within(&clock, &mut probing, 10).await;
        let of =
            |service: &str| seen.iter().filter(|(of, _)| of == service).map(|(_, holds)| *holds).collect::<Vec<_>>();
        assert_eq!(of("well"), [Some(true); 11]);
        assert!(of("hangs").len() >= 3 && of("hangs").iter().all(|holds| *holds == Some(false)), "{seen:?}");
        assert_eq!(prober.most.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_time_limit_that_ran_out_while_this_process_was_stopped_blames_nobody() {
        let clock = clock();
        let mut probing = probing(&clock, Slow::new(&clock, &[("app", SECOND * 60)], 64), &["app"]);
        let first = tokio::select! {
            probed = probing.next() => probed,
            () = async {
                clock.advance(Duration::from_millis(100)).await;
                clock.jump(SECOND * 30);
                std::future::pending().await
            } => unreachable!(),
        };
        assert!(first.reading.outcome.what().contains("prober overloaded"), "{:?}", first.reading);
        assert_eq!((first.reading.outcome.holds(), probing.tally().starved), (None, 1));
        let seen = within(&clock, &mut probing, 5).await;
        assert_eq!(seen.first().unwrap().1, Some(false), "one that had its time is blamed again");
        assert_eq!(probing.tally().skipped, 0, "nobody else was due meanwhile");
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_was_not_measured() {
        let clock = clock();
        let prober = Slow::new(&clock, &[("a", SECOND * 60), ("b", SECOND * 60)], 1);
        let mut probing = probing(&clock, prober, &["a", "b"]);
        let seen = within(&clock, &mut probing, 6).await;
        assert!(seen.iter().any(|(_, holds)| holds.is_none()) && probing.tally().crowded_out > 0, "{seen:?}");
        let blamed: Vec<&str> =
            seen.iter().filter(|(_, holds)| *holds == Some(false)).map(|(of, _)| of.as_str()).collect();
        assert!(blamed.contains(&"a") && blamed.contains(&"b"), "both have their turn: {seen:?}");
    }

    #[tokio::test]
    async fn a_defect_in_a_prober_is_told_and_ends_nothing() {
        let clock = clock();
        let mut probing = probing(&clock, Slow::new(&clock, &[("app", SECOND * 90)], 64), &["app"]);
        let seen = within(&clock, &mut probing, 3).await;
        assert!(seen.len() >= 2 && seen.iter().all(|(_, holds)| holds.is_none()), "{seen:?}");
    }

    #[tokio::test]
    async fn nothing_to_probe_never_ends() {
        let clock = clock();
        let mut probing = probing(&clock, Slow::new(&clock, &[], 64), &[]);
        assert_eq!(within(&clock, &mut probing, 3600).await, []);
    }
}
