//! A judge who compares with before, over services that do the same each second.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::*;
use crate::config::{Condition, Threshold, Tolerated, Trigger, TriggerAction};
use crate::detect::{
    KeptWatch, Measured, News, Recorder, Rules, Sample, Setting, Signal, SignalPath, Tally, Unit, replay,
};
use crate::id::{SignalName, TriggerName};
use crate::policy::{Judgement, Verdict};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn traffic() -> SignalName {
    SignalName::new("traffic").unwrap()
}

fn path(text: &str) -> SignalPath {
    text.parse().unwrap()
}

fn rules(signals: &[&str], dependencies: &[&str]) -> Rules {
    let trigger = |signal: &&str| Trigger {
        name: TriggerName::new(&signal.replace('.', "-")).unwrap(),
        signal: path(signal),
        condition: Condition::Baseline(Tolerated { errors: 1.5, slower: 1.25 }),
        consecutive: 3,
        action: TriggerAction::Rollback,
        impact: None,
        implicit: false,
    };
    let counting = Counting { name: traffic(), min_samples: 30, is_beside: false, memory_limit: None };
    let dependencies: BTreeSet<SignalPath> = dependencies.iter().map(|path| path.parse().unwrap()).collect();
    let comparing = Comparing { counted: vec![counting], dependencies, horizon: 300.0, ..Comparing::nothing(at(0)) };
    let triggers = signals.iter().map(trigger).collect();
    let (red_before, excused) = (BTreeSet::new(), BTreeSet::new());
    Rules {
        triggers,
        required: Vec::new(),
        red_before,
        before: Vec::new(),
        excused,
        own_checks_from: None,
        comparing,
        bars: Vec::new(),
    }
}

/// What was counted in the second before this one: a hundred requests, of which so many in a thousand failed, evenly.
fn tally(second: i64, per_mille: f64) -> Tally {
    #[expect(clippy::cast_precision_loss, reason = "seconds of an hour")]
    let failed = |second: i64| (second as f64 * per_mille / 10.0).floor();
    let errors = failed(second + 10_000) - failed(second + 9_999);
    Tally { at: weighing::seconds(at(second)), span: 1.0, requests: Some((100.0, errors)), ..Tally::default() }
}

fn before(per_mille: f64) -> News {
    News::Before { signal: traffic(), looks: (-1800..0).map(|second| tally(second, per_mille)).collect() }
}

fn counted(second: i64, tally: Tally) -> News {
    News::Counted { signal: traffic(), at: at(second), tally }
}

fn probed(signal: &str, second: i64, is_up: bool) -> News {
    let measured = Measured::Value { value: if is_up { 1.0 } else { 0.0 } };
    News::Sample(Sample {
        signal: path(signal),
        at: at(second),
        measured,
        what: "nobody is there".to_owned(),
        of: None,
    })
}

/// What the judge says, and when, of what it hears each second until the end.
fn watch(rules: Rules, first: Vec<News>, each: impl Fn(i64) -> Vec<News>) -> KeptWatch {
    let mut judge = Recorder::new(rules);
    let end = 120;
    let all = first.into_iter().chain((0..end).flat_map(each));
    for news in all {
        if let Some(judgement) = judge.hear(news) {
            return judge.ended(judgement);
        }
    }
    judge.concluded(at(end))
}

fn delay(judgement: &Judgement) -> i64 {
    judgement.at.duration_since(at(0)).as_secs()
}

fn words(judgement: &Judgement) -> String {
    judgement.findings.iter().map(|finding| format!("{}: {}\n", finding.subject, finding.what)).collect()
}

#[test]
fn errors_that_rise_tenfold_are_found_and_errors_as_before_are_not() {
    let of = |before_it: f64, after: f64| {
        let watched = watch(rules(&["traffic"], &[]), vec![before(before_it)], |t| vec![counted(t, tally(t, after))]);
        assert_eq!(replay(&watched, &[]).unwrap().judgement, watched.judgement);
        watched.judgement
    };
    let worse = of(1.0, 10.0);
    assert_eq!(worse.verdict, Verdict::Unhealthy);
    assert!(delay(&worse) < 90, "{}", delay(&worse));
    assert!(words(&worse).contains("traffic got worse than it was: errors: "), "{}", words(&worse));
    assert_eq!(of(1.0, 1.0).verdict, Verdict::Healthy);
    assert_eq!(of(10.0, 10.0).verdict, Verdict::Healthy);
    assert_eq!(of(1.0, 200.0).verdict, Verdict::Unhealthy);
    let red = of(600.0, 600.0);
    assert_eq!((red.verdict, red.findings[0].was_before), (Verdict::Inconclusive, true), "{}", words(&red));
}

#[test]
fn slow_requests_are_found_without_any_error() {
    let with = |second, slow: f64| Tally {
        within: vec![(Some(0.1), 100.0 - slow), (Some(0.5), 100.0), (Some(2.5), 100.0), (None, 100.0)],
        ..tally(second, 0.0)
    };
    let looks = (-1800..0).map(|second| with(second, 2.0)).collect();
    let all_slow = |second| Tally {
        within: vec![(Some(0.1), 0.0), (Some(0.5), 0.0), (Some(2.5), 100.0), (None, 100.0)],
        ..with(second, 0.0)
    };
    let before = News::Before { signal: traffic(), looks };
    let watched = watch(rules(&["traffic"], &[]), vec![before.clone()], |t| vec![counted(t, all_slow(t))]);
    assert_eq!(watched.judgement.verdict, Verdict::Unhealthy);
    assert!(words(&watched.judgement).contains("latency p"), "{}", words(&watched.judgement));
    let as_before = watch(rules(&["traffic"], &[]), vec![before], |t| vec![counted(t, with(t, 2.0))]);
    assert_eq!(as_before.judgement.verdict, Verdict::Healthy, "{}", words(&as_before.judgement));
}

#[test]
fn an_alarm_says_how_much_worse_it_is() {
    let alarm = |looks: Vec<Tally>, of: &dyn Fn(i64) -> Tally| {
        let before = News::Before { signal: traffic(), looks };
        let watched = watch(rules(&["traffic"], &[]), vec![before], |t| vec![counted(t, of(t))]);
        watched.judgement.fired.unwrap().worse.unwrap()
    };
    let failing = alarm((-1800..0).map(|t| tally(t, 1.0)).collect(), &|t| tally(t, 300.0));
    assert_eq!((failing.what, failing.latency_rise), (Signal::Errors, None));
    assert!(failing.error_rate.is_some_and(|rate| (rate - 0.3).abs() < 0.02), "{failing:?}");
    // Edges as a server has them, each a quarter above the one before: requests that took 100 ms take 150 ms.
    let at = |second: i64, seconds: f64| {
        let edges = [0.05, 0.0625, 0.08, 0.1, 0.125, 0.16, 0.2, 0.25, 0.32];
        let within = edges.map(|edge| (Some(edge), if edge >= seconds { 100.0 } else { 0.0 }));
        Tally { within: within.into_iter().chain([(None, 100.0)]).collect(), ..tally(second, 0.0) }
    };
    let slow = alarm((-1800..0).map(|t| at(t, 0.1)).collect(), &|t| at(t, 0.15));
    assert!(matches!(slow.what, Signal::LatencyP50 | Signal::LatencyP90 | Signal::LatencyP99), "{slow:?}");
    assert!(slow.latency_rise.is_some_and(|rise| (0.4..0.7).contains(&rise)), "{slow:?}");
    assert_eq!(slow.error_rate, Some(0.0));
    let beyond = alarm((-1800..0).map(|t| at(t, 0.1)).collect(), &|t| at(t, 9.0));
    assert!(beyond.latency_rise.is_some_and(|rise| rise > 2.0), "at least as slow as the last edge: {beyond:?}");
}

#[test]
fn a_recording_of_the_first_format_is_said_again_as_it_was() {
    let now = watch(rules(&["traffic"], &[]), vec![before(1.0)], |t| vec![counted(t, tally(t, 300.0))]);
    assert!(now.judgement.fired.is_some());
    let then = KeptWatch { format: 1, judgement: Judgement { fired: None, ..now.judgement.clone() }, ..now };
    assert_eq!(replay(&then, &[]).unwrap().judgement, then.judgement);
}

#[test]
fn without_a_history_nothing_is_held_against_anybody() {
    let failing = |t: i64| vec![counted(t, tally(t, 900.0))];
    let unasked = News::Uncounted { signal: traffic(), why: "connection refused".to_owned() };
    let watched = watch(rules(&["traffic"], &[]), vec![unasked], failing).judgement;
    assert_eq!(watched.verdict, Verdict::Unmeasurable);
    assert!(words(&watched).contains("could not be asked for: connection refused"), "{}", words(&watched));
    let empty = News::Before { signal: traffic(), looks: Vec::new() };
    let watched = watch(rules(&["traffic"], &[]), vec![empty], failing).judgement;
    assert_eq!(watched.verdict, Verdict::Inconclusive);
    assert!(words(&watched).contains("there were 0 requests before the deploy, too few"), "{}", words(&watched));
}

#[test]
fn what_comes_before_its_history_is_weighed_once_that_is_there() {
    let watched = watch(rules(&["traffic"], &[]), Vec::new(), |t| {
        let late = (t == 30).then(|| before(1.0));
        late.into_iter().chain([counted(t, tally(t, 500.0))]).collect()
    });
    assert_eq!((watched.judgement.verdict, delay(&watched.judgement)), (Verdict::Unhealthy, 30));
}

#[test]
fn a_watch_in_which_most_was_not_measured_says_nothing() {
    let blind = |t: i64| {
        let why = "no answer within 5000 ms".to_owned();
        if t < 70 { vec![News::Uncounted { signal: traffic(), why }] } else { vec![counted(t, tally(t, 1.0))] }
    };
    let watched = watch(rules(&["traffic"], &[]), vec![before(1.0)], blind).judgement;
    assert_eq!(watched.verdict, Verdict::Unmeasurable);
    assert!(words(&watched).contains("was measured for 42 % of the watch: no answer"), "{}", words(&watched));
}

#[test]
fn a_service_with_few_requests_is_not_called_healthy() {
    let rare = |t: i64| Tally { requests: Some((if t % 10 == 0 { 1.0 } else { 0.0 }, 0.0)), ..tally(t, 0.0) };
    let looks = (-1800..0).map(rare).collect();
    let past = News::Before { signal: traffic(), looks };
    let watched = watch(rules(&["traffic"], &[]), vec![past.clone()], |t| vec![counted(t, rare(t))]).judgement;
    assert_eq!(watched.verdict, Verdict::Inconclusive);
    assert!(words(&watched).contains("had 12 requests; it takes 30"), "{}", words(&watched));
    let failing = |t: i64| Tally { requests: rare(t).requests.map(|(all, _)| (all, all)), ..rare(t) };
    let watched = watch(rules(&["traffic"], &[]), vec![past], |t| vec![counted(t, failing(t))]).judgement;
    assert_eq!(watched.verdict, Verdict::Unhealthy, "every request of few fails: {}", words(&watched));
}

#[test]
fn a_probe_that_fails_for_long_or_flaps_is_found_and_a_blip_is_not() {
    let of = |is_up: fn(i64) -> bool| {
        watch(rules(&["app.health.up"], &[]), Vec::new(), |t| vec![probed("app.health.up", t, is_up(t))]).judgement
    };
    let down = of(|t| t < 10);
    assert_eq!(down.verdict, Verdict::Unhealthy);
    assert!((20..=40).contains(&delay(&down)), "{}", delay(&down));
    assert_eq!(of(|t| (t / 15) % 2 == 0).verdict, Verdict::Unhealthy, "it flaps");
    assert_eq!(of(|t| !(40..43).contains(&t)).verdict, Verdict::Healthy, "a blip");
    let red = Rules { red_before: [path("app.health.up")].into(), ..rules(&["app.health.up"], &[]) };
    let watched = watch(red, Vec::new(), |t| vec![probed("app.health.up", t, false)]).judgement;
    assert_eq!(watched.verdict, Verdict::Inconclusive, "{}", words(&watched));
}

#[test]
fn while_a_dependency_fails_nothing_is_held_against_the_deploy() {
    let both = |t: i64| {
        let is_out = (5..60).contains(&t);
        let errors = if is_out { 400.0 } else { 1.0 };
        vec![probed("db.ping.up", t, !is_out), counted(t, tally(t, errors))]
    };
    let watched = watch(rules(&["traffic"], &["db.ping.up"]), vec![before(1.0)], both);
    assert_eq!(watched.judgement.verdict, Verdict::Healthy, "{}", words(&watched.judgement));
    let whole = watch(rules(&["traffic"], &["db.ping.up"]), vec![before(1.0)], |t| {
        vec![probed("db.ping.up", t, false), counted(t, tally(t, 400.0))]
    });
    assert_eq!(whole.judgement.verdict, Verdict::Inconclusive);
    assert!(words(&whole.judgement).contains("failed for 120 s of 120 s"), "{}", words(&whole.judgement));
    let alone = watch(rules(&["traffic"], &[]), vec![before(1.0)], both);
    assert_eq!(alone.judgement.verdict, Verdict::Unhealthy, "nobody knows of what it depends on");
}

#[test]
fn an_alarm_is_a_verdict_once_the_dependencies_have_been_asked() {
    let of = |failures: &[&str]| {
        let mut judge = Recorder::new(rules(&["traffic"], &["db.ping.up"]));
        assert_eq!(judge.hear(before(1.0)), None);
        let waits =
            (0..60).find(|t| judge.hear(counted(*t, tally(*t, 300.0))).is_some() || judge.is_waiting()).unwrap();
        assert!(judge.is_waiting(), "nobody has asked the dependencies");
        let failures: Vec<String> = failures.iter().map(|failure| (*failure).to_owned()).collect();
        let said = judge.hear(News::Asked { at: at(waits + 1), failures, down: Vec::new() });
        (said, judge)
    };
    assert_eq!(of(&[]).0.unwrap().verdict, Verdict::Unhealthy);
    let (said, judge) = of(&["db.ping.up: connection refused"]);
    assert_eq!((said, judge.is_waiting()), (None, false));
    let kept = judge.concluded(at(120));
    assert_eq!(kept.judgement.verdict, Verdict::Unmeasurable, "most of the watch is missing here");
}

/// Two failures of `app.health.up` in a row are one too many, and `db.ping.up` is depended on.
fn limited() -> Rules {
    let mut rules = rules(&["app.health.up"], &["db.ping.up"]);
    let limit = Threshold { value: 1.0, unit: Unit::Ratio };
    (rules.triggers[0].condition, rules.triggers[0].consecutive) = (Condition::Below(limit), 2);
    rules
}

#[test]
fn a_limit_says_which_dependencies_failed_beside_it() {
    let down = |rules: Rules, db: fn(i64) -> bool| {
        let each = |t| vec![probed("db.ping.up", t, db(t)), probed("app.health.up", t, t < 50)];
        let watched = watch(rules, Vec::new(), each);
        assert_eq!((watched.judgement.verdict, delay(&watched.judgement)), (Verdict::Unhealthy, 51));
        assert_eq!(replay(&watched, &[]).unwrap().judgement, watched.judgement);
        watched.judgement.fired.unwrap().dependencies_down
    };
    assert_eq!(down(limited(), |_| true), []);
    assert_eq!(down(limited(), |t| t < 50), [path("db.ping.up")]);
    assert_eq!(down(limited(), |t| t != 30), [path("db.ping.up")], "it failed a moment ago");
    assert_eq!(down(limited(), |t| t != 10), [], "that was too long ago");
    let red = || Rules { red_before: [path("db.ping.up")].into(), ..limited() };
    assert_eq!(down(red(), |_| false), [], "it failed before, when the service did well: that is no reason");
    assert_eq!(down(red(), |t| t == 20), [path("db.ping.up")], "it has held since");
}

#[test]
fn what_fails_at_the_same_time_is_asked_for_because_it_may_be_seen_later() {
    let of = |rules: Rules, down: &[&str]| {
        let mut judge = Recorder::new(rules);
        let said = (0..9).find_map(|t| judge.hear(probed("app.health.up", t, false))).unwrap();
        assert!(said.is_unexplained());
        let down = down.iter().map(|signal| path(signal)).collect();
        let said = judge.explained(said, News::Asked { at: at(3), failures: vec!["away".to_owned()], down });
        let kept = judge.ended(said.clone());
        assert_eq!(replay(&kept, &[]).unwrap().judgement, said);
        said.fired.unwrap().dependencies_down
    };
    assert_eq!(of(limited(), &["db.ping.up"]), [path("db.ping.up")]);
    assert_eq!(of(limited(), &["other.ping.up"]), []);
    let red = Rules { red_before: [path("db.ping.up")].into(), ..limited() };
    assert_eq!(of(red, &["db.ping.up"]), []);
}

#[test]
fn a_probe_that_only_observes_takes_nothing_back() {
    let mut rules = rules(&["traffic"], &[]);
    rules.triggers[0].action = TriggerAction::Observe;
    let watched = watch(rules, vec![before(1.0)], |t| vec![counted(t, tally(t, 500.0))]);
    assert_eq!(watched.judgement.verdict, Verdict::Healthy);
}

#[test]
fn a_recording_says_the_same_again_and_what_other_settings_would_have_said() {
    let watched = watch(rules(&["traffic"], &[]), vec![before(10.0)], |t| vec![counted(t, tally(t, 40.0))]);
    let written = serde_json::to_vec(&watched).unwrap();
    let read: KeptWatch = serde_json::from_slice(&written).unwrap();
    assert_eq!(read, watched);
    assert_eq!(watched.judgement.verdict, Verdict::Unhealthy);
    let with = |setting: &str| replay(&read, &[setting.parse::<Setting>().unwrap()]);
    assert_eq!(replay(&read, &[]).unwrap().judgement, watched.judgement);
    let patient = with("tolerance=8").unwrap();
    assert!(patient.is_open && patient.judgement.verdict != Verdict::Unhealthy, "{patient:?}");
    let quick = with("false_alarms=10%").unwrap().judgement;
    assert!(quick.verdict == Verdict::Unhealthy && quick.at < watched.judgement.at, "{quick:?}");
    assert!(with("consecutive=5").unwrap_err().contains("`consecutive` would change nothing"));
    assert!(with("other.tolerance=2").unwrap_err().contains("of `other`"));
}

#[test]
fn a_leak_is_found_by_the_gauge_of_memory() {
    let mut rules = rules(&["traffic"], &[]);
    rules.comparing.counted[0].memory_limit = Some(400e6);
    let with = |t: i64, memory: f64| Tally { memory: Some(memory), ..tally(t, 1.0) };
    let looks = (-1800..0).map(|t| with(t, 100e6)).collect();
    let mut judge = Recorder::new(rules);
    judge.hear(News::Before { signal: traffic(), looks });
    #[expect(clippy::cast_precision_loss, reason = "seconds of an hour")]
    let leaking = |t: i64| with(t, 100e6 + t as f64 * 0.2e6);
    let said = (0..1800).find_map(|t| judge.hear(counted(t, leaking(t)))).unwrap();
    assert!(words(&said).contains("memory: memory rises by 12.0 MB a minute"), "{}", words(&said));
    assert!(delay(&said) < 1000, "{}", delay(&said));
}

fn used(signal: &str, second: i64, value: f64, of: f64) -> News {
    let measured = Measured::Value { value };
    News::Sample(Sample { signal: path(signal), at: at(second), measured, what: String::new(), of: Some(of) })
}

/// What the judge says of memory that is looked at every ten seconds for half an hour; of a gigabyte.
fn of_memory(was_red: bool, megabytes: impl Fn(i64) -> f64) -> Judgement {
    let red_before = if was_red { [path("app.memory")].into() } else { BTreeSet::new() };
    let mut judge = Recorder::new(Rules { red_before, ..rules(&["app.memory"], &[]) });
    let mut looks = (1..180).map(|n| used("app.memory", n * 10, megabytes(n * 10) * 1e6, 1e9));
    looks.find_map(|news| judge.hear(news)).unwrap_or_else(|| judge.concluded(at(1_800)).judgement)
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "seconds of an hour")]
fn memory_that_a_platform_tells_condemns_by_the_two_rules_alone() {
    let slow = of_memory(false, |t| 200.0 + 20.0 * t as f64 / 60.0);
    assert_eq!(slow.verdict, Verdict::Unhealthy, "{}", words(&slow));
    assert!(
        words(&slow).ends_with("memory rises by 20.0 MB a minute and reaches its limit in 27 minutes\n"),
        "{slow:?}"
    );
    let fast = of_memory(false, |t| if t < 60 { 200.0 } else { 900.0 });
    assert!(words(&fast).contains("90 % of the memory's limit is in use"), "{}", words(&fast));
    assert_eq!(of_memory(false, |t| 200.0 + 5.0 * (t % 70) as f64).verdict, Verdict::Healthy);
    let always = of_memory(true, |_| 900.0);
    assert_eq!((always.verdict, always.findings[0].was_before), (Verdict::Inconclusive, true), "{}", words(&always));
}

#[test]
fn restarts_that_a_platform_tells_condemn_by_their_rate() {
    let of = |restarts: fn(i64) -> f64| {
        watch(rules(&["app.restarts"], &[]), Vec::new(), |t| vec![used("app.restarts", t, restarts(t), 1.0)]).judgement
    };
    let looping = of(|t| {
        if t < 30 {
            0.0
        } else if t < 60 {
            1.0
        } else {
            2.0
        }
    });
    assert_eq!((looping.verdict, delay(&looping)), (Verdict::Unhealthy, 60), "{}", words(&looping));
    assert_eq!(of(|_| 0.0).verdict, Verdict::Healthy);
    assert_ne!(of(|t| if t < 30 { 0.0 } else { 1.0 }).verdict, Verdict::Unhealthy, "one restart is no loop");
}

#[test]
fn samples_with_a_limit_are_kept_and_read_back() {
    let News::Sample(sample) = used("app.memory", 1, 5.0, 7.0) else { unreachable!() };
    let written = serde_json::to_string(&sample).unwrap();
    assert_eq!(serde_json::from_str::<Sample>(&written).unwrap(), sample);
    let old = written.replace(",\"of\":7.0", "");
    assert_eq!(serde_json::from_str::<Sample>(&old).unwrap().of, None);
}
