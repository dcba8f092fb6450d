//! Recordings as teams have them.

use super::*;
use crate::detect::evidence::Settings;
use crate::policy::Verdict;

fn recording(header: &str, rows: impl Iterator<Item = String>) -> Recording {
    let cells = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<(u64, Vec<String>)> = rows.zip(2..).map(|(row, line)| (line, cells(&row))).collect();
    Recording::read(&cells(header), &rows, None).unwrap()
}

/// Requests of one second, never the same twice.
fn requests(t: u32) -> u32 {
    100 + (t * 7919) % 41 - 20
}

fn after(t: u32, then: u32, otherwise: u32) -> u32 {
    if t >= 1800 { then } else { otherwise }
}

fn outcome(recording: &Recording) -> Backtest {
    backtest(recording, 1800.0, &Settings::default())
}

#[test]
fn a_deploy_that_fails_every_request_is_found_at_once() {
    let rows = (0..3600).map(|t| format!("{t},{},{}", requests(t), after(t, requests(t), u32::from(t % 10 == 0))));
    let outcome = outcome(&recording("t,requests,errors", rows));
    assert_eq!(outcome.verdict, Verdict::Unhealthy);
    assert!(outcome.delay_s.is_some_and(|delay| delay <= 2.0), "{outcome:?}");
    assert_eq!(outcome.alarm_at, outcome.delay_s.map(|delay| delay + 1800.0));
    assert!(outcome.reasons[0].starts_with("errors: "), "{:?}", outcome.reasons);
}

#[test]
fn a_deploy_that_changes_nothing_is_healthy() {
    let rows = (0..3600).map(|t| format!("{t},{},{}", requests(t), u32::from(t % 10 == 0)));
    let outcome = outcome(&recording("t,requests,errors", rows));
    assert_eq!((outcome.verdict, outcome.alarm_at), (Verdict::Healthy, None), "{outcome:?}");
    assert_eq!(outcome.read_as, SeriesKind::Counts);
}

#[test]
fn counters_are_noticed_with_their_gaps_and_fresh_starts() {
    let (mut all, mut bad) = (0, 0);
    let rows = (0..3600).filter_map(move |t| {
        // The process that counts starts anew with the deploy; two minutes of rows are lost before it.
        (all, bad) = if t == 1800 { (0, 0) } else { (all + requests(t), bad + after(t, 8, u32::from(t % 10 == 0))) };
        (!(900..1020).contains(&t)).then(|| format!("{t},{all},{bad}"))
    });
    let outcome = outcome(&recording("t,requests,errors", rows));
    assert_eq!(outcome.read_as, SeriesKind::Counters);
    assert_eq!(outcome.verdict, Verdict::Unhealthy);
    assert!(outcome.delay_s.is_some_and(|delay| (1.0..=12.0).contains(&delay)), "{outcome:?}");
}

#[test]
fn a_fresh_start_of_a_counter_is_no_error() {
    let (mut all, mut bad) = (1_000_000, 900);
    let rows = (0..3600).map(move |t| {
        (all, bad) = if t % 700 == 699 { (3, 0) } else { (all + requests(t), bad + u32::from(t % 10 == 0)) };
        format!("{t},{all},{bad}")
    });
    let outcome = outcome(&recording("t,requests,errors", rows));
    assert_eq!((outcome.verdict, outcome.read_as), (Verdict::Healthy, SeriesKind::Counters), "{outcome:?}");
}

#[test]
fn counters_of_a_quiet_service_are_noticed_however_often_they_start_anew() {
    let (mut all, mut bad) = (0, 0);
    let rows = (0..3600).map(move |t| {
        (all, bad) = if t % 400 == 0 { (0, 0) } else { (all + u32::from(t % 3 == 0), bad + u32::from(t % 150 == 0)) };
        format!("{t},{all},{bad}")
    });
    let outcome = outcome(&recording("t,requests,errors", rows));
    assert_eq!((outcome.verdict, outcome.read_as), (Verdict::Healthy, SeriesKind::Counters), "{outcome:?}");
}

#[test]
fn twice_as_slow_is_found_between_coarse_edges() {
    // Half of all took at most 50 ms and nine of ten 95; then all take twice as long. Nothing is counted between 50 and 100.
    let rows =
        (0..2400).map(|t| if t < 1800 { format!("{t},100,0,8,50,92,100") } else { format!("{t},100,0,0,8,50,97") });
    let slow = outcome(&recording("t,requests,errors,le_25,le_50,le_100,le_250", rows));
    assert!(slow.delay_s.is_some_and(|delay| delay <= 60.0), "{slow:?}");
}

#[test]
fn what_hits_the_old_version_as_well_is_not_blamed_on_the_new() {
    let header = "t,requests,errors,baseline_requests,baseline_errors";
    let outage = |t: u32, of: u32| if (2400..2580).contains(&t) { of * 3 / 10 } else { 0 };
    let rows = (0..3600).map(|t| {
        let (new, old) = (after(t, 10, 0), requests(t));
        format!("{t},{new},{},{old},{}", outage(t, new), outage(t, old))
    });
    let both = outcome(&recording(header, rows));
    assert_eq!(both.verdict, Verdict::Healthy, "{both:?}");
    assert!(both.compared.beside && both.compared.requests_before > 1000.0);
    let rows = (0..3600).map(|t| {
        let (new, old) = (after(t, 10, 0), requests(t));
        format!("{t},{new},{},{old},{}", outage(t, new), u32::from(t % 10 == 0))
    });
    let alone = outcome(&recording(header, rows));
    assert!(alone.alarm_at.is_some_and(|at| (2400.0..2410.0).contains(&at)), "{alone:?}");
}

#[test]
fn slow_answers_are_found_by_their_buckets() {
    let header = "t,requests,errors,le_25,le_50,le_100,le_250,le_500,le_1000";
    let usual = |t: u32| format!("{t},100,0,10,50,90,99,100,100");
    let rows = (0..3600).map(|t| if t < 1800 { usual(t) } else { format!("{t},100,0,0,0,2,35,80,98") });
    let slow = outcome(&recording(header, rows));
    assert!(slow.delay_s.is_some_and(|delay| delay <= 30.0), "{slow:?}");
    assert!(slow.reasons[0].starts_with("latency"), "{:?}", slow.reasons);
    let same = outcome(&recording(header, (0..3600).map(usual)));
    assert_eq!(same.verdict, Verdict::Healthy, "{same:?}");
}

#[test]
fn a_probe_alone_is_enough_and_a_blip_is_not() {
    let down = outcome(&recording("t,up", (0..3600).map(|t| format!("{t},{}", after(t, 0, 1)))));
    assert!(down.delay_s.is_some_and(|delay| delay <= 20.0), "{down:?}");
    let blip = |t: u32| u32::from(!(2000..2005).contains(&t));
    let blips = outcome(&recording("t,up", (0..3600).map(|t| format!("{t},{}", blip(t)))));
    assert_eq!(blips.verdict, Verdict::Healthy, "{blips:?}");
}

#[test]
fn few_requests_nothing_before_and_nothing_at_all_are_no_verdict() {
    let header = "t,requests,errors";
    let few = (0..3600).map(|t| format!("{t},{},0", after(t, u32::from(t % 300 == 0), requests(t))));
    assert_eq!(outcome(&recording(header, few)).verdict, Verdict::Inconclusive);
    let nothing_before = (1800..3600).map(|t| format!("{t},{},0", requests(t)));
    assert_eq!(outcome(&recording(header, nothing_before)).verdict, Verdict::Inconclusive);
    let lost = (0..3600).map(|t| if t < 1800 { format!("{t},100,0") } else { format!("{t},,NaN") });
    assert_eq!(outcome(&recording(header, lost)).verdict, Verdict::Unmeasurable);
    let none_after = (0..1800).map(|t| format!("{t},100,0"));
    assert_eq!(outcome(&recording(header, none_after)).verdict, Verdict::Unmeasurable);
}

#[test]
fn what_failed_before_is_not_blamed_on_the_deploy() {
    let rows = (0..3600).map(|t| format!("{t},{},{}", requests(t), requests(t) * 7 / 10));
    let outcome = outcome(&recording("t,requests,errors", rows));
    assert_eq!((outcome.verdict, outcome.alarm_at), (Verdict::Inconclusive, None), "{outcome:?}");
}

#[test]
fn what_cannot_be_read_is_named_with_its_line() {
    let cells = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let read = |header: &str, row: &str| Recording::read(&cells(header), &[(2, cells(row))], None);
    for (header, row, line, word) in [
        ("time,requests,errors", "0,1,0", 1, "no column `t`"),
        ("t,requests", "0,1", 1, "`errors`"),
        ("t,errors,requests,errors", "0,1,1,1", 1, "twice"),
        ("t,le_fast", "0,1", 1, "le_fast"),
        ("t", "0", 1, "nothing to judge by"),
        ("t,requests,errors", "0,many,0", 2, "`many`"),
        ("t,requests,errors", ",1,0", 2, "no time"),
        ("t,requests,errors", "0,1", 2, "2 cells"),
    ] {
        let problem = read(header, row).unwrap_err();
        assert!(problem.line == line && problem.what.contains(word), "{header} {row}: {problem:?}");
    }
}

#[test]
fn times_may_be_of_the_calendar() {
    let rows = ["2026-11-21T03:00:00Z,1,0", "2026-11-21T03:00:01Z,1,0"];
    let recording = recording("t,requests,errors", rows.into_iter().map(str::to_owned));
    assert_eq!(recording.covers().map(|(from, to)| to - from), Some(1.0));
}
