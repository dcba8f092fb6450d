//! Incidents from records that tables describe, and their post-mortem.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::data::{DataAct, DataStep, RecoveryTarget, RestoreSource};
use crate::id::{
    CheckpointId, DatabaseName, Digest, EnvironmentName, IncidentId, NotifierName, RunId, ServiceName, StepId,
};
use crate::inventory::BlobRef;
use crate::journal::{Body, DeployExit, Noticed, Record, RunKind, RunResult, RunStarted, StepOutcome};
use crate::notify;
use crate::plan::{Action, Plan, Request, Step, StepClass, WayBack};
use crate::policy::{Check, Choice, Decision, Finding, Judgement, Severity, Verdict};
use crate::report::Scope;

const MORNING: &str = "2026-11-21T08:00:00Z";

fn at(second: i64) -> Timestamp {
    MORNING.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

/// A journal that is written by hand.
#[derive(Default)]
struct Written(Vec<Record>);

impl Written {
    fn put(&mut self, second: i64, run: Option<&str>, body: Body) {
        let seq = i64::try_from(self.0.len()).unwrap() + 1;
        let environment = EnvironmentName::new("staging").unwrap();
        let run = run.map(|run| RunId::new(run).unwrap());
        self.0.push(Record { seq, format: 1, at: at(second), environment, run, body, hash: Digest::of(b"") });
    }

    fn said(&mut self, second: i64, incident: &str, said: Said) {
        let incident = IncidentId::new(incident).unwrap();
        self.put(
            second,
            None,
            Body::Incident { entry: Box::new(Entry { incident, by: "anna@web1".to_owned(), said }) },
        );
    }

    fn ended(&mut self, second: i64, run: &str, result: RunResult) {
        self.put(second, Some(run), Body::RunEnded { result, summary: "`web` runs release 1".to_owned() });
    }

    /// A guarded deploy that goes bad and back within a minute.
    fn bad_deploy(&mut self, second: i64, run: &str, result: RunResult) {
        let (guard, run) = (RunKind::Guard { command: vec!["sh deploy.sh".to_owned()] }, Some(run));
        self.put(second, run, started(guard, None));
        self.put(second + 1, run, Body::DeployIntended);
        self.put(second + 10, run, Body::DeployEnded { exit: DeployExit::Code { code: 0 } });
        let finding = Finding {
            subject: "trigger error_rate".to_owned(),
            what: "5.2 % of requests fail, above 5 %; password=hunter2 <b>".to_owned(),
            was_before: false,
        };
        let judgement = Judgement {
            verdict: Verdict::Unhealthy,
            at: at(second + 20),
            first_bad_at: Some(at(second + 15)),
            findings: vec![finding],
            wants_person: false,
            fired: None,
            own_check: None,
        };
        self.put(second + 20, run, Body::Judged { judgement });
        let reasons_for = vec!["it is bad, and was not so before".to_owned()];
        let decision = Decision::plain(Choice::RollBack, reasons_for, vec!["it is late".to_owned()]);
        self.put(second + 21, run, Body::Decided { decision });
        self.put(second + 22, run, Body::PlanMade { plan: Box::new(plan()) });
        let content = BlobRef { digest: Digest::of(b"log"), bytes: 3 };
        let items = vec![("web.log".to_owned(), content)];
        self.put(second + 23, run, Body::StepIntended { step: StepId(1), attempt: 1 });
        self.put(second + 24, run, Body::EvidenceKept { service: ServiceName::new("web").unwrap(), items });
        let outcome = StepOutcome::Done { seen: "2 pieces".to_owned() };
        self.put(second + 25, run, Body::StepEnded { step: StepId(1), attempt: 1, outcome, took_ms: 2_000 });
        let check = |name: &str| Check {
            name: name.to_owned(),
            verdict: if result == RunResult::RolledBack { Verdict::Healthy } else { Verdict::Unhealthy },
            what: "200".to_owned(),
            was_red_before: false,
            is_advisory: false,
        };
        self.put(
            second + 40,
            run,
            Body::Verified { checks: vec![check("web.health.up")], facts: Vec::new(), red: Vec::new() },
        );
        self.ended(second + 41, run.unwrap(), result);
    }
}

fn started(run: RunKind, reason: Option<&str>) -> Body {
    Body::RunStarted(RunStarted {
        run,
        environment: EnvironmentName::new("staging").unwrap(),
        actor: "anna@web1".to_owned(),
        reason: reason.map(str::to_owned),
        request: Request::automatic(),
        agreed: None,
        circumstances: Default::default(),
        observe_ms: 0,
    })
}

fn plan() -> Plan {
    Plan {
        environment: EnvironmentName::new("staging").unwrap(),
        made_at: at(0),
        request: Request::automatic(),
        target: CheckpointId::new("cp-1").unwrap(),
        target_taken_at: at(-60),
        target_said: [].into(),
        facts: Digest::of(b""),
        data_facts: None,
        made_from: BTreeMap::new(),
        suffix: String::new(),
        steps: vec![Step {
            id: StepId(1),
            action: Action::KeepEvidence { service: ServiceName::new("web").unwrap() },
            class: StepClass::Reversible,
            way_back: WayBack::NothingToUndo,
            estimate_ms: None,
            limit_ms: 1000,
            attempts: 1,
        }],
        data: Vec::new(),
        unchanged: Vec::new(),
        reasons: Vec::new(),
        blocked_by: Vec::new(),
        overridden: Vec::new(),
        approvals: None,
    }
}

fn opened(title: &str) -> Said {
    Said::Opened { title: title.to_owned(), severity: Some(Severity::P1), services: Default::default() }
}

fn case(written: &Written, terms: &Terms) -> Case {
    let incident = incidents(&written.0).pop().unwrap();
    Case::of(&Material { incident: &incident, records: &written.0, terms })
}

fn ids(written: &Written) -> Vec<(String, Status, usize)> {
    incidents(&written.0)
        .iter()
        .map(|incident| (incident.id.to_string(), incident.status, incident.runs.len()))
        .collect()
}

#[test]
fn a_run_that_goes_back_opens_an_incident_and_its_end_restores() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::RolledBack);
    assert_eq!(ids(&written), [("inc-1".to_owned(), Status::Restored, 1)]);
    // The next bad deploy is another incident.
    written.bad_deploy(100, "run-2", RunResult::RolledBack);
    assert_eq!(ids(&written)[1], ("inc-2".to_owned(), Status::Restored, 1));
}

#[test]
fn a_run_joins_the_incident_that_is_open() {
    let mut written = Written::default();
    written.said(0, "inc-a", opened("checkout is slow"));
    written.bad_deploy(10, "run-1", RunResult::NotVerified);
    assert_eq!(ids(&written), [("inc-a".to_owned(), Status::Investigating, 1)]);
    written.put(100, Some("run-2"), started(RunKind::Rollback, Some("it is still slow")));
    assert_eq!(ids(&written)[0].2, 2, "a rollback with a reason joins when it begins");
    written.ended(130, "run-2", RunResult::RolledBack);
    assert_eq!(ids(&written), [("inc-a".to_owned(), Status::Restored, 2)]);
}

#[test]
fn a_way_back_that_has_failed_is_p0_until_a_person_says_otherwise() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::NotVerified);
    let severity = |written: &Written| incidents(&written.0)[0].severity;
    assert_eq!(severity(&written), Some(Severity::P0));
    written.said(60, "inc-1", Said::Rated { severity: Severity::P2 });
    assert_eq!(severity(&written), Some(Severity::P2));
    let mut verified = Written::default();
    verified.bad_deploy(0, "run-1", RunResult::RolledBack);
    assert_eq!(severity(&verified), None);
}

#[test]
fn a_deploy_that_is_kept_fixes_what_earlier_runs_left_open_and_nothing_else() {
    let guard = || RunKind::Guard { command: vec!["sh fix.sh".to_owned()] };
    let mut written = Written::default();
    written.said(0, "inc-a", opened("checkout is slow"));
    written.put(10, Some("run-1"), started(guard(), None));
    written.ended(20, "run-1", RunResult::Kept);
    assert_eq!(
        ids(&written),
        [("inc-a".to_owned(), Status::Investigating, 0)],
        "nobody said that it is about a deploy"
    );
    written.bad_deploy(100, "run-2", RunResult::Held);
    written.put(200, Some("run-3"), started(guard(), None));
    written.ended(230, "run-3", RunResult::Kept);
    assert_eq!(ids(&written), [("inc-a".to_owned(), Status::Restored, 2)]);
}

#[test]
fn deploys_that_were_noticed_count_as_guarded_ones_do() {
    let noticed = || {
        let (changed, former) = (vec!["web".to_owned()], CheckpointId::new("cp-1").unwrap());
        RunKind::Noticed(Box::new(Noticed { changed, former, goes_back: true, announced: None }))
    };
    let mut written = Written::default();
    written.put(0, Some("run-1"), started(noticed(), None));
    assert_eq!(ids(&written), [], "a deploy is no incident");
    let decision = Decision::plain(Choice::RollBack, vec!["it is bad".to_owned()], Vec::new());
    written.put(20, Some("run-1"), Body::Decided { decision });
    written.ended(40, "run-1", RunResult::Held);
    assert_eq!(ids(&written), [("inc-1".to_owned(), Status::Investigating, 1)]);
    let case = case(&written, &Terms::default());
    assert_eq!((case.deploy.as_deref(), case.moments.deployed_at), (Some("web"), Some(at(0))));
    written.put(50, Some("run-2"), started(noticed(), None));
    written.ended(90, "run-2", RunResult::Kept);
    assert_eq!(ids(&written), [("inc-1".to_owned(), Status::Restored, 2)], "it was fixed by the deploy that was kept");
}

#[test]
fn a_rollback_without_a_reason_counts_from_its_first_step() {
    let mut written = Written::default();
    written.put(0, Some("run-1"), started(RunKind::Rollback, None));
    assert_eq!(ids(&written), []);
    written.put(1, Some("run-1"), Body::StepIntended { step: StepId(1), attempt: 1 });
    assert_eq!(ids(&written).len(), 1);
}

#[test]
fn what_is_closed_stays_closed_and_is_measured_by_what_was_agreed_then() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::NotVerified);
    let terms = Terms { service_ms: Some(10_000), ..Terms::default() };
    written.said(60, "inc-1", Said::Closed { summary: Some("done".to_owned()), terms: Box::new(terms) });
    written.bad_deploy(100, "run-2", RunResult::RolledBack);
    let all = incidents(&written.0);
    assert_eq!((all[0].status, all[1].status), (Status::Closed, Status::Restored));
    assert_eq!(all[1].id.as_str(), "inc-2");
    let later = Terms { service_ms: Some(99_000), ..Terms::default() };
    let case = Case::of(&Material { incident: &all[0], records: &written.0, terms: &later });
    assert_eq!(case.objective.unwrap().agreed_ms, 10_000);
}

#[test]
fn a_restored_database_is_measured_by_what_was_agreed_for_that_or_else_for_a_database() {
    let restore = |terms: Terms| {
        let mut written = Written::default();
        written.bad_deploy(0, "run-1", RunResult::RolledBack);
        for record in &mut written.0 {
            let Body::PlanMade { plan } = &mut record.body else { continue };
            let source = RestoreSource::Log { target: RecoveryTarget::Time { at: at(0) }, point: None };
            let act = DataAct::RestoreInPlace { source, live: "shop".to_owned(), run: "1".to_owned() };
            let database = DatabaseName::new("main").unwrap();
            plan.steps[0].action = Action::Data(Box::new(DataStep { database, act, fences: Vec::new() }));
        }
        case(&written, &terms).objective.map(|objective| (objective.scope, objective.agreed_ms))
    };
    let database = Terms { service_ms: Some(1), database_ms: Some(30), ..Terms::default() };
    assert_eq!(restore(database.clone()), Some((Scope::Restore, 30)), "an incident that was closed before");
    assert_eq!(restore(Terms { restore_ms: Some(60), ..database }), Some((Scope::Restore, 60)));
}

#[test]
fn times_lie_between_the_turns() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::RolledBack);
    let terms = Terms { service_ms: Some(60_000), ..Terms::default() };
    let case = case(&written, &terms);
    let of = &case.moments;
    let all = [of.to_detect_ms, of.to_decide_ms, of.to_begin_ms, of.to_go_back_ms, of.to_restore_ms, of.in_all_ms];
    assert_eq!(all, [Some(5_000), Some(1_000), Some(2_000), Some(19_000), Some(25_000), None]);
    assert_eq!(case.objective.as_ref().and_then(|objective| objective.is_met), Some(true));
    let turns: Vec<&str> = case.timeline.iter().filter(|e| e.is_turn).map(|e| e.label.as_str()).collect();
    assert_eq!(turns, ["first sign", "detected", "decided", "verified", "rolled back"]);
    let step = case.timeline.iter().find(|event| event.took_ms == Some(2_000)).unwrap();
    assert_eq!((step.since_ms, step.text.contains("2000 ms")), (10_000, false));
}

#[test]
fn a_severity_has_limits_of_its_own() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::RolledBack);
    let agreed = Limits { detect_ms: None, decide_ms: Some(5_999), restore_ms: Some(60_000) };
    let terms = Terms { severities: [(Severity::P1, agreed)].into(), ..Terms::default() };
    assert_eq!(case(&written, &terms).limits, [], "nobody has said how severe it is");
    written.said(50, "inc-1", Said::Rated { severity: Severity::P1 });
    let case = case(&written, &terms);
    let limits: Vec<_> = case.limits.iter().map(|limit| (limit.until, limit.took_ms, limit.is_met)).collect();
    assert_eq!(limits, [("decided", Some(6_000), Some(false)), ("restored", Some(25_000), Some(true))]);
    let markdown = postmortem(&case, Format::Markdown, None).unwrap();
    assert!(
        markdown.contains("Agreed for P1: decided within 5.9 s of the first bad sample; **not met**: 6.0 s."),
        "{markdown}"
    );
    assert!(postmortem(&case, Format::Html, None).unwrap().contains("restored within 1 min"));
}

#[test]
fn what_is_not_verified_is_not_restored() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::NotVerified);
    let case = case(&written, &Terms { service_ms: Some(60_000), ..Terms::default() });
    assert_eq!((case.moments.restored_at, case.moments.to_restore_ms), (None, None));
    assert_eq!(case.objective.unwrap().is_met, None);
}

#[test]
fn the_journal_ticks_what_it_shows_and_people_answer_the_rest() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::RolledBack);
    let told = |event, is_public| Told {
        notifier: NotifierName::new(if is_public { "page" } else { "slack" }).unwrap(),
        is_public,
        run: RunId::new("run-1").ok(),
        event,
        title: "shop/staging: rolled back".to_owned(),
    };
    written.put(42, None, Body::Told { told: Box::new(told(notify::Event::GoingBack, false)) });
    let state = |case: &Case, id: &str| case.checklist.items.iter().find(|item| item.id == id).unwrap().state;
    let first = case(&written, &Terms::default());
    for (id, expected) in [
        ("declared", State::Done),
        ("severity", State::Open),
        ("services", State::Open),
        ("deploy", State::Done),
        ("team", State::Done),
        ("backups", State::NotNeeded),
        ("steps", State::Done),
        ("health", State::Done),
        ("resolution", State::Open),
        ("status-page", State::Open),
        ("cause", State::Open),
    ] {
        assert_eq!(state(&first, id), expected, "{id}");
    }
    written.put(43, None, Body::Told { told: Box::new(told(notify::Event::RolledBack, true)) });
    written.said(50, "inc-1", Said::Rated { severity: Severity::P2 });
    written.said(51, "inc-1", Said::Noted { topic: Topic::Cause, text: "a null".to_owned() });
    let answer =
        |item: &str, answer| Said::Answered { item: item.to_owned(), answer, note: Some("said so".to_owned()) };
    written.said(52, "inc-1", answer("metrics", Answer::Yes));
    written.said(53, "inc-1", answer("health", Answer::No));
    let second = case(&written, &Terms::default());
    for (id, expected) in [
        ("severity", State::Done),
        ("resolution", State::Done),
        ("status-page", State::Done),
        ("cause", State::Done),
        ("metrics", State::Done),
        ("health", State::NotDone),
    ] {
        assert_eq!(state(&second, id), expected, "{id}");
    }
    assert_eq!(first.checklist.open, second.checklist.open + 5);
}

#[test]
fn a_post_mortem_says_what_happened_in_markdown_and_html_and_no_secret() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::RolledBack);
    written.said(
        50,
        "inc-1",
        Said::Noted { topic: Topic::Cause, text: "a null & <script>alert(1)</script>".to_owned() },
    );
    written.said(51, "inc-1", Said::Role { role: "lead".to_owned(), who: "anna".to_owned() });
    let mut case = case(&written, &Terms { service_ms: Some(60_000), ..Terms::default() });
    case.read(&[(Digest::of(b"log"), "GET / 500\napi_key=planted-key\n".to_owned())].into());
    let markdown = postmortem(&case, Format::Markdown, None).unwrap();
    for part in [
        "# Post-mortem: trigger error_rate: 5.2 % of requests fail",
        "| Incident | `inc-1` in `staging` |",
        "| Incident lead | anna |",
        "| Detect | 5.0 s |",
        "Agreed for a service: 1 min; met.",
        "| 08:00:20 | +5.0 s | **detected** |",
        "a null & <script>",
        "  GET / 500\n",
        "backout show run-1 --evidence web.log",
    ] {
        assert!(markdown.contains(part), "{part} is missing:\n{markdown}");
    }
    let html = postmortem(&case, Format::Html, None).unwrap();
    for part in [
        "<dd>5.0 s</dd>",
        "a null &amp; &lt;script&gt;",
        "<svg class=\"chart\"",
        "within the 1 min agreed",
        "GET &#x2f; 500",
    ] {
        assert!(html.contains(part), "{part} is missing:\n{html}");
    }
    assert!(!html.contains("<script"));
    for text in [&markdown, &html] {
        assert!(!text.contains("hunter2") && !text.contains("planted-key"), "{text}");
    }
    assert_eq!(postmortem(&case, Format::Html, None).unwrap(), html);
}

#[test]
fn a_template_of_ones_own_sees_the_case_and_is_told_what_is_wrong_with_it() {
    let mut written = Written::default();
    written.bad_deploy(0, "run-1", RunResult::RolledBack);
    let case = case(&written, &Terms::default());
    let own = "{{ id }} {{ times.to_restore_ms|span }} {% for e in turns %}{{ e.label }};{% endfor %}";
    let own = own.replace("turns", "timeline|selectattr('is_turn')");
    assert_eq!(
        postmortem(&case, Format::Markdown, Some(&own)).unwrap(),
        "inc-1 25.0 s first sign;detected;decided;verified;rolled back;"
    );
    for wrong in
        ["{{ nothing }}", "{% if %}", "{% for a in range(99999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"]
    {
        assert!(postmortem(&case, Format::Markdown, Some(wrong)).is_err(), "{wrong}");
    }
}
