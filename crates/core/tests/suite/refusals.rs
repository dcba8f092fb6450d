//! Each safety refusal, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use backout_core::id::{CheckpointId, EnvironmentName, ServiceName};
use backout_core::inventory::{Fact, Grade, Graded, Seen, Version};
use backout_core::plan::{Estimates, Plan, Request, Scope, Situation, StepClass, WayBack, choose_target, plan, safety};
use backout_core::policy::{Refusal, RefusalName, storm};
use backout_core::port::Preflight;
use jiff::Timestamp;

use super::world::{Spec, World, at, environment, make_plan, name, request};

/// The one service of the others' story, twice.
fn spec() -> Spec {
    let one = super::machine::spec();
    Spec { services: [one.services.clone(), one.services].concat(), ..one }
}

fn names(refusals: &[Refusal]) -> Vec<RefusalName> {
    refusals.iter().map(|refusal| refusal.name).collect()
}

fn blocked(request: &Request, target: &Graded) -> Vec<RefusalName> {
    let spec = spec();
    names(&make_plan(request, target, &spec.world(), &spec.depends_on()).blocked_by)
}

/// What a plan is made from.
struct Given {
    facts: Vec<Fact>,
    preflight: BTreeMap<ServiceName, Preflight>,
    suspect: BTreeMap<ServiceName, Version>,
    arrived_at: Option<CheckpointId>,
    held_back: Vec<Refusal>,
    target_failed: Option<Timestamp>,
}

/// The plan with everything at hand, but for what the test changes.
fn plan_where(request: &Request, change: impl FnOnce(&mut Given)) -> Plan {
    let spec = spec();
    let mut given = Given {
        facts: spec.world().facts(5),
        preflight: [0, 1].map(|i| (Spec::name(i), Preflight::Present)).into(),
        suspect: BTreeMap::new(),
        arrived_at: None,
        held_back: Vec::new(),
        target_failed: None,
    };
    change(&mut given);
    let situation = Situation {
        environment: &environment(),
        depends_on: &BTreeMap::new(),
        facts: &given.facts,
        preflight: &given.preflight,
        unlike: &BTreeMap::new(),
        databases: &BTreeMap::new(),
        caches: &BTreeMap::new(),
        estimates: &Estimates::default(),
        attempts: 2,
        suspect: &given.suspect,
        arrived_at: given.arrived_at.as_ref(),
        held_back: &given.held_back,
        target_failed: given.target_failed,
        now: at(6),
    };
    plan(request, &spec.then(), &situation)
}

fn forcing(name: RefusalName) -> Request {
    Request { forced: [name].into(), ..request() }
}

#[test]
fn a_plan_with_nothing_in_its_way_is_not_blocked() {
    assert_eq!(blocked(&request(), &spec().then()), []);
}

#[test]
fn a_target_that_is_not_good_is_refused_unless_forced() {
    for grade in [Grade::Candidate, Grade::Bad] {
        let target = Graded { grade, ..spec().then() };
        assert_eq!(blocked(&request(), &target), [RefusalName::TargetNotGood]);
        let spec = spec();
        let forced = make_plan(&forcing(RefusalName::TargetNotGood), &target, &spec.world(), &spec.depends_on());
        assert_eq!(forced.blocked_by, []);
        assert_eq!(names(&forced.overridden), [RefusalName::TargetNotGood]);
    }
}

#[test]
fn what_cannot_be_done_cannot_be_forced() {
    let target = Graded { is_retained: false, ..spec().then() };
    assert_eq!(blocked(&forcing(RefusalName::TargetGone), &target), [RefusalName::TargetGone]);
}

#[test]
fn a_target_of_another_environment_is_refused() {
    let mut target = spec().then();
    target.checkpoint.environment = EnvironmentName::new("production").unwrap();
    assert_eq!(blocked(&request(), &target), [RefusalName::TargetDoesNotFit]);
}

#[test]
fn a_target_that_is_what_runs_is_refused() {
    let mut spec = spec();
    spec.services.iter_mut().for_each(|service| service.then = service.now);
    let plan = make_plan(&request(), &spec.then(), &spec.world(), &spec.depends_on());
    assert_eq!(names(&plan.blocked_by), [RefusalName::TargetIsWhatRuns]);
}

#[test]
fn a_service_that_the_target_knows_nothing_of_is_refused() {
    let mut target = spec().then();
    target.checkpoint.artifacts.remove(&Spec::name(1));
    assert_eq!(blocked(&request(), &target), [RefusalName::TargetDoesNotFit]);
    let scope = Scope::Services { services: [Spec::name(0)].into() };
    assert_eq!(blocked(&Request { scope, ..request() }, &target), []);
    target.checkpoint.absent.push(Spec::name(1));
    assert_eq!(blocked(&request(), &target), []);
}

#[test]
fn a_service_that_is_asked_for_and_does_not_exist_is_refused() {
    let scope = Scope::Services { services: [name("wbe")].into() };
    assert_eq!(blocked(&Request { scope, ..request() }, &spec().then()), [RefusalName::TargetDoesNotFit]);
}

#[test]
fn a_service_that_cannot_be_seen_is_refused_unless_it_is_left_out() {
    let unseen = spec().world().facts(5)[0].service.clone();
    let hide = |given: &mut Given| given.facts[0].seen = Seen::Unknown { why: "no answer".to_owned() };
    let of = |request: &Request| plan_where(request, hide);
    assert_eq!(names(&of(&request()).blocked_by), [RefusalName::UnknownFacts]);
    let others = [Spec::name(0), Spec::name(1)].into_iter().filter(|service| *service != unseen).collect();
    assert_eq!(of(&Request { scope: Scope::Services { services: others }, ..request() }).blocked_by, []);
    let forced = of(&forcing(RefusalName::UnknownFacts));
    assert_eq!(forced.blocked_by, []);
    assert!(!forced.changed().contains(&unseen), "what cannot be seen is not changed");
}

#[test]
fn a_target_whose_image_is_gone_or_was_not_looked_at_is_refused() {
    let missing =
        [Preflight::Gone { why: "not in the registry".to_owned() }, Preflight::Unknown { why: "no answer".to_owned() }];
    for found in missing {
        assert_eq!(safety::target_gone(&name("a"), Some(&found)).unwrap().name, RefusalName::TargetGone);
    }
    assert_eq!(safety::target_gone(&name("a"), None).unwrap().name, RefusalName::TargetGone);
    let there = [Preflight::Present, Preflight::Fetched { from: "registry".to_owned() }];
    assert!(there.iter().all(|found| safety::target_gone(&name("a"), Some(found)).is_none()));
    assert_eq!(
        names(&plan_where(&request(), |given| given.preflight.clear()).blocked_by),
        [RefusalName::TargetGone; 2]
    );
}

#[test]
fn a_rollback_of_a_rollback_is_refused_and_one_to_the_same_or_a_newer_checkpoint_is_not() {
    let (older, newer) = (CheckpointId::new("cp-1").unwrap(), CheckpointId::new("cp-2").unwrap());
    assert!(safety::rollback_of_rollback(None, &newer).is_none());
    assert!(safety::rollback_of_rollback(Some(&newer), &newer).is_none());
    assert!(safety::rollback_of_rollback(Some(&older), &newer).is_none());
    assert_eq!(safety::rollback_of_rollback(Some(&newer), &older).unwrap().name, RefusalName::RollbackOfRollback);
    let plan = plan_where(&request(), |given| given.arrived_at = Some(CheckpointId::new("cp-zzz").unwrap()));
    assert_eq!(names(&plan.blocked_by), [RefusalName::RollbackOfRollback]);
}

#[test]
fn a_suspect_that_no_longer_runs_is_refused() {
    let world = spec().world();
    let facts = world.facts(5);
    let running = facts[0].version().unwrap().clone();
    let suspect = |code: &str| {
        let version = Version { code: code.to_owned(), spec: String::new() };
        BTreeMap::from([(facts[0].service.clone(), version)])
    };
    assert!(safety::suspect_not_running(&suspect(&running.code), &facts).is_none());
    assert_eq!(safety::suspect_not_running(&suspect("v9"), &facts).unwrap().name, RefusalName::SuspectNotRunning);
    let mut absent = facts.clone();
    absent[0].seen = Seen::Absent;
    assert!(safety::suspect_not_running(&suspect("v9"), &absent).is_none(), "what is gone needs to come back");
    let plan = plan_where(&request(), |given| given.suspect = suspect("v9"));
    assert_eq!(names(&plan.blocked_by), [RefusalName::SuspectNotRunning]);
}

#[test]
fn facts_that_have_moved_are_refused() {
    let plan = plan_where(&request(), |_| {});
    assert!(safety::stale_facts(&plan.facts, &spec().world().facts(99)).is_none(), "time alone moves nothing");
    let mut world: World = spec().world();
    world.stop(&Spec::name(0));
    assert_eq!(safety::stale_facts(&plan.facts, &world.facts(5)).unwrap().name, RefusalName::StaleFacts);
}

#[test]
fn an_irreversible_step_is_refused_to_an_automatic_run_only() {
    let mut plan = plan_where(&request(), |_| {});
    assert!(safety::approval_missing(&plan).is_none());
    plan.steps[0].class = StepClass::Irreversible;
    plan.steps[0].way_back = WayBack::Impossible { why: "it drops a table".to_owned() };
    assert!(safety::approval_missing(&plan).is_none());
    plan.request.is_automatic = true;
    assert_eq!(safety::approval_missing(&plan).unwrap().name, RefusalName::ApprovalMissing);
    plan.steps[0].class = StepClass::Compensable;
    assert!(safety::approval_missing(&plan).is_none());
}

#[test]
fn automatic_rollbacks_are_limited_and_those_of_a_person_are_not() {
    let often = |given: &mut Given| given.held_back = storm::too_many_automatic(2, 2).into_iter().collect();
    assert_eq!(names(&plan_where(&Request::automatic(), often).blocked_by), [RefusalName::TooManyAutomatic]);
    assert_eq!(plan_where(&request(), often).blocked_by, []);
    assert_eq!(plan_where(&Request::automatic(), |_| {}).blocked_by, []);
}

#[test]
fn a_destination_that_could_not_be_verified_last_time_is_refused() {
    let plan = plan_where(&request(), |given| given.target_failed = Some(at(1)));
    assert_eq!(names(&plan.blocked_by), [RefusalName::DestinationUnhealthy]);
    assert!(safety::destination_unhealthy(&plan.target, None).is_none());
}

fn history() -> Vec<Graded> {
    let graded = |id: &str, second, grade, is_retained| {
        let mut graded = Graded { grade, is_retained, ..spec().then() };
        graded.checkpoint.id = CheckpointId::new(id).unwrap();
        graded.checkpoint.taken_at = at(second);
        graded
    };
    let mut elsewhere = graded("cp-elsewhere", 90, Grade::Good, true);
    elsewhere.checkpoint.environment = EnvironmentName::new("production").unwrap();
    vec![
        graded("cp-newer", 20, Grade::Good, true),
        graded("cp-older", 10, Grade::Good, true),
        graded("cp-bad", 30, Grade::Bad, true),
        graded("cp-candidate", 40, Grade::Candidate, true),
        graded("cp-pruned", 50, Grade::Good, false),
        elsewhere,
    ]
}

#[test]
fn the_default_target_is_the_newest_that_is_good_and_retained_and_of_this_environment() {
    let history = history();
    let chosen = choose_target(&request(), &environment(), &history).unwrap();
    assert_eq!(chosen.checkpoint.id.as_str(), "cp-newer");
    let rest: Vec<Graded> = history.into_iter().skip(2).collect();
    let refusal = choose_target(&request(), &environment(), &rest).unwrap_err();
    assert_eq!(refusal.name, RefusalName::NoGoodCheckpoint);
}

#[test]
fn a_target_that_was_named_is_taken_whatever_its_grade_and_one_that_is_not_there_is_said_to_be_missing() {
    let named = |id: &str| Request { target: Some(CheckpointId::new(id).unwrap()), ..request() };
    let history = history();
    assert_eq!(choose_target(&named("cp-bad"), &environment(), &history).unwrap().grade, Grade::Bad);
    let refusal = choose_target(&named("cp-typo"), &environment(), &history).unwrap_err();
    assert_eq!(refusal.name, RefusalName::TargetDoesNotFit);
    assert!(refusal.what.contains("`cp-typo`"), "{}", refusal.what);
}

#[test]
fn a_hint_names_the_way_to_force_it_only_where_there_is_one() {
    let target = Graded { grade: Grade::Bad, is_retained: false, ..spec().then() };
    let found = [
        safety::target_not_good(&target),
        safety::target_does_not_fit(&target, &environment()),
        safety::destination_unhealthy(&target.checkpoint.id, Some(at(1))),
        storm::too_many_automatic(3, 2),
        storm::cooling_down(std::time::Duration::ZERO, std::time::Duration::from_secs(1)),
        storm::too_many_at_once(&[environment()], 1),
        Some(safety::no_good_checkpoint(&environment())),
        Some(safety::no_such_checkpoint(&target.checkpoint.id, &environment())),
    ];
    for refusal in found.into_iter().flatten() {
        let says = refusal.hint.contains("--force");
        assert!(!says || refusal.hint.contains(&format!("--force {}", refusal.name)), "{}", refusal.hint);
        assert!(!says || refusal.name.can_be_forced(), "{}", refusal.hint);
    }
}

#[test]
fn every_name_of_a_refusal_is_read_back_and_no_other_is() {
    for name in RefusalName::ALL {
        assert_eq!(name.as_str().parse(), Ok(name));
        assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
    }
    assert_eq!(RefusalName::ALL.into_iter().collect::<BTreeSet<_>>().len(), RefusalName::ALL.len());
    let error = "target-nice".parse::<RefusalName>().unwrap_err();
    assert!(error.contains("target-not-good"), "{error}");
}
