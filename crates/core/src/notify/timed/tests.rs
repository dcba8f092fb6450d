use super::*;
use crate::id::{Digest, EnvironmentName, IncidentId, RunId};
use crate::incident::{Answer, Entry, Said, Status};
use crate::journal::{Body, RunKind, RunResult, RunStarted};
use crate::plan::Request;
use crate::policy::{self, Case, Choice, Decision, Weighed};

const MINUTE: u64 = 60;

fn notify() -> Notify {
    let text = "version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: { host: {} }\n    \
                services: { web: { releases: app, run: [./start] } }\n    \
                notify: { chat: { kind: teams, webhook: \"env:X\" }, boss: { kind: teams, webhook: \"env:Y\", on: [] } }\n    \
                contacts: { anna: {}, ben: {}, cto: {}, dba: {} }\n    \
                escalation: [{ call: [anna] }, { call: [ben], after: 15m, tell: [boss] }, \
                { call: [cto], after: 30m, tell: [boss], severity: [P0] }, \
                { call: [dba], tell: [chat], severity: [P3], when: { days: [thu], from: \"01:00\", until: \"17:00\" } }]\n";
    crate::config::load(text, &|_| None).unwrap().environments[&staging()].notify.clone()
}

fn staging() -> EnvironmentName {
    EnvironmentName::new("staging").unwrap()
}

fn minute(minute: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(minute * MINUTE)
}

/// Records of run `run-1`, each at a minute.
fn records(bodies: Vec<(u64, Body)>) -> Vec<Record> {
    let record = |(place, (at, body)): (i64, (u64, Body))| Record {
        seq: place,
        format: 1,
        at: minute(at),
        environment: staging(),
        run: (!matches!(body, Body::Incident { .. })).then(|| RunId::new("run-1").unwrap()),
        body,
        hash: Digest::of(b""),
    };
    (1..).zip(bodies).map(record).collect()
}

/// A guarded deploy that is held for a person after a minute.
fn held(severity: policy::Severity) -> Vec<(u64, Body)> {
    let started = RunStarted {
        run: RunKind::Guard { command: vec!["make deploy".to_owned()] },
        environment: staging(),
        actor: "anna".to_owned(),
        reason: None,
        request: Request::automatic(),
        agreed: None,
        circumstances: Box::default(),
        observe_ms: 0,
    };
    let mut decision = Decision::plain(Choice::Hold, vec!["it is bad".to_owned()], vec![]);
    decision.weighed = Some(Box::new(Weighed {
        severity,
        severity_by: "a person".to_owned(),
        fix_by: None,
        fallbacks: Vec::new(),
        decide_by: None,
        restore_by: None,
        case: Case::new(minute(1)),
    }));
    vec![(0, Body::RunStarted(started)), (1, Body::Decided { decision }), (1, ended(RunResult::Held))]
}

fn ended(result: RunResult) -> Body {
    Body::RunEnded { result, summary: "it is so".to_owned() }
}

fn said(said: Said) -> Body {
    let incident = IncidentId::of_run(&RunId::new("run-1").unwrap());
    Body::Incident { entry: Box::new(Entry { incident, by: "ben".to_owned(), said }) }
}

fn told(bodies: Vec<(u64, Body)>, at: u64) -> Vec<(String, Vec<String>)> {
    let notify = notify();
    let asked = Asked { project: "shop", notify: &notify, post_mortem: Some(Duration::from_secs(60 * MINUTE)) };
    let timed = timed(&asked, &records(bodies), minute(at));
    timed.into_iter().map(|timed| (timed.notice.id, timed.to.iter().map(ToString::to_string).collect())).collect()
}

fn of(id: &str, to: &str) -> (String, Vec<String>) {
    (id.to_owned(), vec![to.to_owned()])
}

#[test]
fn more_people_are_called_when_their_time_comes_and_only_for_what_is_as_severe() {
    let grave = || held(policy::Severity::P0);
    assert_eq!(told(grave(), 15), []);
    assert_eq!(told(grave(), 16), [of("run-1/escalated-3-2", "boss")]);
    assert_eq!(told(grave(), 40), [of("run-1/escalated-3-2", "boss"), of("run-1/escalated-3-3", "boss")]);
    assert_eq!(told(held(policy::Severity::P2), 40), [of("run-1/escalated-3-2", "boss")]);
}

#[test]
fn who_may_be_called_in_office_hours_only_is_called_when_they_begin() {
    // The epoch was a Thursday.
    assert_eq!(told(held(policy::Severity::P3), 59), [of("run-1/escalated-3-2", "boss")]);
    let calls = [of("run-1/escalated-3-2", "boss"), of("run-1/escalated-3-4", "chat")];
    assert_eq!(told(held(policy::Severity::P3), 60), calls);
}

#[test]
fn nobody_is_called_once_the_trouble_is_over() {
    let mut back = held(policy::Severity::P0);
    back.push((10, ended(RunResult::RolledBack)));
    assert_eq!(told(back, 40), []);
    let mut said_so = held(policy::Severity::P0);
    said_so.push((10, said(Said::Moved { status: Status::Restored })));
    assert_eq!(told(said_so, 40), []);
}

#[test]
fn a_post_mortem_is_called_for_when_three_quarters_of_its_time_are_over_until_it_is_seen_to() {
    let over =
        |more: Vec<(u64, Body)>| [held(policy::Severity::P0), vec![(10, ended(RunResult::RolledBack))], more].concat();
    assert_eq!(told(over(vec![]), 54), []);
    assert_eq!(told(over(vec![]), 55), [of("inc-1/post_mortem_due", "chat")]);
    let answer = said(Said::Answered { item: "post-mortem".to_owned(), answer: Answer::Yes, note: None });
    assert_eq!(told(over(vec![(20, answer)]), 55), []);
    let closed = said(Said::Closed { summary: None, terms: Box::default() });
    assert_eq!(told(over(vec![(20, closed)]), 55), []);
}
