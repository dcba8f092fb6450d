//! What a chart rendered: the workloads in it, and what would be lost with it.
//!
//! The documents are told apart as Helm does, and only those of kinds that matter are read: a manifest may hold definitions of
//! resources that are longer than all the rest. Helm has accepted each of them, so one that cannot be read is none of ours.

use std::collections::BTreeMap;

use backout_core::config::WorkloadKind;
use serde_json::{Value, json};

use crate::object::{list, number, text};

/// Kinds that take data of the user with them when they are deleted.
const WITH_DATA: [&str; 3] = ["PersistentVolumeClaim", "PersistentVolume", "Namespace"];

/// Kinds that pods read when they start.
const CONFIGURATION: [&str; 2] = ["ConfigMap", "Secret"];

/// How long a pod may take to stop where its template does not say, in seconds.
const GRACE: i64 = 30;

/// How many pods a rollout replaces one after the other at most: a Deployment takes a quarter of them at once.
const TURNS: i64 = 4;

/// The documents of a manifest that matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manifest {
    /// Workloads, by kind and name.
    pub(crate) workloads: Vec<Workload>,
    /// What takes data with it when the release is uninstalled: `PersistentVolumeClaim/shop-db`.
    pub(crate) with_data: Vec<String>,
    /// ConfigMaps and Secrets, by kind and name.
    configuration: BTreeMap<(String, String), Value>,
}

/// A workload as a chart rendered it.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) kind: WorkloadKind,
    pub(crate) name: String,
    /// Where it is, if not in the release's own namespace.
    pub(crate) namespace: Option<String>,
    json: Value,
}

impl Manifest {
    pub(crate) fn read(manifest: &str) -> Self {
        let mut read = Self::default();
        documents(manifest).filter_map(value).for_each(|document| read.take(&document));
        read.workloads.sort_by_key(Workload::words);
        read
    }

    fn take(&mut self, document: &Value) {
        let kind = text(document, "/kind").unwrap_or_default();
        let name = text(document, "/metadata/name").unwrap_or_default();
        if kind == "List" {
            return list(document, "/items").iter().for_each(|item| self.take(item));
        }
        let policy = document.pointer("/metadata/annotations").and_then(|it| it.get("helm.sh/resource-policy"));
        if WITH_DATA.contains(&kind) && policy.and_then(Value::as_str) != Some("keep") {
            self.with_data.push(format!("{kind}/{name}"));
        }
        if CONFIGURATION.contains(&kind) {
            self.configuration.insert((kind.to_owned(), name.to_owned()), document.clone());
        }
        let kind = match kind {
            "Deployment" => WorkloadKind::Deployment,
            "StatefulSet" => WorkloadKind::StatefulSet,
            "DaemonSet" => WorkloadKind::DaemonSet,
            _ => return,
        };
        let namespace = text(document, "/metadata/namespace").map(str::to_owned);
        self.workloads.push(Workload { kind, name: name.to_owned(), namespace, json: document.clone() });
    }

    /// The workloads whose template going here from `now` does not change, so that their pods stay as they are; each with
    /// whether it reads a ConfigMap or Secret that changes: a pod reads its environment once.
    pub(crate) fn unmoved_from(&self, now: &Self) -> Vec<(&Workload, bool)> {
        let differs = |key: &&(String, String)| self.configuration.get(key) != now.configuration.get(key);
        let keys = self.configuration.keys().chain(now.configuration.keys());
        let changed: Vec<&str> = keys.filter(differs).map(|(_, name)| name.as_str()).collect();
        let reads = |workload: &Workload| {
            workload.template().is_some_and(|template| changed.iter().any(|name| names(template, name)))
        };
        let before = |workload: &Workload| now.workloads.iter().find(|before| before.words() == workload.words());
        let is_unmoved = |workload: &&Workload| before(workload).is_some_and(|it| it.template() == workload.template());
        self.workloads.iter().filter(is_unmoved).map(|workload| (workload, reads(workload))).collect()
    }

    /// How long its pods may take to stop, in milliseconds.
    pub(crate) fn stop_grace_ms(&self) -> u64 {
        milliseconds(self.workloads.iter().map(Workload::grace_s).max().unwrap_or(0))
    }

    /// How long a whole rollout of it may take by the probes of its pods, in milliseconds. Workloads roll out side by side.
    pub(crate) fn rollout_ms(&self) -> u64 {
        milliseconds(self.workloads.iter().map(Workload::rollout_s).max().unwrap_or(0))
    }
}

impl Workload {
    /// Kind and name: `deployment/web`.
    pub(crate) fn words(&self) -> String {
        format!("{}/{}", self.kind.as_str(), self.name)
    }

    /// How many instances the chart has of it. A DaemonSet's number is not in it.
    pub(crate) fn replicas(&self) -> u32 {
        let replicas = number(&self.json, "/spec/replicas").unwrap_or(1);
        if self.kind == WorkloadKind::DaemonSet { 0 } else { u32::try_from(replicas).unwrap_or(0) }
    }

    /// Whether the chart says how many instances it has. Where an autoscaler does, a chart mostly does not.
    pub(crate) fn says_replicas(&self) -> bool {
        number(&self.json, "/spec/replicas").is_some()
    }

    /// Its images by container, as the chart names them; those that prepare its pods left out.
    pub(crate) fn images(&self) -> BTreeMap<String, String> {
        let containers = list(&self.json, "/spec/template/spec/containers").iter();
        containers.filter_map(|it| Some((text(it, "/name")?.to_owned(), text(it, "/image")?.to_owned()))).collect()
    }

    fn template(&self) -> Option<&Value> {
        self.json.pointer("/spec/template")
    }

    fn grace_s(&self) -> i64 {
        number(&self.json, "/spec/template/spec/terminationGracePeriodSeconds").unwrap_or(GRACE)
    }

    fn rollout_s(&self) -> i64 {
        let containers = list(&self.json, "/spec/template/spec/containers").iter();
        let probes = |container: &Value| {
            let probes = ["/startupProbe", "/readinessProbe"].iter().filter_map(|probe| container.pointer(probe));
            probes.map(granted_s).sum::<i64>()
        };
        let pod = containers.map(probes).max().unwrap_or(0)
            + number(&self.json, "/spec/minReadySeconds").unwrap_or(0)
            + if self.kind == WorkloadKind::Deployment { 0 } else { self.grace_s() };
        let turns = i64::from(self.replicas());
        pod.saturating_mul(if self.kind == WorkloadKind::StatefulSet { turns.max(1) } else { turns.clamp(1, TURNS) })
    }
}

/// Whether a text somewhere in a template is that name.
fn names(template: &Value, name: &str) -> bool {
    match template {
        Value::String(text) => text == name,
        Value::Array(items) => items.iter().any(|item| names(item, name)),
        Value::Object(fields) => fields.values().any(|field| names(field, name)),
        _ => false,
    }
}

/// After how many seconds of failing a probe counts as failed; the defaults are those of Kubernetes.
fn granted_s(probe: &Value) -> i64 {
    let field = |name: &str, default: i64| number(probe, name).unwrap_or(default).clamp(0, 86_400);
    field("/initialDelaySeconds", 0) + field("/failureThreshold", 3) * field("/periodSeconds", 10)
}

fn milliseconds(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)
}

/// The manifest with the content of Secrets left out, for people.
pub(crate) fn manifest_without_secrets(manifest: &str) -> String {
    let shown = |document: &str| {
        if kind_of(document).is_none_or(|kind| kind != "Secret" && kind != "List") {
            return format!("---{document}");
        }
        let name = value(document).and_then(|it| text(&it, "/metadata/name").map(str::to_owned));
        format!("---\n# Secret `{}`: its content is left out\n", name.unwrap_or_default())
    };
    documents(manifest).map(shown).collect()
}

/// The manifest with what `alter` says that it altered; all else is as it was, to the byte. `None` where it altered nothing.
pub(crate) fn with_altered(manifest: &str, alter: &dyn Fn(&mut Value) -> bool) -> Option<String> {
    let mut is_altered = false;
    let write = |document: &str| {
        let altered = value(document).and_then(|mut value| altered(&mut value, alter).then_some(value));
        is_altered |= altered.is_some();
        altered.map_or_else(|| format!("---\n{document}"), |value| format!("---\n{value}\n"))
    };
    let written: String = documents(manifest).map(write).collect();
    is_altered.then_some(written)
}

fn altered(document: &mut Value, alter: &dyn Fn(&mut Value) -> bool) -> bool {
    if text(document, "/kind") != Some("List") {
        return alter(document);
    }
    let items = document.get_mut("items").and_then(Value::as_array_mut);
    // Each of them is, so not `any`, which ends at the first.
    let each: Vec<bool> = items.into_iter().flatten().map(|item| altered(item, alter)).collect();
    each.contains(&true)
}

/// The documents of a manifest. A line of three dashes inside a text would be indented.
fn documents(manifest: &str) -> impl Iterator<Item = &str> {
    let mut starts = vec![0];
    let lines = manifest.match_indices('\n').map(|(at, _)| at + 1).chain([0]);
    let is_mark = |at: &usize| {
        let rest = manifest[*at..].strip_prefix("---");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    };
    starts.extend(lines.filter(is_mark).map(|at| at + 3));
    starts.sort_unstable();
    let ends: Vec<usize> = starts.iter().skip(1).map(|start| start - 3).chain([manifest.len()]).collect();
    let parts: Vec<&str> = starts.iter().zip(ends).map(|(start, end)| &manifest[*start..end.max(*start)]).collect();
    parts.into_iter().filter(|part| !part.trim().is_empty())
}

/// The kind that a document names at its top level; `None` where that is not to be seen without reading it.
fn kind_of(document: &str) -> Option<&str> {
    let line = document.lines().find_map(|line| line.strip_prefix("kind:"))?;
    let word = line.split('#').next().unwrap_or_default().trim();
    Some(word.trim_matches(['"', '\'']))
}

fn value(document: &str) -> Option<Value> {
    let matters = |kind: &str| {
        [&WITH_DATA[..], &CONFIGURATION, &["List", "Deployment", "StatefulSet", "DaemonSet"]].concat().contains(&kind)
    };
    if kind_of(document).is_some_and(|kind| !matters(kind)) {
        return None;
    }
    let options = serde_saphyr::options! {
        // As Helm reads it.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    let read: Result<Value, _> = serde_saphyr::from_str_with_options(document, options);
    read.ok().filter(|value| *value != json!(null))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::fixture;
    use super::*;

    #[test]
    fn workloads_are_found_in_what_both_generations_rendered() {
        for (name, release) in [("shop-32.v3", "shop-32"), ("shop-37.v3", "shop-37")] {
            let manifest = Manifest::read(fixture(name).manifest());
            let [web] = manifest.workloads.as_slice() else { panic!("{manifest:?}") };
            assert_eq!(web.words(), format!("deployment/{release}-web"));
            assert_eq!((web.replicas(), web.images()["app"].as_str()), (2, "registry.example/shop:bad"));
            // The readiness probe grants 3 + 3 * 5 seconds, and the two pods may go one after the other.
            assert_eq!((manifest.stop_grace_ms(), manifest.rollout_ms()), (20_000, 36_000));
            assert!(manifest.with_data.is_empty());
        }
    }

    #[test]
    fn documents_of_other_kinds_and_texts_with_dashes_do_not_confuse_it() {
        let manifest = "# first\nkind: ConfigMap\ndata:\n  a: |\n    ---\n    kind: Deployment\n---\n# Source: x\nkind: \"StatefulSet\" # db\nmetadata: {name: db, name: db2}\nspec: {replicas: 3}\n--- # three\n{\"kind\": \"DaemonSet\", \"metadata\": {\"name\": \"agent\", \"namespace\": \"other\"}}\n---\nkind: List\nitems:\n- kind: PersistentVolumeClaim\n  metadata: {name: data}\n- kind: PersistentVolumeClaim\n  metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}\n---\nkind: Deployment\nmetadata: [broken\n---\n";
        let read = Manifest::read(manifest);
        let words: Vec<String> = read.workloads.iter().map(Workload::words).collect();
        assert_eq!(words, ["daemonset/agent", "statefulset/db2"]);
        assert_eq!(read.workloads[0].namespace.as_deref(), Some("other"));
        assert_eq!(read.with_data, ["PersistentVolumeClaim/data"]);
    }

    #[test]
    fn workloads_that_only_read_what_changes_are_not_started_anew_by_going_back() {
        let manifest = |greeting: &str, image: &str| {
            let web = format!(
                "kind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: app, image: {image}, \
                 envFrom: [{{configMapRef: {{name: settings}}}}]}}]}}}}}}\n"
            );
            let job = "kind: DaemonSet\nmetadata: {name: agent}\nspec: {template: {spec: {containers: [{name: a}]}}}\n";
            let settings = format!("kind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{greeting: {greeting}}}\n");
            Manifest::read(&[web.as_str(), job, settings.as_str()].join("---\n"))
        };
        let unmoved = |now: Manifest, then: Manifest| {
            let unmoved = then.unmoved_from(&now);
            unmoved.iter().map(|(workload, reads)| (workload.words(), *reads)).collect::<Vec<_>>()
        };
        let (agent, web) = ("daemonset/agent".to_owned(), "deployment/web".to_owned());
        let settings = unmoved(manifest("new", "web:1"), manifest("old", "web:1"));
        assert_eq!(settings, [(agent.clone(), false), (web.clone(), true)]);
        assert_eq!(unmoved(manifest("new", "web:2"), manifest("old", "web:1")), [(agent.clone(), false)]);
        assert_eq!(unmoved(manifest("old", "web:1"), manifest("old", "web:1")), [(agent, false), (web, false)]);
    }

    #[test]
    fn the_content_of_secrets_is_left_out() {
        let shown = manifest_without_secrets(fixture("shop-32.v1").manifest());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("# Secret `shop-32-secret`: its content is left out"), "{shown}");
        assert!(shown.contains("greeting: \"hello\"") && shown.contains("kind: Deployment"), "{shown}");
    }
}
