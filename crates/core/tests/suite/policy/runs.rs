//! What a run puts to the policy, and what it does then.

use std::collections::BTreeMap;

use backout_core::detect::Signal;
use backout_core::id::{CheckpointId, Digest, RunId, TriggerName};
use backout_core::inventory::DatabasesAfter;
use backout_core::journal::{
    ActStage, Body, DeployExit, FORMAT, FallbackSwitching, Means, Record, RunKind, RunResult, fallbacks_on,
};
use backout_core::policy::{
    Case, Choice, Decision, Finding, Fired, Impact, Judgement, OwnCheck, Verdict, Weighed, Worse, weigh,
};
use backout_core::run::{Act, Effect, Run};
use jiff::Timestamp;

use super::{environment, rules};
use crate::machine::spec;
use crate::world::{at, name, request, started};

/// A guard whose deploy changed `app`, up to where it is judged.
struct Guarded {
    run: Run,
    records: Vec<Body>,
    wants: Option<Act>,
}

impl Guarded {
    fn deployed(code: i32) -> Self {
        let spec = spec();
        let begun =
            Run::begin(started(RunKind::Guard { command: vec!["deploy".to_owned()] }, request()), at(0)).unwrap();
        let mut guarded = Self { run: begun.0, records: Vec::new(), wants: None };
        guarded.take(begun.1);
        let checkpoint = Box::new(spec.checkpoint(|service| service.now, spec.files_now));
        let facts = spec.world().facts(1);
        guarded
            .then(Body::BeforeSeen {
                facts: facts.clone(),
                red: Vec::new(),
                checks: Vec::new(),
                has_good_checkpoint: true,
                means: Means::default(),
                quarantined: Vec::new(),
                named: None,
                not_kept: None,
                not_confirmed: None,
            })
            .then(Body::CheckpointTaken { checkpoint })
            .then(Body::Armed { pid: 1 })
            .then(Body::DeploySpawned { pid: 2, started_ticks: 1 })
            .then(Body::DeployEnded { exit: DeployExit::Code { code } })
            .then(Body::AfterSeen { facts, changed: vec![name("app")], data: DatabasesAfter::default() })
    }

    fn take(&mut self, effects: Vec<Effect>) {
        self.wants = None;
        for effect in effects {
            match effect {
                Effect::Do(act) => self.wants = Some(act),
                Effect::Record(body) => self.records.push(body),
            }
        }
    }

    fn then(mut self, body: Body) -> Self {
        let effects = self.run.handle(body, at(1)).unwrap();
        self.take(effects);
        self
    }

    fn decided(self, choice: Choice, fix_by: Option<Timestamp>) -> Self {
        let weighed = *weigh(&Case::new(at(1)), &rules("{}")).weighed.unwrap();
        let fallbacks = vec!["app".to_owned(), "environment".to_owned()];
        let weighed = Some(Box::new(Weighed { fix_by, fallbacks, ..weighed }));
        self.then(Body::Decided { decision: Decision { weighed, ..Decision::plain(choice, Vec::new(), Vec::new()) } })
    }

    fn kept(self) -> Option<RunResult> {
        let spec = spec();
        let checkpoint = spec.checkpoint(|service| service.now, spec.files_now);
        let id = CheckpointId::new("cp-kept").unwrap();
        self.then(Body::CheckpointTaken {
            checkpoint: Box::new(backout_core::inventory::Checkpoint { id, ..checkpoint }),
        })
        .run
        .result()
    }
}

fn fired(signal: &str) -> Fired {
    let (trigger, signal) = (TriggerName::new("t").unwrap(), signal.to_owned().try_into().unwrap());
    Fired { trigger, signal, value: 0.3, times: 2, impact: None, worse: None, dependencies_down: Vec::new() }
}

/// The same with what was down beside it.
fn beside(fired: Fired, down: &[&str]) -> Fired {
    let dependencies_down = down.iter().map(|signal| (*signal).to_owned().try_into().unwrap()).collect();
    Fired { dependencies_down, ..fired }
}

fn judged(verdict: Verdict, signal: &str) -> Body {
    judged_by(verdict, fired(signal))
}

fn judged_by(verdict: Verdict, fired: Fired) -> Body {
    let finding = Finding { subject: "trigger t".to_owned(), what: "bad".to_owned(), was_before: false };
    Body::Judged {
        judgement: Judgement {
            verdict,
            at: at(1),
            first_bad_at: Some(at(0)),
            findings: vec![finding],
            wants_person: false,
            fired: (verdict == Verdict::Unhealthy).then(|| Box::new(fired)),
            own_check: None,
        },
    }
}

fn bad() -> Guarded {
    Guarded::deployed(0).then(judged(Verdict::Unhealthy, "app.health.up"))
}

fn switched(name: &str, stage: ActStage) -> Body {
    Body::FallbackSwitched {
        switching: Box::new(FallbackSwitching { name: name.to_owned(), on: true, by: "the run".to_owned(), stage }),
    }
}

fn done() -> ActStage {
    ActStage::Done { seen: "on".to_owned() }
}

#[test]
fn a_case_says_what_is_the_matter_with_whom() {
    let environment = environment("{ tags: { region: eu } }", "    fallback: { on: [a], off: [b] }\n");
    let case = |guarded: &Guarded| guarded.run.state().case(&environment, at(1));
    let down = case(&bad());
    assert_eq!((down.impacts, down.services), ([Impact::ServiceDown].into(), [name("app")].into()));
    assert_eq!((down.failures, down.since, down.findings), (Some(2), at(0), vec!["trigger t: bad".to_owned()]));
    assert!((down.share - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!((down.tags.get("region"), down.fallbacks), (Some("eu"), vec!["environment".to_owned()]));
    let slow = case(&Guarded::deployed(0).then(judged(Verdict::Unhealthy, "app.health.latency")));
    assert_eq!(slow.impacts, [Impact::Slow].into());
    let errors = case(&Guarded::deployed(0).then(judged(Verdict::Unhealthy, "errors")));
    assert_eq!((errors.impacts, errors.error_rate), ([Impact::Errors].into(), Some(0.3)));
    assert_eq!(errors.services, [name("app")].into(), "what the deploy changed");
    let below = case(&Guarded::deployed(0).then(judged(Verdict::Unhealthy, "db.container.up")));
    assert_eq!(below.impacts, [Impact::Dependency].into(), "`app` needs `db`, and `db` was not touched");
    let above = case(&Guarded::deployed(0).then(judged(Verdict::Unhealthy, "web.container.up")));
    assert_eq!(above.impacts, [Impact::ServiceDown].into(), "`web` needs `app`: that is the deploy's doing");
    let failed = case(&Guarded::deployed(1));
    assert_eq!((failed.impacts, failed.services), ([Impact::DeployFailed].into(), [name("app")].into()));
}

#[test]
fn a_case_is_as_bad_as_the_comparison_with_before_has_measured() {
    let worse = |what, error_rate, latency_rise| Fired {
        times: 0,
        worse: Some(Worse { what, error_rate, latency_rise }),
        ..fired("traffic")
    };
    let decided = |matrix: &str, fired: Fired| {
        let environment = environment(&format!("{{ matrix: {matrix} }}"), "");
        let case =
            Guarded::deployed(0).then(judged_by(Verdict::Unhealthy, fired)).run.state().case(&environment, at(1));
        (case.impacts.clone(), case.failures, weigh(&case, &environment.policy.rules).choice)
    };
    let table = [
        ("heliosdb", worse(Signal::Errors, Some(0.3), None), Impact::Errors, Choice::RollBack),
        ("heliosdb", worse(Signal::Errors, Some(0.1), None), Impact::Errors, Choice::RollBackUnlessFixed),
        ("heliosdb", worse(Signal::Probe, None, None), Impact::ServiceDown, Choice::RollBack),
        ("heliosdb", worse(Signal::Memory, None, None), Impact::Resources, Choice::RollBack),
        ("heliosdb", worse(Signal::LatencyP90, Some(0.0), Some(5.5)), Impact::Slow, Choice::RollBack),
        ("heliosdb", worse(Signal::LatencyP90, Some(0.0), Some(0.9)), Impact::Slow, Choice::FixForward),
        ("predator", worse(Signal::LatencyP50, Some(0.0), Some(0.6)), Impact::Slow, Choice::RollBack),
        ("predator", worse(Signal::LatencyP50, Some(0.0), Some(0.4)), Impact::Slow, Choice::Observe),
        ("predator", worse(Signal::Errors, Some(0.06), None), Impact::Errors, Choice::RollBack),
    ];
    for (matrix, fired, impact, choice) in table {
        assert_eq!(decided(matrix, fired.clone()), ([impact].into(), None, choice), "{matrix} {fired:?}");
    }
    let said = Fired { impact: Some(Impact::CriticalFunction), ..fired("queue") };
    assert_eq!(decided("heliosdb", said.clone()), ([Impact::CriticalFunction].into(), Some(2), Choice::RollBack));
    let of_comparison = Fired { impact: Some(Impact::Cosmetic), ..worse(Signal::Errors, Some(0.1), None) };
    assert_eq!(decided("heliosdb", of_comparison).0, [Impact::Cosmetic].into(), "what the trigger says counts");
}

#[test]
fn what_a_dependency_explains_is_a_dependency_and_nothing_else() {
    let environment = environment("{ matrix: predator }", "");
    let case = |fired: Fired, down: &[&str]| {
        let guarded = Guarded::deployed(0).then(judged_by(Verdict::Unhealthy, beside(fired, down)));
        let mut case = guarded.run.state().case(&environment, at(1));
        case.fallbacks = vec!["flag".to_owned()];
        (case.impacts.clone(), case.services.clone(), weigh(&case, &environment.policy.rules).choice)
    };
    let db: std::collections::BTreeSet<_> = [name("db")].into();
    let dependency = (std::collections::BTreeSet::from([Impact::Dependency]), db, Choice::FallBack);
    for signal in ["app.health.up", "app.health.latency", "errors", "queue", "web.health.up"] {
        assert_eq!(case(fired(signal), &["db.ping.up"]), dependency, "{signal}");
    }
    assert_eq!(case(fired("app.health.up"), &["app.db.up"]).1, [name("app")].into(), "the probe says so itself");
    let above = case(fired("app.health.up"), &["web.health.up"]);
    assert_eq!((above.0, above.2), ([Impact::ServiceDown].into(), Choice::RollBack), "`web` needs `app`");
    let lasting = Fired { impact: Some(Impact::DataCorruption), ..fired("ledger") };
    assert_eq!(case(lasting, &["db.ping.up"]).0, [Impact::DataCorruption].into());
}

#[test]
fn while_a_dependency_stays_down_a_person_is_called_once_there_is_nothing_left_to_fall_back_to() {
    let environment = environment("{}", "");
    let explained = |down: &[&str]| judged_by(Verdict::Unhealthy, beside(fired("app.health.up"), down));
    let again = |judged: Body| {
        let guarded = Guarded::deployed(0).then(explained(&["db.ping.up"])).decided(Choice::FallBack, None);
        let guarded = guarded.then(switched("app", done())).then(switched("environment", done())).then(judged);
        weigh(&guarded.run.state().case(&environment, at(2)), &environment.policy.rules).choice
    };
    assert_eq!(again(explained(&["db.ping.up"])), Choice::Hold);
    assert_eq!(again(explained(&[])), Choice::RollBack, "it is well again, and the deploy is not");
}

#[test]
fn a_crash_a_broken_row_and_a_failed_command_are_explained_by_no_dependency() {
    let environment = environment("{}", "");
    let Body::Judged { judgement } = judged(Verdict::Unhealthy, "app.health.up") else { panic!() };
    let finding = Finding { subject: "app".to_owned(), what: "exited with 1".to_owned(), was_before: false };
    let crashed = Judgement { findings: vec![finding], fired: None, ..judgement };
    let case = Guarded::deployed(0).then(Body::Judged { judgement: crashed }).run.state().case(&environment, at(1));
    assert_eq!(case.impacts, [Impact::ServiceDown].into());
}

#[test]
fn a_health_check_that_does_not_hold_is_explained_by_what_is_down_below() {
    let environment = environment("{}", "");
    let case = |down: &[&str]| {
        let Body::Judged { judgement } = judged(Verdict::Unhealthy, "app.health.up") else { panic!() };
        let finding = Finding { subject: "app".to_owned(), what: "is unhealthy".to_owned(), was_before: false };
        let dependencies_down = down.iter().map(|signal| (*signal).to_owned().try_into().unwrap()).collect();
        let own_check = Some(Box::new(OwnCheck { service: name("app"), dependencies_down }));
        let judgement = Judgement { findings: vec![finding], fired: None, own_check, ..judgement };
        let case = Guarded::deployed(0).then(Body::Judged { judgement }).run.state().case(&environment, at(1));
        (case.impacts, case.services)
    };
    let (own, below) = (([Impact::ServiceDown].into(), [name("app")].into()), [name("db")].into());
    assert_eq!(case(&["db.container.up"]), ([Impact::Dependency].into(), below));
    assert_eq!(case(&[]), own);
    assert_eq!(case(&["web.container.up"]), own, "`web` needs `app`");
}

#[test]
fn a_choice_ends_a_run_or_leads_on() {
    for (choice, result) in [(Choice::Hold, RunResult::Held), (Choice::FixForward, RunResult::FixForward)] {
        assert_eq!(bad().decided(choice, None).run.result(), Some(result));
        assert_eq!(result.exit_code(true), 4, "a person is needed");
    }
    assert_eq!(bad().decided(Choice::RollBack, None).wants, Some(Act::Plan));
    assert_eq!(bad().decided(Choice::Observe, None).kept(), Some(RunResult::KeptUnproven));
    assert_eq!(bad().decided(Choice::RollBackUnlessFixed, Some(at(9))).wants, Some(Act::AwaitFix { by: at(9) }));
}

#[test]
fn after_the_wait_it_is_kept_if_healthy_and_goes_back_if_not() {
    let waited = |verdict| {
        let guarded = bad().decided(Choice::RollBackUnlessFixed, Some(at(9)));
        guarded.then(judged(verdict, "app.health.up"))
    };
    assert_eq!(waited(Verdict::Healthy).kept(), Some(RunResult::Kept));
    for verdict in [Verdict::Unhealthy, Verdict::Inconclusive] {
        let guarded = waited(verdict);
        assert_eq!(guarded.wants, Some(Act::Plan), "{verdict}");
        let decided = guarded.records.iter().rev().find(|body| matches!(body, Body::Decided { .. })).unwrap();
        let Body::Decided { decision } = decided else { panic!() };
        assert!(decision.severity().is_some() && decision.fix_by().is_none(), "it stays as severe as it was");
    }
    assert_eq!(waited(Verdict::Unmeasurable).run.result(), Some(RunResult::Held));
}

#[test]
fn whoever_takes_over_waits_until_the_same_time() {
    let guarded = bad().decided(Choice::RollBackUnlessFixed, Some(at(9)));
    let records: Vec<Record> = (1..).zip(&guarded.records).map(|(seq, body)| record(seq, body.clone())).collect();
    let mut run = Run::replay(&records).unwrap();
    let effects = run.handle(Body::TakenOver { by: "switch".to_owned(), pid: 3 }, at(20)).unwrap();
    assert_eq!(effects.last(), Some(&Effect::Do(Act::AwaitFix { by: at(9) })));
}

#[test]
fn fallbacks_are_announced_one_by_one_and_then_the_watch_begins_anew() {
    let guarded = bad().decided(Choice::FallBack, None);
    assert_eq!(guarded.wants, Some(Act::FallBack { name: "app".to_owned() }));
    assert_eq!(guarded.records.last(), Some(&switched("app", ActStage::Intended)));
    let guarded = guarded.then(switched("app", done()));
    assert_eq!(guarded.wants, Some(Act::FallBack { name: "environment".to_owned() }));
    let guarded = guarded.then(switched("environment", ActStage::Failed { why: "away".to_owned() }));
    assert_eq!(guarded.wants, Some(Act::Watch), "one is on");
    assert!(guarded.run.state().has_fallen_back());
    let again = environment("{}", "    fallback: { on: [a], off: [b] }\n");
    assert!(guarded.run.state().case(&again, at(2)).fallbacks.is_empty(), "each is tried once");
    assert_eq!(guarded.then(judged(Verdict::Healthy, "x")).kept(), Some(RunResult::KeptUnproven));
}

#[test]
fn where_no_fallback_could_be_switched_on_the_policy_is_asked_again() {
    let failed = || ActStage::Failed { why: "away".to_owned() };
    let guarded = bad().decided(Choice::FallBack, None).then(switched("app", failed()));
    assert_eq!(guarded.then(switched("environment", failed())).wants, Some(Act::Decide));
}

#[test]
fn a_fallback_in_doubt_is_switched_once_more_by_whoever_takes_over() {
    let guarded = bad().decided(Choice::FallBack, None);
    let records: Vec<Record> = (1..).zip(&guarded.records).map(|(seq, body)| record(seq, body.clone())).collect();
    let mut run = Run::replay(&records).unwrap();
    let effects = run.handle(Body::TakenOver { by: "switch".to_owned(), pid: 3 }, at(2)).unwrap();
    assert_eq!(effects.last(), Some(&Effect::Do(Act::FallBack { name: "app".to_owned() })));
}

#[test]
fn what_may_be_on_counts_as_on_until_it_was_switched_off() {
    let failed = || ActStage::Failed { why: "away".to_owned() };
    let off = |stage| {
        let Body::FallbackSwitched { switching } = switched("app", stage) else { panic!() };
        Body::FallbackSwitched { switching: Box::new(FallbackSwitching { on: false, ..*switching }) }
    };
    let table = [
        (vec![switched("app", ActStage::Intended)], true),
        (vec![switched("app", ActStage::Intended), switched("app", done())], true),
        (vec![switched("app", ActStage::Intended), switched("app", failed())], false),
        (vec![switched("app", done()), switched("app", ActStage::Intended), switched("app", failed())], true),
        (vec![switched("app", ActStage::Intended), off(ActStage::Intended), off(failed())], true),
        (vec![switched("app", done()), off(ActStage::Intended)], true),
        (vec![switched("app", done()), off(failed())], true),
        (vec![switched("app", done()), off(ActStage::Intended), off(done())], false),
    ];
    for (bodies, is_on) in table {
        let records: Vec<Record> = (1..).zip(&bodies).map(|(seq, body)| record(seq, body.clone())).collect();
        let on: BTreeMap<String, Timestamp> = fallbacks_on(&records);
        assert_eq!(on.contains_key("app"), is_on, "{bodies:?}");
    }
}

fn record(seq: i64, body: Body) -> Record {
    Record {
        seq,
        format: FORMAT,
        at: at(0),
        environment: crate::world::environment(),
        run: Some(RunId::new("run-1").unwrap()),
        body,
        hash: Digest::of(b""),
    }
}
