//! StatefulSets, DaemonSets, configuration, quotas, and the workload's own answers.

use backout_kube_double::{Behaviour, Instruction};
use serde_json::json;

use crate::ground::{Ground, both, condition};
use crate::manifest::{config_map, workload};
use crate::program::ask;

#[test]
fn a_stateful_set_goes_out_and_back_by_its_revisions() {
    both("a_stateful_set_goes_out_and_back_by_its_revisions", |ground| {
        ground.apply(&workload("StatefulSet", "db", "shop/db:1"));
        ground.kubectl("rollout status sts/db --timeout=30s");
        ground.kubectl("set image sts/db app=shop/db:2");
        ground.kubectl("rollout status sts/db --timeout=30s");
        ground.kubectl("rollout undo sts/db");
        ground.kubectl("rollout status sts/db --timeout=30s");
        assert_eq!(ground.kubectl("get pods -o jsonpath={.items[*].spec.containers[*].image}"), "shop/db:1 shop/db:1");
        assert_eq!(ground.kubectl("get pods -o jsonpath={.items[*].metadata.name}"), "db-0 db-1");
        let found = ground.double.object("apps/v1", "StatefulSet", "default", "db").unwrap();
        assert_eq!(found["status"]["currentRevision"], found["status"]["updateRevision"]);
    });
}

#[test]
fn a_partition_holds_the_lower_pods_back() {
    both("a_partition_holds_the_lower_pods_back", |ground| {
        let mut db = workload("StatefulSet", "db", "shop/db:1");
        ground.apply(&db);
        ground.kubectl("rollout status sts/db --timeout=30s");
        db["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
        db["spec"]["template"]["spec"]["containers"][0]["image"] = json!("shop/db:2");
        ground.apply(&db);
        ground.kubectl("rollout status sts/db --timeout=30s");
        assert_eq!(ground.kubectl("get pods -o jsonpath={.items[*].spec.containers[*].image}"), "shop/db:1 shop/db:2");
    });
}

#[test]
fn a_broken_pod_of_a_stateful_set_holds_up_the_way_back_until_it_is_deleted() {
    both("a_broken_pod_of_a_stateful_set_holds_up_the_way_back_until_it_is_deleted", |ground| {
        ground.apply(&workload("StatefulSet", "db", "shop/db:1"));
        ground.kubectl("rollout status sts/db --timeout=30s");
        ground.kubectl("set image sts/db app=shop/db:2-crash");
        ground.until("a crash", |ground| ground.pods().contains(&"CrashLoopBackOff".to_owned()));
        ground.kubectl("rollout undo sts/db");
        assert!(!ground.try_kubectl("rollout status sts/db --timeout=1s").is_ok());
        ground.kubectl("delete pod db-1");
        ground.kubectl("rollout status sts/db --timeout=30s");
    });
}

#[test]
fn a_daemon_set_goes_out_and_back() {
    both("a_daemon_set_goes_out_and_back", |ground| {
        ground.apply(&workload("DaemonSet", "agent", "shop/agent:1"));
        ground.kubectl("rollout status ds/agent --timeout=30s");
        ground.kubectl("set image ds/agent app=shop/agent:2");
        ground.kubectl("rollout status ds/agent --timeout=30s");
        ground.kubectl("rollout undo ds/agent");
        ground.kubectl("rollout status ds/agent --timeout=30s");
        assert_eq!(ground.kubectl("get pods -o jsonpath={.items[*].spec.containers[*].image}"), "shop/agent:1");
    });
}

fn web_that_reads() -> serde_json::Value {
    let mut web = workload("Deployment", "web", "shop/web:1");
    let spec = &mut web["spec"]["template"]["spec"];
    spec["containers"][0]["volumeMounts"] = json!([{"name": "conf", "mountPath": "/conf"}]);
    spec["volumes"] = json!([{"name": "conf", "configMap": {"name": "conf"}}]);
    web
}

#[test]
fn configuration_is_read_when_a_pod_starts() {
    both("configuration_is_read_when_a_pod_starts", |ground| {
        ground.double.configuration("conf", "MODE", "broken", Behaviour::Crash);
        ground.apply(&web_that_reads());
        ground.until("a missing ConfigMap", |ground| ground.pods() == ["CreateContainerConfigError"; 2]);
        ground.apply(&config_map("conf", "MODE", "fine"));
        ground.kubectl("rollout status deploy/web --timeout=30s");
        ground.apply(&config_map("conf", "MODE", "broken"));
        assert_eq!(ground.pods(), ["Running"; 2]);
        ground.kubectl("rollout restart deploy/web");
        ground.until("a crash", |ground| ground.pods().contains(&"CrashLoopBackOff".to_owned()));
    });
}

#[test]
fn refused_pods_are_told_by_the_replica_set_and_the_deployment() {
    both("refused_pods_are_told_by_the_replica_set_and_the_deployment", |ground| {
        ground.apply(&json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
            "spec": {"hard": {"pods": "1"}}}));
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground
            .until("a refusal", |ground| condition(&ground.deployment("web"), "ReplicaFailure") == "True/FailedCreate");
        assert!(ground.kubectl("get events").contains("exceeded quota: few"));
        ground.kubectl("delete quota few");
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert_eq!(condition(&ground.deployment("web"), "ReplicaFailure"), "/");
    });
}

#[test]
fn a_moved_tag_runs_another_digest_once_pods_start_anew() {
    both("a_moved_tag_runs_another_digest_once_pods_start_anew", |ground| {
        let digests =
            |ground: &Ground| ground.kubectl("get pods -o jsonpath={.items[*].status.containerStatuses[*].imageID}");
        ground.apply(&workload("DaemonSet", "agent", "shop/agent:1"));
        ground.kubectl("rollout status ds/agent --timeout=30s");
        let before = digests(ground);
        assert!(before.starts_with("docker.io/shop/agent@sha256:"), "{before}");
        let (image, digest) = ("shop/agent:1".to_owned(), "sha256:aa".to_owned());
        ground.double.tell(Instruction::Digest { image, digest });
        assert_eq!(digests(ground), before);
        ground.kubectl("rollout restart ds/agent");
        ground.kubectl("rollout status ds/agent --timeout=30s");
        assert_eq!(digests(ground), "docker.io/shop/agent@sha256:aa");
    });
}

#[test]
fn running_pods_can_fail_later() {
    both("running_pods_can_fail_later", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.kubectl("rollout status deploy/web --timeout=30s");
        ground.double.become_behaviour("default", "web", Behaviour::Oom);
        ground.until("a kill", |ground| ground.pods() == ["CrashLoopBackOff"; 2]);
        let reasons =
            ground.kubectl("get pods -o jsonpath={.items[*].status.containerStatuses[*].lastState.terminated.reason}");
        assert_eq!(reasons, "OOMKilled OOMKilled");
        assert_eq!(condition(&ground.deployment("web"), "Available"), "False/MinimumReplicasUnavailable");
    });
}

#[test]
fn a_workload_answers_by_what_runs_in_it() {
    both("a_workload_answers_by_what_runs_in_it", |ground| {
        let url = ground.double.http("default", "web");
        let (address, path) = url.trim_start_matches("http://").split_once('/').unwrap();
        let get = format!("GET /{path}/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = || {
            let answer = ask(address, &get);
            let code = answer.split_whitespace().nth(1).unwrap().to_owned();
            format!("{code} {}", answer.lines().last().unwrap())
        };
        assert_eq!(answer(), "503 no pod is ready");
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert_eq!(answer(), "200 1");
        ground.kubectl("set image deploy/web app=shop/web:2-erring");
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert_eq!(answer(), "500 2-erring");
        ground.kubectl("rollout undo deploy/web");
        ground.kubectl("rollout status deploy/web --timeout=30s");
        // The server may be away; what runs in the cluster is not.
        ground.double.away(std::time::Duration::from_secs(3_600));
        assert_eq!(answer(), "200 1");
    });
}

#[test]
fn kinds_of_flux_are_stored_and_their_status_is_apart() {
    both("kinds_of_flux_are_stored_and_their_status_is_apart", |ground| {
        let kinds = [("helm.toolkit.fluxcd.io/v2", "HelmRelease"), ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")];
        for (version, kind) in kinds {
            let metadata = json!({"name": "web"});
            ground
                .apply(&json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {"interval": "1m"}}));
            let patch = |words: &str, patch: &str| {
                let file = ground.clients.write("patch.json", patch);
                ground.kubectl(&format!("patch {kind} web --type=merge {words} --patch-file={}", file.display()));
            };
            patch("", r#"{"spec": {"suspend": true}, "status": {"phase": "lost"}}"#);
            patch("--subresource=status", r#"{"spec": {"suspend": false}, "status": {"phase": "Ready"}}"#);
            let found = ground.double.object(version, kind, "default", "web").unwrap();
            assert_eq!((&found["spec"]["suspend"], &found["status"]["phase"]), (&json!(true), &json!("Ready")));
            let strategic = ground.try_kubectl(&format!("patch {kind} web --type=strategic -p {{}}"));
            assert!(!strategic.is_ok(), "{strategic:?}");
        }
    });
}
