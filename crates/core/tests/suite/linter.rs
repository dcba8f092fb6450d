//! Each way in which a sound plan can be spoiled is found by the linter.

use std::collections::BTreeMap;

use backout_core::id::{ServiceName, StepId};
use backout_core::plan::check::{Fault, check};
use backout_core::plan::{Action, Mode, Plan, Request, StepClass, WayBack};

use super::world::{Ran, ServiceSpec, Spec, make_plan, request};

fn ran(version: u8) -> Option<Ran> {
    Some(Ran { version, replicas: 1 })
}

/// Three services in a chain that are switched (`e` needs `b` needs `f`), one whose file alone goes back, and two that were
/// not there (`c` needs `d`).
fn spec() -> Spec {
    let service = |needs, now, then, files| ServiceSpec {
        needs,
        now,
        then,
        files,
        restarts: 0,
        can_start_first: false,
        platform: 0,
        ended: false,
    };
    Spec {
        services: vec![
            service(0, ran(1), ran(0), 0b001),
            service(0b1, ran(1), ran(0), 0b010),
            service(0b10, ran(1), ran(0), 0),
            service(0, ran(0), ran(0), 0b100),
            service(0, ran(1), None, 0),
            service(0b1_0000, ran(1), None, 0),
        ],
        files_now: [Some(1); 3],
        files_then: [Some(0); 3],
    }
}

fn sound(mode: Mode) -> Plan {
    let spec = spec();
    let plan = make_plan(&Request { mode, ..request() }, &spec.then(), &spec.world(), &spec.depends_on());
    assert_eq!(check(&plan, &spec.depends_on()), []);
    plan
}

/// The faults of a plan that was spoiled.
fn faults(mode: Mode, spoil: impl FnOnce(&mut Plan)) -> Vec<Fault> {
    let mut plan = sound(mode);
    spoil(&mut plan);
    check(&plan, &spec().depends_on())
}

fn renumber(plan: &mut Plan) {
    for (step, id) in plan.steps.iter_mut().zip(1..) {
        step.id = StepId(id);
    }
}

fn place(plan: &Plan, kind: &str, service: &ServiceName) -> usize {
    let is_it = |step: &backout_core::plan::Step| step.action.kind() == kind && step.action.service() == Some(service);
    plan.steps.iter().position(is_it).unwrap()
}

/// Moves a service's switch, with the wait that follows it, to the front of the changes.
fn first(plan: &mut Plan, service: &ServiceName) {
    let from = place(plan, "switch", service);
    let moved: Vec<_> = plan.steps.drain(from..from + 2).collect();
    let at = plan.steps.iter().position(|step| !step.action.is_read_only()).unwrap();
    plan.steps.splice(at..at, moved);
    renumber(plan);
}

#[test]
fn a_dependant_that_is_switched_before_its_dependency_is_found() {
    let found = faults(Mode::Planned, |plan| first(plan, &Spec::name(1)));
    assert!(
        matches!(&found[..], [Fault::Order { service, needs, .. }] if *service == Spec::name(1) && *needs == Spec::name(0)),
        "{found:?}"
    );
}

#[test]
fn a_dependency_through_a_service_that_is_not_touched_is_found() {
    let mut spec = spec();
    spec.services[1].then = spec.services[1].now;
    spec.services[1].files = 0;
    let mut plan = make_plan(&request(), &spec.then(), &spec.world(), &spec.depends_on());
    first(&mut plan, &Spec::name(2));
    let found = check(&plan, &spec.depends_on());
    assert!(matches!(&found[..], [Fault::Order { needs, .. }] if *needs == Spec::name(0)), "{found:?}");
}

#[test]
fn a_dependant_that_is_switched_before_its_dependency_is_found_in_an_emergency() {
    let found = faults(Mode::Emergency, |plan| {
        let (a, b) = (place(plan, "switch", &Spec::name(0)), place(plan, "switch", &Spec::name(1)));
        plan.steps.swap(a, b);
        renumber(plan);
    });
    assert!(matches!(&found[..], [Fault::Order { .. }]), "{found:?}");
}

#[test]
fn a_dependant_that_is_switched_before_its_dependency_is_healthy_is_found() {
    let found = faults(Mode::Planned, |plan| {
        let (wait, next) = (place(plan, "await_healthy", &Spec::name(0)), place(plan, "switch", &Spec::name(1)));
        plan.steps.swap(wait, next);
        renumber(plan);
    });
    assert!(matches!(&found[..], [Fault::Order { .. }]), "{found:?}");
}

#[test]
fn a_dependency_that_is_stopped_under_its_dependant_is_found() {
    let found = faults(Mode::Planned, |plan| {
        let (a, b) = (place(plan, "stop", &Spec::name(4)), place(plan, "stop", &Spec::name(5)));
        plan.steps.swap(a, b);
        renumber(plan);
    });
    assert!(matches!(&found[..], [Fault::StoppedUnder { needs, .. }] if *needs == Spec::name(4)), "{found:?}");
}

#[test]
fn a_switch_that_nobody_waits_for_is_found() {
    for mode in [Mode::Planned, Mode::Emergency] {
        let found = faults(mode, |plan| {
            plan.steps.remove(place(plan, "await_healthy", &Spec::name(2)));
            renumber(plan);
        });
        assert_eq!(found, [Fault::NotAwaited { service: Spec::name(2) }]);
    }
}

#[test]
fn a_service_that_is_changed_twice_is_found() {
    let found = faults(Mode::Planned, |plan| {
        let twice = plan.steps[place(plan, "stop", &Spec::name(5))].clone();
        plan.steps.push(twice);
        renumber(plan);
    });
    assert!(found.iter().any(|fault| matches!(fault, Fault::ChangedTwice { .. })), "{found:?}");
}

#[test]
fn a_file_that_goes_back_twice_is_found() {
    let found = faults(Mode::Planned, |plan| {
        let (from, to) = (place(plan, "switch", &Spec::name(0)), place(plan, "switch", &Spec::name(1)));
        let Action::Switch(switch) = plan.steps[from].action.clone() else { unreachable!() };
        if let Action::Switch(other) = &mut plan.steps[to].action {
            other.files.push(switch.files[0].clone());
        }
    });
    assert!(matches!(&found[..], [Fault::FileTwice { path, .. }] if path == "/etc/shop/a"), "{found:?}");
}

#[test]
fn steps_that_are_numbered_with_a_gap_are_found() {
    let found = faults(Mode::Planned, |plan| plan.steps.last_mut().unwrap().id.0 += 1);
    assert!(matches!(&found[..], [Fault::Numbering { .. }]), "{found:?}");
}

#[test]
fn every_wrong_pair_of_class_and_way_back_is_found() {
    let ways = [
        WayBack::NothingToUndo,
        WayBack::SwitchBack,
        WayBack::PutFilesBack,
        WayBack::Impossible { why: "it is gone".to_owned() },
    ];
    let classes = [StepClass::Reversible, StepClass::Compensable, StepClass::Irreversible];
    let mut right: BTreeMap<&str, usize> = BTreeMap::new();
    for i in 0..sound(Mode::Planned).steps.len() {
        let kind = sound(Mode::Planned).steps[i].action.kind();
        right.insert(kind, 0);
        for (way_back, class) in ways.iter().flat_map(|way| classes.map(|class| (way.clone(), class))) {
            let found = faults(Mode::Planned, |plan| {
                plan.steps[i].way_back = way_back;
                plan.steps[i].class = class;
            });
            assert!(found.is_empty() || matches!(&found[..], [Fault::WayBack { .. }]), "{found:?}");
            *right.entry(kind).or_default() += usize::from(found.is_empty());
        }
    }
    assert!(right.values().all(|count| *count == 2), "the planner's own pair, and irreversible: {right:?}");
}

#[test]
fn evidence_that_is_kept_after_something_was_changed_is_found() {
    let found = faults(Mode::Planned, |plan| {
        let late = plan.steps.remove(0);
        plan.steps.push(late);
        renumber(plan);
    });
    assert!(matches!(&found[..], [Fault::LateEvidence { .. }]), "{found:?}");
}

#[test]
fn a_step_without_a_limit_or_an_attempt_is_found() {
    let spoils: [fn(&mut backout_core::plan::Step); 2] = [|step| step.limit_ms = 0, |step| step.attempts = 0];
    for spoil in spoils {
        let found = faults(Mode::Planned, |plan| spoil(&mut plan.steps[0]));
        assert_eq!(found, [Fault::Unbounded { step: StepId(1) }]);
    }
}

#[test]
fn a_service_that_is_said_to_be_unchanged_and_is_changed_is_found() {
    let found = faults(Mode::Planned, |plan| plan.unchanged.push(Spec::name(0)));
    assert_eq!(found, [Fault::UnchangedChanged { service: Spec::name(0) }]);
}
