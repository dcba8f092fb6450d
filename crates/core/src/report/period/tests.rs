//! Sums over stories that tables describe.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::config::Objectives;
use crate::id::{Digest, EnvironmentName, RunId, ServiceName};
use crate::journal::{Body, DeployExit, Record, RunKind, RunResult, RunStarted};
use crate::plan::Request;
use crate::policy::Circumstances;
use crate::report::{Gauges, Times, exposition};

const MORNING: &str = "2026-11-20T08:00:00Z";

fn at(minutes: i64) -> Timestamp {
    MORNING.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

/// A guarded deploy; of one that went back, how long that took in seconds.
fn deploy(minutes: i64, result: RunResult, took: Option<i64>) -> Story {
    let ms = took.map(|took| took * 1000);
    let services: &[&str] = if took.is_some() { &["web"] } else { &[] };
    Story {
        run: RunId::new(&format!("r-{minutes}")).unwrap(),
        kind: Kind::Itself,
        is_deploy: true,
        started_at: at(minutes),
        ended_at: at(minutes + 1),
        result,
        times: Times { to_decide_ms: ms.map(|_| 900), to_go_back_ms: ms, to_recover_ms: ms, ..Times::default() },
        lead_ms: None,
        scope: took.map(|_| Scope::Service),
        services: services.iter().map(|name| ServiceName::new(name).unwrap()).collect::<BTreeSet<_>>(),
        cause: took.map(|_| "trigger error_rate".to_owned()),
    }
}

fn a_day() -> Period {
    let stories = [
        deploy(-60, RunResult::RolledBack, Some(999)),
        deploy(0, RunResult::Kept, None),
        deploy(10, RunResult::RolledBack, Some(4)),
        deploy(20, RunResult::Kept, None),
        deploy(30, RunResult::RolledBack, Some(400)),
        deploy(40, RunResult::NotVerified, Some(30)),
        deploy(50, RunResult::Refused, None),
        deploy(60, RunResult::Held, None),
    ];
    let objectives = Objectives { service: Some(Duration::from_secs(300)), ..Objectives::default() };
    period(&stories, &[], &objectives, (at(0), at(24 * 60)))
}

#[test]
fn deploys_and_rollbacks_are_counted_within_the_time_asked_for() {
    let period = a_day();
    assert_eq!(period.deploys.values().sum::<usize>(), 7, "one was before");
    assert_eq!((period.change_failures.some, period.change_failures.all), (4, 6), "a refused one failed at nothing");
    assert_eq!((period.rollbacks.some, period.rollbacks.all), (2, 3));
    assert_eq!(period.objectives.get(&Scope::Service).map(|met| (met.some, met.all)), Some((1, 3)));
    assert_eq!(
        period.to_go_back.map(|spread| (spread.times, spread.median_ms, spread.p95_ms)),
        Some((3, 30_000, 400_000))
    );
    assert!((period.deploys_a_day - 7.0).abs() < 1e-9);
}

#[test]
fn a_whole_restore_has_a_time_of_its_own_beside_other_ways_of_a_database() {
    let of = |minutes, scope, took| Story { scope: Some(scope), ..deploy(minutes, RunResult::RolledBack, Some(took)) };
    let stories = [of(0, Scope::Restore, 2_400), of(50, Scope::Restore, 3_900), of(130, Scope::Database, 2_400)];
    let minutes = |minutes: u64| Some(Duration::from_secs(minutes * 60));
    let objectives = Objectives { database: minutes(30), restore: minutes(60), ..Objectives::default() };
    let period = period(&stories, &[], &objectives, (at(0), at(24 * 60)));
    let met = |scope| period.objectives.get(&scope).map(|met| (met.some, met.all));
    assert_eq!((met(Scope::Restore), met(Scope::Database)), (Some((1, 2)), Some((0, 1))));
    let text = period_markdown("staging", &period);
    assert!(text.contains("- Within the time agreed for a restore: 1 of 2 (50 %)"), "{text}");
}

#[test]
fn lead_time_is_from_the_commit_to_the_end_of_a_deploy_that_was_kept() {
    let told = |result| {
        let run = RunId::new("r-1").ok();
        let environment = EnvironmentName::new("staging").unwrap();
        let committed_at = Some(at(-120));
        let started = RunStarted {
            run: RunKind::Guard { command: Vec::new() },
            environment: environment.clone(),
            actor: "anna".to_owned(),
            reason: None,
            request: Request::automatic(),
            agreed: None,
            circumstances: Box::new(Circumstances { committed_at, ..Circumstances::default() }),
            observe_ms: 0,
        };
        let ended = Body::RunEnded { result, summary: String::new() };
        let bodies = [Body::RunStarted(started), Body::DeployEnded { exit: DeployExit::Code { code: 0 } }, ended];
        let record = |(minute, body)| Record {
            seq: minute,
            format: 1,
            at: at(minute),
            environment: environment.clone(),
            run: run.clone(),
            body,
            hash: Digest::of(b""),
        };
        let records: Vec<Record> = (0..).zip(bodies).map(record).collect();
        let period = period(&stories(&records), &[], &Objectives::default(), (at(0), at(60)));
        Dora::of(&period).lead_time.map(|spread| spread.median_ms)
    };
    assert_eq!(told(RunResult::Kept), Some(121 * 60_000));
    assert_eq!(told(RunResult::RolledBack), None);
}

#[test]
fn the_summary_reads_as_text() {
    let text = period_markdown("staging", &a_day());
    for line in [
        "# `staging`, 2026-11-20 08:00 to 2026-11-21 08:00 (UTC)",
        "- Deploys that failed: 4 of 6 (67 %)",
        "- Rollbacks that were verified: 2 of 3 (67 %)",
        "- Within the time agreed for a service: 1 of 3 (33 %)",
        "| gone back | 3 | 144.6 s | 30.0 s | 400.0 s |",
        "| web | 3 |",
        "| trigger error_rate | 3 |",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
}

#[test]
fn what_was_agreed_of_the_whole_is_compared_with_what_it_came_to() {
    let mut by_hand = deploy(70, RunResult::RolledBack, Some(10));
    (by_hand.kind, by_hand.times.verifying_ms) = (Kind::ByHand, Some(2_500));
    let mut hurried = deploy(80, RunResult::RolledBack, Some(50));
    hurried.kind = Kind::Emergency;
    let stories = [deploy(0, RunResult::NotVerified, Some(60)), by_hand, hurried];
    let objectives = Objectives {
        service: Some(Duration::from_secs(30)),
        emergency: Some(Duration::from_secs(60)),
        verified: Some(0.95),
        average: Some(Duration::from_secs(40)),
        recovered: Some(Duration::from_secs(39)),
        ..Objectives::default()
    };
    let summary = period(&stories, &[], &objectives, (at(0), at(24 * 60)));
    assert_eq!(summary.goals.verified.map(|goal| goal.is_met), Some(Some(false)));
    assert_eq!(summary.objectives.get(&Scope::Service).map(|met| (met.some, met.all)), Some((1, 2)));
    let text = period_markdown("staging", &summary);
    for line in [
        "- Rollbacks that were verified: 2 of 3 (67 %), agreed 95 %: MISSED",
        "- Gone back on average: 40.0 s, agreed 40.0 s: met",
        "- Recovered on average: 40.0 s, agreed 39.0 s: MISSED",
        "- Within the time agreed for an emergency: 1 of 1 (100 %)",
        "- Of the time to go back verifying took: 25 %",
        "| by itself | 0 of 1 (0 %) | 60.0 s | 60.0 s |",
        "| by hand | 1 of 1 (100 %) | 10.0 s | 10.0 s |",
        "| emergency | 1 of 1 (100 %) | 50.0 s | 50.0 s |",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    let page = period_html("staging", &summary, &stories).unwrap();
    for part in ["<td>95 %</td><td>67 %</td><td>MISSED</td>", "<td>emergency</td><td>1 of 1 (100 %)</td>"] {
        assert!(page.contains(part), "{part} is missing:\n{page}");
    }
    let nothing = period_markdown("staging", &period(&[], &[], &objectives, (at(0), at(1))));
    assert!(nothing.contains("- Rollbacks that were verified: none, agreed 95 %: nothing was measured"), "{nothing}");
}

#[test]
fn nothing_is_no_division_by_nothing() {
    let text = period_markdown("staging", &period(&[], &[], &Objectives::default(), (at(0), at(0))));
    assert!(text.contains("- Guarded deploys: 0 (0.0 a day)\n- Deploys that failed: none\n"), "{text}");
}

#[test]
fn the_page_has_charts_and_says_what_is_not_known() {
    let stories = [deploy(0, RunResult::Kept, None), deploy(10, RunResult::RolledBack, Some(4))];
    let objectives = Objectives { service: Some(Duration::from_secs(300)), ..Objectives::default() };
    let summary = period(&stories, &[], &objectives, (at(0), at(24 * 60)));
    let page = period_html("stag<ing", &summary, &stories).unwrap();
    for part in ["stag&lt;ing", "1 of 2 (50 %)", "11-20: 1 kept", "gone back, median", "--committed-at</code>"] {
        assert!(page.contains(part), "{part} is missing:\n{page}");
    }
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(period_html("stag<ing", &summary, &stories).unwrap(), page);
    let nothing = period(&[], &[], &Objectives::default(), (at(0), at(0)));
    let page = period_html("x", &nothing, &[]).unwrap();
    assert!(!page.contains("<svg") && page.contains("There were none."), "{page}");
}

#[test]
fn counters_and_buckets_add_up() {
    let stories = [
        deploy(0, RunResult::Kept, None),
        deploy(10, RunResult::RolledBack, Some(4)),
        deploy(20, RunResult::RolledBack, Some(400)),
    ];
    let environment = crate::id::EnvironmentName::new("staging").unwrap();
    let text = exposition(&Gauges {
        version: "1",
        environment: &environment,
        stories: &stories,
        open_runs: 0,
        incidents: (2, 1),
        last_good: Some(at(0)),
        notices: (0, 0),
    });
    for line in [
        "backout_runs_total{environment=\"staging\",kind=\"guard\",result=\"rolled_back\"} 2",
        "backout_rollback_duration_seconds_bucket{environment=\"staging\",scope=\"service\",le=\"5\"} 1",
        "backout_rollback_duration_seconds_bucket{environment=\"staging\",scope=\"service\",le=\"+Inf\"} 2",
        "backout_rollback_duration_seconds_sum{environment=\"staging\",scope=\"service\"} 404.000",
        "backout_open_incidents{environment=\"staging\"} 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is missing:\n{text}");
    }
}
