//! What people do with `kubectl`.

use serde_json::{Value, json};

use crate::ground::{both, condition};
use crate::manifest::workload;

#[test]
fn a_deployment_goes_out_and_back_and_the_history_is_renumbered() {
    both("a_deployment_goes_out_and_back_and_the_history_is_renumbered", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.kubectl("rollout status deploy/web --timeout=30s");
        for tag in ["2", "3"] {
            ground.kubectl(&format!("set image deploy/web app=shop/web:{tag}"));
            assert!(ground.kubectl("rollout status deploy/web --timeout=30s").contains("successfully rolled out"));
        }
        let revisions = |text: String| {
            let numbers = text.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u32>().ok());
            numbers.collect::<Vec<_>>()
        };
        assert_eq!(revisions(ground.kubectl("rollout history deploy/web")), [1, 2, 3]);
        ground.kubectl("rollout undo deploy/web");
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert_eq!(revisions(ground.kubectl("rollout history deploy/web")), [1, 3, 4]);
        let images = ground.kubectl("get pods -o jsonpath={.items[*].spec.containers[*].image}");
        assert_eq!(images, "shop/web:2 shop/web:2");
        let details = ground.kubectl("rollout history deploy/web --revision=4");
        assert!(details.contains("shop/web:2"), "{details}");
        ground.kubectl("rollout undo deploy/web --to-revision=1");
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert_eq!(ground.deployment("web")["spec"]["template"]["spec"]["containers"][0]["image"], "shop/web:1");
    });
}

#[test]
fn a_bad_image_leaves_the_old_pods_and_the_deadline_is_told() {
    both("a_bad_image_leaves_the_old_pods_and_the_deadline_is_told", |ground| {
        let mut web = workload("Deployment", "web", "shop/web:1");
        web["spec"]["progressDeadlineSeconds"] = json!(1);
        ground.apply(&web);
        ground.kubectl("rollout status deploy/web --timeout=30s");
        ground.kubectl("set image deploy/web app=shop/web:2-missing");
        let status = ground.try_kubectl("rollout status deploy/web --timeout=30s");
        assert!(status.stderr.contains("exceeded its progress deadline"), "{status:?}");
        let found = ground.deployment("web");
        assert_eq!(condition(&found, "Available"), "True/MinimumReplicasAvailable");
        assert_eq!(condition(&found, "Progressing"), "False/ProgressDeadlineExceeded");
        let mut pods = ground.pods();
        pods.sort_unstable();
        assert_eq!(pods, ["ImagePullBackOff", "Running", "Running"]);
        let logs = ground.try_kubectl("logs -l app=web --tail=1 --prefix --all-pods=true");
        assert!(
            logs.stdout.contains("shop/web:1: starting") || logs.stderr.contains("image can't be pulled"),
            "{logs:?}"
        );
    });
}

#[test]
fn a_crash_has_restarts_logs_of_before_and_events() {
    both("a_crash_has_restarts_logs_of_before_and_events", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:2-crash"));
        ground.until("a crash loop", |ground| ground.pods().iter().all(|status| status == "CrashLoopBackOff"));
        let pod = ground.kubectl("get pods -o name").lines().next().unwrap().to_owned();
        assert!(ground.kubectl(&format!("logs {pod} --previous")).contains("fatal: cannot go on"));
        assert_eq!(ground.kubectl(&format!("logs {pod} --previous --tail=1")).lines().count(), 1);
        assert!(ground.kubectl("get events").contains("Back-off restarting failed container"));
        let codes = ground
            .kubectl("get pods -o jsonpath={.items[*].status.containerStatuses[*].lastState.terminated.exitCode}");
        assert_eq!(codes, "1 1");
        assert!(ground.kubectl("describe deploy/web").contains("2 desired"));
    });
}

#[test]
fn scaling_pausing_restarting_waiting_and_deleting_work() {
    both("scaling_pausing_restarting_waiting_and_deleting_work", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.kubectl("wait --for=condition=Available deploy/web --timeout=30s");
        ground.kubectl("scale deploy/web --replicas=3");
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert_eq!(ground.pods().len(), 3);
        ground.kubectl("rollout pause deploy/web");
        ground.kubectl("set image deploy/web app=shop/web:2");
        ground.until("a paused Deployment", |ground| {
            condition(&ground.deployment("web"), "Progressing") == "Unknown/DeploymentPaused"
        });
        assert_eq!(ground.double.objects("apps/v1", "ReplicaSet", "default").len(), 1);
        ground.kubectl("rollout resume deploy/web");
        ground.kubectl("rollout status deploy/web --timeout=30s");
        ground.kubectl("rollout restart deploy/web");
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert_eq!(ground.double.objects("apps/v1", "ReplicaSet", "default").len(), 3);
        ground.kubectl("delete deploy/web --wait=true --timeout=30s");
        assert_eq!(ground.kubectl("get all --no-headers").trim(), "");
    });
}

#[test]
fn a_diff_shows_what_an_apply_would_change_and_changes_nothing() {
    both("a_diff_shows_what_an_apply_would_change_and_changes_nothing", |ground| {
        let web = workload("Deployment", "web", "shop/web:1");
        ground.apply(&web);
        let same = ground.clients.write("same.json", &web.to_string());
        assert_eq!(ground.kubectl(&format!("diff -f {}", same.display())), "");
        let other = ground.clients.write("other.json", &workload("Deployment", "web", "shop/web:2").to_string());
        let diff = ground.try_kubectl(&format!("diff -f {}", other.display()));
        assert_eq!(diff.code, Some(1));
        assert!(
            diff.stdout.contains("+      - image: shop/web:2") || diff.stdout.contains("image: shop/web:2"),
            "{diff:?}"
        );
        assert_eq!(ground.deployment("web")["spec"]["template"]["spec"]["containers"][0]["image"], "shop/web:1");
        ground.kubectl(&format!("apply --dry-run=server -f {}", other.display()));
        assert_eq!(ground.deployment("web")["metadata"]["generation"], 1);
    });
}

#[test]
fn server_side_apply_knows_who_manages_what() {
    both("server_side_apply_knows_who_manages_what", |ground| {
        let file = ground.clients.write("web.json", &workload("Deployment", "web", "shop/web:1").to_string());
        let apply = format!("apply --server-side -f {}", file.display());
        ground.kubectl(&apply);
        ground.kubectl("set image deploy/web app=shop/web:2");
        let refused = ground.try_kubectl(&apply);
        assert!(refused.stderr.contains("conflict with \"kubectl-set\""), "{refused:?}");
        ground.kubectl(&format!("{apply} --force-conflicts"));
        assert_eq!(ground.deployment("web")["spec"]["template"]["spec"]["containers"][0]["image"], "shop/web:1");
    });
}

#[test]
fn errors_are_the_ones_that_clients_know() {
    both("errors_are_the_ones_that_clients_know", |ground| {
        let web = ground.clients.write("web.json", &workload("Deployment", "web", "shop/web:1").to_string());
        assert!(ground.try_kubectl("get deploy/none").stderr.contains("Error from server (NotFound)"));
        ground.kubectl(&format!("create -f {}", web.display()));
        let again = ground.try_kubectl(&format!("create -f {}", web.display()));
        assert!(again.stderr.contains("(AlreadyExists)"), "{again:?}");
        let mut stale = ground.deployment("web");
        ground.kubectl("scale deploy/web --replicas=5");
        stale["spec"]["replicas"] = json!(1);
        let stale = ground.clients.write("stale.json", &stale.to_string());
        let refused = ground.try_kubectl(&format!("replace -f {}", stale.display()));
        assert!(refused.stderr.contains("(Conflict)"), "{refused:?}");
        ground.double.deny("list", "secrets", "");
        let denied = ground.try_kubectl("get secrets");
        assert!(denied.stderr.contains("(Forbidden)") && denied.stderr.contains("cannot list resource"), "{denied:?}");
        assert!(ground.try_kubectl("auth can-i list secrets").stdout.starts_with("no"));
        assert_eq!(ground.try_kubectl("auth can-i get secrets").stdout.trim(), "yes");
    });
}

#[test]
fn a_namespace_goes_with_all_that_is_in_it() {
    both("a_namespace_goes_with_all_that_is_in_it", |ground| {
        ground.kubectl("create namespace shop");
        let file = ground.clients.write("web.json", &workload("Deployment", "web", "shop/web:1").to_string());
        ground.kubectl(&format!("apply -n shop -f {}", file.display()));
        ground.kubectl("rollout status -n shop deploy/web --timeout=30s");
        ground.kubectl("delete namespace shop --timeout=30s");
        assert!(ground.double.objects("v1", "Pod", "shop").is_empty());
        assert!(ground.try_kubectl(&format!("apply -n shop -f {}", file.display())).stderr.contains("not found"));
    });
}

#[test]
fn clients_that_know_no_aggregated_discovery_find_every_kind_too() {
    both("clients_that_know_no_aggregated_discovery_find_every_kind_too", |ground| {
        let raw = |path: &str| serde_json::from_str::<Value>(&ground.kubectl(&format!("get --raw {path}"))).unwrap();
        assert_eq!(raw("/api")["versions"], json!(["v1"]));
        let groups = raw("/apis");
        let names: Vec<&str> =
            groups["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
        for group in ["apps", "batch", "argoproj.io", "helm.toolkit.fluxcd.io", "authorization.k8s.io"] {
            assert!(names.contains(&group), "{names:?}");
        }
        assert_eq!(raw("/apis/apps")["preferredVersion"]["groupVersion"], "apps/v1");
        let kinds = raw("/apis/apps/v1");
        let scale =
            kinds["resources"].as_array().unwrap().iter().find(|kind| kind["name"] == "deployments/scale").unwrap();
        assert_eq!((&scale["group"], &scale["kind"]), (&json!("autoscaling"), &json!("Scale")));
        assert_eq!(raw("/api/v1")["groupVersion"], "v1");
    });
}
