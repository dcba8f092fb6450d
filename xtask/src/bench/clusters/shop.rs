//! What is deployed: `web`, a Deployment of two pods that read a ConfigMap, as manifests and as a chart.

/// What is in the name of every image that is bad; `shop/web:1` is well.
pub(super) const BAD: &str = "shop/web:2-";

/// The files of the chart `shop`.
pub(super) const CHART: [(&str, &str); 3] = [
    ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.4.2\nappVersion: \"2.0\"\n"),
    ("chart/values.yaml", "tag: \"1\"\n"),
    ("chart/templates/web.yaml", WEB),
];

const WEB: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {MODE: fine}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: "shop/web:{{ .Values.tag }}"
          envFrom: [{configMapRef: {name: web}}]
          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
"#;

/// `web` as manifests.
pub(super) fn manifests() -> String {
    WEB.replace("{{ .Values.tag }}", "1")
}

/// So many Deployments of two pods and a ConfigMap each.
pub(super) fn many(names: &[String]) -> String {
    let each = |name: &String| {
        manifests().replace("name: web}", &format!("name: {name}}}")).replace("app: web", &format!("app: {name}"))
    };
    names.iter().map(each).collect::<Vec<_>>().join("---\n")
}
