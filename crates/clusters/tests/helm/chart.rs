//! A chart with a Deployment, a ConfigMap, a Secret and hooks.

pub(crate) const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.4.2\nappVersion: \"2.0\"\n";

pub(crate) const VALUES: &str = "tag: \"1\"\nreplicas: 2\ngreeting: hello\ndb: {password: hunter2}\nvolume: false\n";

pub(crate) const APP: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-settings"}
data: {greeting: {{ .Values.greeting | quote }}}
---
apiVersion: v1
kind: Secret
metadata: {name: "{{ .Release.Name }}-db"}
stringData: {password: {{ .Values.db.password | quote }}}
{{- if .Values.volume }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: "{{ .Release.Name }}-data"}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
{{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}-web"}
spec:
  {{- if .Values.replicas }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: "shop/web:{{ .Values.tag }}"
          envFrom: [{configMapRef: {name: "{{ .Release.Name }}-settings"}}]
          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1, failureThreshold: 3}
"#;

pub(crate) const HOOKS: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-migrated
  annotations: {"helm.sh/hook": "pre-install,pre-upgrade"}
data: {tag: "{{ .Values.tag }}"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-gone-back
  annotations: {"helm.sh/hook": "post-rollback"}
data: {tag: "{{ .Values.tag }}"}
"#;
