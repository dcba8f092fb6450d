//! A Deployment that is deployed with `kubectl`, and goes back.

use backout_kube_double::{Behaviour, Instruction, Timings};
use backout_testkit::guarded::wait_until;
use backout_testkit::kube::Generation;
use rustix::process::Signal;

use crate::manifests::{DB, QUOTA, secret, web};
use crate::site::{SOON, Site};

/// Guards a deploy that must go back, and asserts that everybody agrees that it has.
#[track_caller]
fn goes_back(site: &Site, deploy: &[&str]) {
    let good = site.running();
    let template = site.says("deployment/web", ".spec.template.spec.containers[0].envFrom");
    let ended = site.guard(deploy);
    site.went_back(&ended);
    assert_eq!(site.running(), good, "{}", ended.stderr);
    assert_eq!(good.len(), 2);
    assert_eq!(site.says("configmap/web", ".data.MODE"), "fine");
    assert_eq!(site.says("deployment/web", ".spec.template.spec.containers[0].envFrom"), template);
    assert_eq!(site.says("deployment/web", ".status.unavailableReplicas"), "");
}

fn set_image(image: &str) -> Vec<String> {
    ["kubectl", "set", "image", "deployment/web", &format!("app={image}")].map(str::to_owned).to_vec()
}

#[track_caller]
fn goes_back_from_image(test: &str, image: &str) {
    for generation in Generation::BOTH {
        let Some(site) = Site::workload(test, generation) else { return };
        let words = set_image(image);
        goes_back(&site, &words.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn a_bad_image_tag_goes_back() {
    goes_back_from_image("a_bad_image_tag_goes_back", "shop/web:2-missing");
}

/// `kubectl` is done before a controller has begun.
#[test]
fn a_deploy_that_shows_a_moment_after_its_command_goes_back() {
    let test = "a_deploy_that_shows_a_moment_after_its_command_goes_back";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    let script = "(sleep 1; kubectl set image deployment/web app=shop/web:2-missing) > late.txt 2>&1 &";
    goes_back(&site, &["sh", "-c", script]);
}

#[test]
fn a_crash_loop_goes_back() {
    goes_back_from_image("a_crash_loop_goes_back", "shop/web:2-crash");
}

#[test]
fn pods_that_are_never_ready_go_back() {
    let Some(site) = Site::workload("pods_that_are_never_ready_go_back", Generation::Helm4) else { return };
    site.watches_for("60s");
    site.grants("2s");
    goes_back(&site, &["kubectl", "set", "image", "deployment/web", "app=shop/web:2-never-ready"]);
}

#[test]
fn a_deploy_that_waits_for_pods_that_are_never_ready_goes_back() {
    let test = "a_deploy_that_waits_for_pods_that_are_never_ready_goes_back";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    site.grants("2s");
    site.clients.write("bad.yaml", &web("shop/web:2-never-ready", "fine"));
    goes_back(&site, &["sh", "-c", "kubectl apply -f bad.yaml && kubectl rollout status deployment/web"]);
    let exit = site.journal().newest("deploy_ended").unwrap().body["exit"].to_string();
    assert!(exit.contains("its readiness probe (HTTP GET / on port 80) has not passed for"), "{exit}");
}

/// Nothing but the time that a pod has taken so far tells a slow start from one that never ends.
#[test]
fn a_deploy_that_waits_for_a_slow_start_is_left_to_wait() {
    let Some(site) = Site::workload("a_deploy_that_waits_for_a_slow_start_is_left_to_wait", Generation::Helm4) else {
        return;
    };
    site.double.tell(Instruction::Timings(Timings { slow: 5_000, ..Timings::default() }));
    site.grants("30s");
    let deploy = "kubectl set image deployment/web app=shop/web:2-slow && kubectl rollout status deployment/web";
    site.guard(&["sh", "-c", deploy]).expect_code(0);
    assert_eq!(site.journal().result().as_deref(), Some("kept"));
}

/// The deploy waits for what cannot come: it is ended while it waits.
#[test]
fn a_deploy_that_still_waits_goes_back() {
    let Some(site) = Site::workload("a_deploy_that_still_waits_goes_back", Generation::Helm4) else { return };
    let script = "kubectl set image deployment/web app=shop/web:2-missing && kubectl rollout status deployment/web";
    goes_back(&site, &["sh", "-c", script]);
}

#[test]
fn a_config_map_that_breaks_the_application_goes_back() {
    let test = "a_config_map_that_breaks_the_application_goes_back";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    site.double.configuration("web", "MODE", "broken", Behaviour::Crash);
    site.clients.write("bad.yaml", &web("shop/web:1", "broken"));
    goes_back(&site, &["sh", "-c", "kubectl apply -f bad.yaml && kubectl rollout restart deployment/web"]);
}

#[test]
fn a_manifest_with_a_bad_image_and_configuration_goes_back_as_one() {
    let test = "a_manifest_with_a_bad_image_and_configuration_goes_back_as_one";
    let Some(site) = Site::workload(test, Generation::Helm3) else { return };
    site.clients.write("bad.yaml", &web("shop/web:2-crash", "new"));
    goes_back(&site, &["kubectl", "apply", "-f", "bad.yaml"]);
}

#[test]
fn a_secret_that_was_rotated_since_stays_as_it_is_today() {
    let test = "a_secret_that_was_rotated_since_stays_as_it_is_today";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    site.apply(&secret("rotated"));
    // The old password is no longer taken.
    site.double.configuration("db", "PASSWORD", "old", Behaviour::Crash);
    goes_back(&site, &["kubectl", "set", "image", "deployment/web", "app=shop/web:2-missing"]);
    assert_eq!(site.says("secret/db", ".data.PASSWORD"), "cm90YXRlZA==");
}

/// The pods of the way back do not come, and its person does not wait for them.
#[test]
fn a_rollback_that_waits_can_be_left_and_gone_on_with() {
    let Some(site) = Site::workload("a_rollback_that_waits_can_be_left_and_gone_on_with", Generation::Helm4) else {
        return;
    };
    let good = site.running();
    drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2"]).ok());
    let new = site.running();
    site.double.image("shop/web:1", Behaviour::NeverReady);
    let run = site.start(&["rollback", "--yes"]);
    let waits = || site.double.objects("v1", "Pod", "default").len() > 2;
    assert!(site.double.eventually(SOON, |_| waits()));
    run.signal(Signal::INT);
    std::thread::sleep(std::time::Duration::from_millis(500));
    run.signal(Signal::TERM);
    let left = run.wait().expect_code(130);
    assert!(left.stderr.contains("Ctrl-C again interrupts it"), "{}", left.stderr);
    site.double.image("shop/web:1", Behaviour::Ready);
    site.double.become_behaviour("default", "web", Behaviour::Ready);
    site.backout(&["resume"]).expect_code(0);
    let running = site.running();
    assert!(running == good && running != new, "{running:?}");
}

#[test]
fn a_good_deploy_stays() {
    let Some(site) = Site::workload("a_good_deploy_stays", Generation::Helm4) else { return };
    let good = site.running();
    site.guard(&["kubectl", "set", "image", "deployment/web", "app=shop/web:2"]).expect_code(0);
    assert_eq!(site.journal().result().as_deref(), Some("kept"));
    let new = site.running();
    assert!(new.len() == 2 && new != good, "{new:?}");
}

/// The pods that are to run again crash while the way back waits for them.
#[test]
fn a_rollback_whose_old_pods_crash_under_way_ends_and_says_what_runs() {
    let test = "a_rollback_whose_old_pods_crash_under_way_ends_and_says_what_runs";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2"]).ok());
    let _ = site.running();
    site.double.image("shop/web:1", Behaviour::NeverReady);
    let run = site.start(&["rollback", "--yes"]);
    assert!(site.double.eventually(SOON, |_| site.double.objects("v1", "Pod", "default").len() > 2));
    site.double.image("shop/web:1", Behaviour::Crash);
    site.double.become_behaviour("default", "web", Behaviour::Crash);
    let ended = run.wait().expect_code(4);
    assert_eq!(site.journal().result().as_deref(), Some("not_verified"));
    let said = &ended.stderr;
    assert!(said.contains("CrashLoopBackOff") && said.contains("not back: `web` runs"), "{said}");
}

#[test]
fn a_workload_that_flux_applies_is_told_of_by_check_and_plan() {
    let test = "a_workload_that_flux_applies_is_told_of_by_check_and_plan";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    let labels = ["kustomize.toolkit.fluxcd.io/name=apps", "kustomize.toolkit.fluxcd.io/namespace=flux-system"];
    drop(site.clients.kubectl(&[&["label", "deployment", "web"][..], &labels].concat()).ok());
    let suspend = "`flux suspend kustomization apps --namespace flux-system` before";
    let checked = site.backout(&["check"]);
    assert!(checked.stdout.contains("what applies `web`") && checked.stdout.contains(suspend), "{checked:?}");
    drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2"]).ok());
    drop(site.clients.kubectl(&["rollout", "status", "deployment/web", "--timeout=10s"]).ok());
    let planned = site.backout(&["plan"]).expect_code(0);
    let words = planned.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(suspend), "{planned:?}");
}

/// Only events say so: nothing in the status of a StatefulSet does.
#[test]
fn a_stateful_set_whose_pods_a_quota_refuses_goes_back() {
    let test = "a_stateful_set_whose_pods_a_quota_refuses_goes_back";
    let services = "db: { platform: { kubernetes: { namespace: default } }, statefulset: db }";
    let Some(site) = Site::new(test, Generation::Helm4, services) else { return };
    site.apply(DB);
    drop(site.clients.kubectl(&["rollout", "status", "statefulset/db", "--timeout=30s"]).ok());
    site.backout(&["checkpoint", "create"]).expect_code(0);
    site.apply(QUOTA);
    let deploy = "kubectl scale statefulset/db --replicas=3 && kubectl rollout status statefulset/db";
    let ended = site.guard(&["sh", "-c", deploy]);
    site.went_back(&ended);
    let exit = site.journal().newest("deploy_ended").unwrap().body["exit"].to_string();
    assert!(exit.contains("db: FailedCreate: create Pod db-2 in StatefulSet db failed error:"), "{exit}");
    assert!(exit.contains("exceeded quota: small"), "{exit}");
    assert_eq!(site.says("statefulset/db", ".status.readyReplicas"), "2");
    assert_eq!(site.says("statefulset/db", ".spec.replicas"), "2");
}

/// All pods that run are as they were: only what the workload was told is not.
#[test]
fn a_deployment_whose_new_pods_are_all_refused_goes_back() {
    let test = "a_deployment_whose_new_pods_are_all_refused_goes_back";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    site.apply(QUOTA);
    goes_back(
        &site,
        &["sh", "-c", "kubectl set image deployment/web app=shop/web:2 && kubectl rollout status deployment/web"],
    );
    assert_eq!(site.says("deployment/web", ".status.conditions[?(@.type==\"ReplicaFailure\")].status"), "");
}

/// Argo Rollouts' own controller takes a canary through its steps; a broken one is aborted, and the stable pods stay.
#[test]
fn a_canary_that_breaks_is_aborted_and_goes_back() {
    let service = "web: { platform: { kubernetes: { namespace: default } }, rollout: web }";
    let Some(site) = Site::new("a_canary_that_breaks_is_aborted_and_goes_back", Generation::Helm4, service) else {
        return;
    };
    let steps = "replicas: 2\n  strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}";
    let rollout = web("shop/web:1", "fine").replace("apps/v1\nkind: Deployment", "argoproj.io/v1alpha1\nkind: Rollout");
    site.apply(&rollout.replace("replicas: 2", steps));
    wait_until("the rollout", SOON, || site.says("rollout/web", ".status.phase") == "Healthy");
    site.backout(&["checkpoint", "create"]).expect_code(0);
    let pods = || site.says("pods", ".items[*].metadata.name");
    let (good, stable) = (pods(), site.says("rollout/web", ".status.stableRS"));
    let image = r#"[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shop/web:2-crash"}]"#;
    let ended = site.guard(&["kubectl", "patch", "rollout", "web", "--type=json", "-p", image]);
    site.went_back(&ended);
    let status = |field: &str| site.says("rollout/web", &format!(".status.{field}"));
    assert_eq!((status("phase").as_str(), status("stableRS")), ("Healthy", stable), "{}", ended.stderr);
    // One of the two made way for the canary; the other never stopped.
    assert!(good.split(' ').any(|name| pods().contains(name)), "{good} -> {}", pods());
}

#[test]
fn a_revision_and_an_image_of_a_deployment_are_targets() {
    let test = "a_revision_and_an_image_of_a_deployment_are_targets";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    let first = site.running();
    site.apply(&web("shop/web:2", "fine"));
    site.is_good();
    assert_ne!(site.running(), first);
    for typed in ["1", "web:1", "shop/web:1"] {
        let plan = site.backout(&["plan", typed]);
        let reason = format!("`{typed}` is `cp-");
        assert!(plan.code == 0 && plan.stdout.contains(&reason), "{}{}", plan.stdout, plan.stderr);
    }
    site.backout(&["rollback", "1", "--yes"]).expect_code(0);
    assert_eq!(site.running(), first);
}
