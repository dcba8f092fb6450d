//! The planner's rules, one by one.

use backout_core::inventory::{Artifact, Detail};
use backout_core::plan::{Action, Mode, Plan, Request, Scope, Step, Switch, SwitchOrder, needed};

use super::world::{Ran, ServiceSpec, Spec, make_plan, request};

fn service() -> ServiceSpec {
    let ran = |version| Some(Ran { version, replicas: 1 });
    ServiceSpec {
        needs: 0,
        now: ran(1),
        then: ran(0),
        files: 0,
        restarts: 0,
        can_start_first: true,
        platform: 0,
        ended: false,
    }
}

fn spec(services: Vec<ServiceSpec>) -> Spec {
    Spec { services, files_now: [Some(1); 3], files_then: [Some(0); 3] }
}

fn plan_of(spec: &Spec, request: &Request) -> Plan {
    make_plan(request, &spec.then(), &spec.world(), &spec.depends_on())
}

/// What a plan does, in short: `switch f`, `gate 1/2`.
fn lines(plan: &Plan) -> Vec<String> {
    let line = |action: &Action| match (action, action.service()) {
        (Action::Gate { batch, of }, _) => format!("gate {batch}/{of}"),
        (_, Some(service)) => format!("{} {service}", action.kind()),
        (_, None) => action.kind().to_owned(),
    };
    plan.steps.iter().map(|step| line(&step.action)).collect()
}

fn switches(plan: &Plan) -> Vec<&Switch> {
    fn switch(step: &Step) -> Option<&Switch> {
        match &step.action {
            Action::Switch(switch) => Some(switch),
            _ => None,
        }
    }
    plan.steps.iter().filter_map(switch).collect()
}

fn emergency() -> Request {
    Request { mode: Mode::Emergency, ..request() }
}

#[test]
fn dependencies_are_switched_and_healthy_before_their_dependants() {
    let spec = spec(vec![service(), ServiceSpec { needs: 1, ..service() }]);
    let expected = ["keep_evidence f", "keep_evidence b", "switch f", "await_healthy f", "switch b", "await_healthy b"];
    assert_eq!(lines(&plan_of(&spec, &request())), expected);
}

#[test]
fn an_emergency_waits_at_the_end_and_gives_one_second_to_stop() {
    let spec = spec(vec![service(), ServiceSpec { needs: 1, ..service() }, ServiceSpec { then: None, ..service() }]);
    let plan = plan_of(&spec, &emergency());
    let expected = ["switch f", "switch b", "await_healthy f", "await_healthy b", "stop e"];
    assert_eq!(lines(&plan)[3..], expected);
    assert!(switches(&plan).iter().all(|switch| switch.grace_ms == 1_000));
    assert!(plan.steps.iter().any(|step| matches!(step.action, Action::Stop { grace_ms: 1_000, .. })));
    assert!(switches(&plan_of(&spec, &request())).iter().all(|switch| switch.grace_ms == 3_000), "its own stop time");
}

#[test]
fn the_new_instance_starts_first_only_where_that_is_possible() {
    let order = |service: ServiceSpec, request: &Request| switches(&plan_of(&spec(vec![service]), request))[0].order;
    assert_eq!(order(service(), &request()), SwitchOrder::StartFirst);
    let others = [
        ServiceSpec { can_start_first: false, ..service() },
        ServiceSpec { platform: 1, ..service() },
        ServiceSpec { now: None, ..service() },
        ServiceSpec { ended: true, ..service() },
        ServiceSpec { now: Some(Ran { version: super::world::BAD, replicas: 1 }), ..service() },
    ];
    for other in others {
        assert_eq!(order(other.clone(), &request()), SwitchOrder::StopFirst, "{other:?}");
    }
    assert_eq!(order(service(), &emergency()), SwitchOrder::StopFirst);
}

#[test]
fn the_time_limit_of_a_switch_that_waits_for_health_honours_the_start_period() {
    let limit = |service: ServiceSpec| {
        let plan = plan_of(&spec(vec![service]), &request());
        plan.steps.iter().find(|step| matches!(step.action, Action::Switch(_))).unwrap().limit_ms
    };
    let stop_first = limit(ServiceSpec { can_start_first: false, ..service() });
    assert!(limit(service()) >= stop_first + 90_000, "the start period is 90 s");
}

#[test]
fn services_that_were_absent_are_stopped_last_and_dependants_first() {
    let absent = || ServiceSpec { then: None, ..service() };
    let spec = spec(vec![absent(), ServiceSpec { needs: 1, ..absent() }, service()]);
    let lines = lines(&plan_of(&spec, &request()));
    assert_eq!(lines[lines.len() - 2..], ["stop b", "stop f"]);
}

#[test]
fn a_service_that_crashed_is_started_again_at_the_same_version() {
    let spec = spec(vec![ServiceSpec { ended: true, now: service().then, ..service() }]);
    let plan = plan_of(&spec, &request());
    assert!(switches(&plan)[0].starts_anew());
    assert!(!switches(&plan_of(&self::spec(vec![service()]), &request()))[0].starts_anew());
}

#[test]
fn a_file_that_two_services_share_goes_back_once_and_both_see_it() {
    let shares = || ServiceSpec { files: 1, restarts: 1, now: service().then, ..service() };
    let plan = plan_of(&spec(vec![shares(), ServiceSpec { needs: 1, ..shares() }]), &request());
    let files: Vec<usize> = switches(&plan).iter().map(|switch| switch.files.len()).collect();
    assert_eq!(files, [1, 0]);
    assert!(
        switches(&plan).iter().all(|switch| switch.starts_anew()),
        "what has the file already is started again too"
    );
}

#[test]
fn a_file_that_no_service_reads_itself_goes_back_without_a_restart() {
    let spec = spec(vec![ServiceSpec { files: 1, now: service().then, ..service() }]);
    assert_eq!(lines(&plan_of(&spec, &request())), ["restore_files f"]);
}

#[test]
fn a_config_rollback_restarts_only_what_runs_the_version_and_reads_the_file() {
    let config = Request { scope: Scope::Config, ..request() };
    let same = ServiceSpec { files: 1, restarts: 1, now: service().then, ..service() };
    let table = [
        (same.clone(), vec!["keep_evidence f", "switch f", "await_healthy f"]),
        (ServiceSpec { now: service().now, ..same.clone() }, vec!["restore_files f"]),
        (ServiceSpec { restarts: 0, ended: true, ..same.clone() }, vec!["restore_files f"]),
        (ServiceSpec { now: None, ..same.clone() }, vec!["restore_files f"]),
        (service(), vec![]),
        (ServiceSpec { then: None, ..same }, vec![]),
    ];
    for (service, expected) in table {
        assert_eq!(lines(&plan_of(&spec(vec![service.clone()]), &config)), expected, "{service:?}");
    }
}

#[test]
fn there_is_a_gate_after_every_batch_but_the_last() {
    let spec = spec(vec![service(), service(), service(), service(), service()]);
    let gates = |batch| {
        let lines = lines(&plan_of(&spec, &Request { batch, ..request() }));
        lines.into_iter().filter(|line| line.starts_with("gate")).collect::<Vec<_>>()
    };
    assert_eq!(gates(None), [""; 0]);
    assert_eq!(gates(Some(2)), ["gate 1/3", "gate 2/3"]);
    assert_eq!(gates(Some(5)), [""; 0]);
    assert_eq!(gates(Some(0)).len(), 4, "none at a time is one at a time");
    let lines = lines(&plan_of(&spec, &Request { batch: Some(2), ..request() }));
    let gate = lines.iter().position(|line| line == "gate 1/3").unwrap();
    assert_eq!(lines[..gate].iter().filter(|line| line.starts_with("switch")).count(), 2);
}

/// As with an `.env` that all services of a Compose project share.
#[test]
fn a_service_that_only_shares_a_file_fills_no_place_in_a_batch() {
    let shares = |service: ServiceSpec| ServiceSpec { files: 1, ..service };
    let unchanged = ServiceSpec { now: service().then, ..service() };
    let services = [service(), unchanged, service(), service()].map(shares);
    let lines = lines(&plan_of(&spec(services.to_vec()), &Request { batch: Some(2), ..request() }));
    let rest: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.starts_with("keep_evidence")).collect();
    let gate = rest.iter().position(|line| line.starts_with("gate")).unwrap();
    assert_eq!(rest[gate], "gate 1/2");
    assert_eq!(rest[..gate].iter().filter(|line| line.starts_with("switch")).count(), 2, "{rest:?}");
}

#[test]
fn what_is_needed_is_what_will_be_switched_to() {
    let spec = spec(vec![service(), ServiceSpec { now: service().then, ..service() }]);
    let (target, facts) = (spec.then().checkpoint, spec.world().facts(1));
    let services = |artifacts: Vec<&Artifact>| artifacts.iter().map(|a| a.service.to_string()).collect::<Vec<_>>();
    assert_eq!(services(needed(&request(), &target, &facts)), ["f"]);
    assert!(matches!(target.artifacts[&Spec::name(0)].detail, Detail::Compose(_)));
}
