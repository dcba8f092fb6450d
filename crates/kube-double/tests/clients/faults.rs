//! What goes wrong on the way, as clients live through it.

use std::time::Duration;

use backout_kube_double::{Fault, FaultKind, Instruction, Timings};

use crate::ground::{Ground, both};
use crate::manifest::workload;

/// The codes that requests for a path were answered with.
fn codes(ground: &Ground, verb: &str, path: &str) -> Vec<u16> {
    let requests = ground.double.requests().into_iter();
    requests
        .filter(|request| request.verb == verb && request.path.ends_with(path))
        .map(|request| request.code)
        .collect()
}

#[test]
fn too_many_requests_are_tried_again_after_the_time_that_is_told() {
    both("too_many_requests_are_tried_again_after_the_time_that_is_told", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.double.forget_requests();
        let kind = FaultKind::Answer { code: 429, retry_after: Some(0) };
        ground.double.fault(Fault::new("get", "/deployments/web$", 1, kind));
        let _ = ground.try_kubectl("get deploy/web");
        assert_eq!(codes(ground, "get", "/deployments/web").first(), Some(&429));
        let request = ground.double.requests().pop().unwrap();
        assert!(request.user_agent.starts_with("kubectl/v1.3"), "{request:?}");
    });
}

#[test]
fn errors_strike_as_often_as_they_are_told_to_and_after_those_they_pass_over() {
    both("errors_strike_as_often_as_they_are_told_to_and_after_those_they_pass_over", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        let kind = FaultKind::Answer { code: 500, retry_after: None };
        ground.double.fault(Fault::new("get", "/deployments/web$", 2, kind).skipping(1));
        let ended: Vec<bool> = (0..4).map(|_| ground.try_kubectl("get deploy/web").is_ok()).collect();
        assert_eq!(ended, [true, false, false, true]);
    });
}

#[test]
fn a_lost_answer_was_carried_out_and_a_dropped_request_was_not() {
    both("a_lost_answer_was_carried_out_and_a_dropped_request_was_not", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.double.fault(Fault::new("patch", "/deployments/web", 1, FaultKind::Drop));
        assert!(!ground.try_kubectl("set image deploy/web app=shop/web:2").is_ok());
        let image =
            |ground: &Ground| ground.deployment("web")["spec"]["template"]["spec"]["containers"][0]["image"].clone();
        assert_eq!(image(ground), "shop/web:1");
        ground.double.fault(Fault::new("patch", "/deployments/web", 1, FaultKind::LoseAnswer));
        assert!(!ground.try_kubectl("set image deploy/web app=shop/web:2").is_ok());
        assert_eq!(image(ground), "shop/web:2");
    });
}

#[test]
fn a_rollout_is_watched_to_its_end_through_watches_that_end_and_expire() {
    both("a_rollout_is_watched_to_its_end_through_watches_that_end_and_expire", |ground| {
        ground.double.tell(Instruction::Timings(Timings { ready: 300, ..Timings::default() }));
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.double.fault(Fault::new("watch", "/deployments$", 1, FaultKind::EndWatch { events: 1 }));
        ground.double.fault(Fault::new("watch", "/deployments$", 1, FaultKind::ExpireWatch { events: 0 }));
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert!(codes(ground, "watch", "/deployments").len() >= 2, "{:?}", ground.double.requests());
    });
}

#[test]
fn a_revision_that_is_gone_is_told_as_410() {
    both("a_revision_that_is_gone_is_told_as_410", |ground| {
        let watch = "get --raw /api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1&resourceVersion=101";
        assert!(!ground.kubectl(watch).contains("Expired"));
        ground.double.tell(Instruction::Expire);
        let told = ground.kubectl(watch);
        assert!(told.contains("\"code\":410") && told.contains("\"ERROR\""), "{told}");
    });
}

#[test]
fn a_server_that_is_away_refuses_and_is_back_with_everything() {
    both("a_server_that_is_away_refuses_and_is_back_with_everything", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.double.away(Duration::from_secs(3_600));
        ground.until("a refusal", |ground| ground.try_kubectl("get deploy/web").stderr.contains("refused"));
        ground.double.away(Duration::ZERO);
        ground.until("an answer", |ground| ground.try_kubectl("get deploy/web").is_ok());
    });
}

#[test]
fn an_unknown_group_is_not_found() {
    both("an_unknown_group_is_not_found", |ground| {
        assert!(ground.try_kubectl("get applications").is_ok());
        ground.double.tell(Instruction::WithoutGroup("argoproj.io".to_owned()));
        let gone = ground.try_kubectl("get rollouts --cache-dir=other");
        assert!(gone.stderr.contains("doesn't have a resource type"), "{gone:?}");
    });
}

#[test]
fn lists_come_in_pages_and_lose_nothing() {
    both("lists_come_in_pages_and_lose_nothing", |ground| {
        for number in 0..7 {
            ground.double.apply(&crate::manifest::config_map(&format!("map-{number}"), "a", "b")).unwrap();
        }
        ground.double.forget_requests();
        let names = ground.kubectl("get cm --chunk-size=3 -o name");
        assert_eq!(names.lines().filter(|name| name.contains("map-")).count(), 7, "{names}");
        assert_eq!(codes(ground, "list", "/configmaps").len(), 3);
    });
}
