//! What people do with `helm`.

use backout_testkit::kube::Generation;
use serde_json::Value;

use crate::ground::{Ground, both};

const WEB: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 2
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: app, image: "shop/web:{{ .Values.tag }}"}]}
"#;

const HOOK: &str = r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "shop/migrate:{{ .Values.hook }}"}]}}
"#;

/// Writes the chart; returns its folder.
fn chart(ground: &Ground) -> String {
    ground.clients.write("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n");
    ground.clients.write("chart/values.yaml", "tag: \"1\"\nhook: ok\n");
    ground.clients.write("chart/templates/web.yaml", WEB);
    ground.clients.write("chart/templates/hook.yaml", HOOK);
    ground.clients.folder().join("chart").display().to_string()
}

/// The status of each revision.
fn history(ground: &Ground) -> Vec<String> {
    let history: Value = serde_json::from_str(&ground.helm("history shop -o json")).unwrap();
    let revisions = history.as_array().unwrap().iter();
    revisions.map(|revision| revision["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_release_is_installed_upgraded_rolled_back_and_uninstalled() {
    both("a_release_is_installed_upgraded_rolled_back_and_uninstalled", |ground| {
        let chart = chart(ground);
        ground.helm(&format!("install shop {chart} --wait --timeout 30s"));
        ground.helm(&format!("upgrade shop {chart} --set tag=2 --wait --timeout 30s"));
        assert_eq!(history(ground), ["superseded", "deployed"]);
        assert!(ground.helm("list").contains("deployed"));
        ground.helm("rollback shop 1 --wait --timeout 30s");
        assert!(ground.helm("status shop").contains("STATUS: deployed"));
        assert_eq!(history(ground), ["superseded", "superseded", "deployed"]);
        assert_eq!(
            ground.kubectl("get pods -l app=shop -o jsonpath={.items[*].spec.containers[*].image}"),
            "shop/web:1 shop/web:1"
        );
        assert!(ground.helm("get manifest shop").contains("shop/web:1"));
        ground.helm("uninstall shop --wait --timeout 30s");
        assert!(ground.double.object("apps/v1", "Deployment", "default", "shop").is_none());
        assert!(ground.double.objects("v1", "Secret", "default").is_empty());
    });
}

#[test]
fn a_failed_upgrade_is_failed_and_the_one_before_stays_deployed() {
    both("a_failed_upgrade_is_failed_and_the_one_before_stays_deployed", |ground| {
        let chart = chart(ground);
        ground.helm(&format!("install shop {chart} --wait --timeout 30s"));
        assert!(!ground.try_helm(&format!("upgrade shop {chart} --set tag=2-crash --wait --timeout 2s")).is_ok());
        assert_eq!(history(ground), ["deployed", "failed"]);
        let failed = ground.try_helm(&format!("upgrade shop {chart} --set hook=fail --wait --timeout 30s"));
        assert!(failed.stderr.contains("pre-upgrade hooks failed"), "{failed:?}");
        assert_eq!(history(ground), ["deployed", "failed", "failed"]);
        // The release before is not the good one: with no revision Helm takes it all the same.
        ground.helm("rollback shop 1 --wait --timeout 30s");
        assert_eq!(ground.pods().into_iter().filter(|status| status == "Running").count(), 2);
    });
}

#[test]
fn helm_goes_back_by_itself_where_it_is_told_to() {
    both("helm_goes_back_by_itself_where_it_is_told_to", |ground| {
        let chart = chart(ground);
        ground.helm(&format!("install shop {chart} --wait --timeout 30s"));
        let flag = if ground.generation == Generation::Helm3 { "--atomic" } else { "--rollback-on-failure" };
        let upgrade = ground.try_helm(&format!("upgrade shop {chart} --set tag=2-missing {flag} --timeout 2s"));
        assert!(!upgrade.is_ok());
        assert_eq!(history(ground), ["superseded", "failed", "deployed"]);
    });
}

#[test]
fn a_killed_helm_leaves_its_release_pending() {
    both("a_killed_helm_leaves_its_release_pending", |ground| {
        let chart = chart(ground);
        ground.helm(&format!("install shop {chart} --wait --timeout 30s"));
        let words = ["upgrade", "shop", &chart, "--set", "tag=2-missing", "--wait", "--timeout", "60s"];
        let mut helm = ground.clients.command("helm", &words).spawn().unwrap();
        ground.until("a pending release", |ground| {
            let secrets = ground.double.objects("v1", "Secret", "default");
            secrets.iter().any(|secret| secret["metadata"]["labels"]["status"] == "pending-upgrade")
        });
        helm.kill().unwrap();
        helm.wait().unwrap();
        assert_eq!(history(ground), ["deployed", "pending-upgrade"]);
        let blocked = ground.try_helm(&format!("upgrade shop {chart}"));
        assert!(blocked.stderr.contains("another operation"), "{blocked:?}");
    });
}
