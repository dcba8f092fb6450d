//! What is deployed: a Deployment that reads a ConfigMap and a Secret, as manifests and as a chart with hooks.

/// `web`, with its image and the mode that its ConfigMap says.
pub(crate) fn web(image: &str, mode: &str) -> String {
    format!(
        r#"apiVersion: v1
kind: ConfigMap
metadata: {{name: web}}
data: {{MODE: "{mode}"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: "{image}"
          envFrom: [{{configMapRef: {{name: web}}}}, {{secretRef: {{name: db}}}}]
          readinessProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: 1, failureThreshold: 1}}
"#
    )
}

/// The Secret that `web` reads.
pub(crate) fn secret(password: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\nstringData: {{PASSWORD: \"{password}\"}}\n")
}

/// A StatefulSet `db` of two pods.
pub(crate) const DB: &str = r#"apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: "shop/db:1"
          readinessProbe: {tcpSocket: {port: 5432}, periodSeconds: 1, failureThreshold: 1}
"#;

/// A quota of two pods.
pub(crate) const QUOTA: &str =
    "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small}\nspec: {hard: {pods: \"2\"}}\n";

/// The files of the chart `shop`.
pub(crate) const CHART: [(&str, &str); 5] = [
    ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.4.2\nappVersion: \"2.0\"\n"),
    ("chart/values.yaml", "tag: \"1\"\nmode: fine\nmigration: \"1\"\nsmoke: \"\"\n"),
    ("chart/templates/web.yaml", WEB),
    ("chart/templates/migration.yaml", MIGRATION),
    ("chart/templates/smoke.yaml", SMOKE),
];

const WEB: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {MODE: {{ .Values.mode | quote }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {mode: {{ .Values.mode | quote }}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: "shop/web:{{ .Values.tag }}"
          envFrom: [{configMapRef: {name: web}}, {secretRef: {name: db}}]
          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1, failureThreshold: 1}
"#;

const MIGRATION: &str = r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migration
  annotations:
    "helm.sh/hook": "pre-upgrade"
    "helm.sh/hook-delete-policy": "before-hook-creation"
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: "shop/migration:{{ .Values.migration }}"}]
"#;

const SMOKE: &str = r#"{{ if .Values.smoke }}
apiVersion: batch/v1
kind: Job
metadata:
  name: smoke
  annotations:
    "helm.sh/hook": "post-upgrade"
    "helm.sh/hook-delete-policy": "before-hook-creation"
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: "shop/smoke:{{ .Values.smoke }}"}]
{{ end }}"#;
