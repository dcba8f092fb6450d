//! What is probed when, and what is said of what was not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backout_core::config::{Probe, ProbeKind, VersionQuestion};
use backout_core::detect::Said;
use backout_core::id::{ProbeName, ServiceName};
use backout_core::port::{Clock, Pending, ProbeOutcome, Prober, Reading};
use backout_core::schedule::Tally;
use backout_testkit::manual_clock::ManualClock;
use jiff::Timestamp;

use super::driver::Probing;
use super::target::Target;
use crate::look::Pace;

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

    fn version<'a>(&'a self, _service: &'a ServiceName, _question: &'a VersionQuestion) -> Pending<'a, Said> {
        Box::pin(async { Err("it is asked for no version here".to_owned()) })
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
    let of = |service: &str| seen.iter().filter(|(of, _)| of == service).map(|(_, holds)| *holds).collect::<Vec<_>>();
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
    let blamed: Vec<&str> = seen.iter().filter(|(_, holds)| *holds == Some(false)).map(|(of, _)| of.as_str()).collect();
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

/// Takes a processor for so long to send a request, and is answered well before the time limit.
struct Busy {
    clock: ManualClock,
    takes: Duration,
}

impl Prober for Busy {
    fn probe<'a>(&'a self, _service: &'a ServiceName, probe: &'a Probe) -> Pending<'a, Reading> {
        Box::pin(async move {
            let begun = self.clock.uptime();
            self.clock.jump(self.takes);
            self.clock.sleep(probe.timeout / 5).await;
            let took = self.clock.uptime() - begun;
            if took > probe.timeout {
                return Reading { outcome: ProbeOutcome::TimedOut { after: probe.timeout }, latency: None };
            }
            Reading { outcome: ProbeOutcome::AsExpected { what: "200 OK".to_owned() }, latency: Some(took) }
        })
    }

    fn version<'a>(&'a self, _service: &'a ServiceName, _question: &'a VersionQuestion) -> Pending<'a, Said> {
        Box::pin(async { Err("it is asked for no version here".to_owned()) })
    }
}

/// What came back from 2000 targets that are due each second, of which there is time for 1000, and with them the shares of
/// what is due that were probed and left out.
async fn crowded(timeout: Duration) -> (Vec<(String, Option<bool>)>, [f64; 2], Tally) {
    let (clock, count) = (clock(), 2000);
    let targets = (0..count).map(|number| {
        let target = target(&format!("app-{number}"));
        Target { probe: Probe { timeout, ..target.probe }, ..target }
    });
    let prober = Arc::new(Busy { clock: clock.clone(), takes: SECOND / 1000 });
    let mut probing = Probing::new(prober, Arc::new(clock.clone()), targets.collect(), Some(Pace::AtRest));
    let begun = clock.uptime();
    let seen = within(&clock, &mut probing, 20).await;
    let due = (clock.uptime() - begun).as_secs_f64() * f64::from(count);
    let tally = probing.tally().clone();
    let share = |probes: u64| f64::from(u32::try_from(probes).unwrap()) / due;
    (seen, [share(tally.begun), share(tally.skipped)], tally)
}

#[tokio::test]
async fn asked_for_twice_what_it_can_do_it_does_what_it_can_and_counts_the_rest() {
    let (seen, [probed, skipped], tally) = crowded(SECOND / 5).await;
    assert!(probed > 0.45 && skipped > 0.35 && (0.9..1.05).contains(&(probed + skipped)), "{probed} {skipped}");
    assert!(tally.lateness(0.99).is_some_and(|late| late < SECOND), "the newest moment counts");
    let well = seen.iter().filter(|(_, holds)| *holds == Some(true)).count();
    assert!(well * 10 >= seen.len() * 9, "what is probed is read: {well} of {}", seen.len());
    let looked_at: BTreeSet<&String> = seen.iter().map(|(of, _)| of).collect();
    assert_eq!(looked_at.len(), 2000, "everybody has a turn");
}

#[tokio::test]
async fn a_time_limit_that_a_crowd_uses_up_blames_nobody() {
    let (seen, _, tally) = crowded(SECOND / 20).await;
    assert!(tally.starved > 0 && seen.iter().all(|(_, holds)| *holds != Some(false)), "{} starved", tally.starved);
}
