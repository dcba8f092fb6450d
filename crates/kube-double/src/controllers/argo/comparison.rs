//! What the repository says against what is there.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, kinds, object};
use crate::script::Repository;

/// Sync and health of an Application at one look.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// The revision that the Application follows now.
    revision: String,
    is_synced: bool,
    health: String,
    resources: Value,
}

/// Compares the revision that the Application follows with the objects that are there.
pub(crate) fn compare(cluster: &Cluster, application: &Value) -> Comparison {
    let (repository, revision) = target(cluster, application, object::text(application, "/spec/source/targetRevision"));
    let manifests = repository.commits.get(&revision).cloned().unwrap_or_default();
    let looks: Vec<(bool, &str, Value)> =
        manifests.iter().map(|manifest| look(cluster, application, manifest)).collect();
    let worst = ["Degraded", "Missing", "Progressing"]
        .into_iter()
        .find(|status| looks.iter().any(|(_, health, _)| health == status));
    let name = object::name(application);
    let health = cluster.script.health.get(name).map_or_else(|| worst.unwrap_or("Healthy").to_owned(), Clone::clone);
    let synced = object::text(application, "/status/operationState/syncResult/revision");
    // A repository of no manifests is as synced as its last operation says.
    let is_synced = if manifests.is_empty() { synced == revision } else { looks.iter().all(|(is_same, ..)| *is_same) };
    let resources = looks.into_iter().map(|(_, _, resource)| resource).collect();
    Comparison { revision, is_synced, health, resources: Value::Array(resources) }
}

/// The repository of an Application, and the commit that a revision's name stands for.
pub(crate) fn target(cluster: &Cluster, application: &Value, revision: &str) -> (Repository, String) {
    let url = object::text(application, "/spec/source/repoURL");
    let repository = cluster.script.repositories.get(url).cloned().unwrap_or_default();
    let is_commit = repository.commits.contains_key(revision);
    let is_name = ["", "HEAD", "main", "master"].contains(&revision);
    let commit = if is_commit || !is_name { revision.to_owned() } else { repository.head.clone() };
    (repository, commit)
}

/// The namespace that a manifest goes to.
pub(crate) fn namespace<'a>(application: &'a Value, manifest: &'a Value) -> &'a str {
    match (object::namespace(manifest), object::text(application, "/spec/destination/namespace")) {
        ("", "") => "default",
        ("", destination) => destination,
        (own, _) => own,
    }
}

pub(crate) fn is_automated(application: &Value) -> bool {
    let automated = application.pointer("/spec/syncPolicy/automated");
    automated.is_some_and(|automated| automated.is_object() && automated.get("enabled") != Some(&Value::Bool(false)))
}

fn look(cluster: &Cluster, application: &Value, manifest: &Value) -> (bool, &'static str, Value) {
    let (version, kind) = (object::text(manifest, "/apiVersion"), object::text(manifest, "/kind"));
    let namespace = namespace(application, manifest);
    let resource = kinds::of_object(version, kind);
    let live = resource.and_then(|resource| cluster.store.get(&Key::new(resource, namespace, object::name(manifest))));
    let is_same = live.is_some_and(|live| contains(live, manifest));
    let health = live.map_or("Missing", health);
    let described = json!({
        "group": resource.map_or("", |resource| resource.group),
        "version": resource.map_or("", |resource| resource.version),
        "kind": kind, "namespace": namespace, "name": object::name(manifest),
        "status": if is_same { "Synced" } else { "OutOfSync" }, "health": {"status": health},
    });
    (is_same, health, described)
}

/// Whether everything that the manifest says is so; lists element by element.
fn contains(live: &Value, manifest: &Value) -> bool {
    match (live, manifest) {
        (Value::Object(live), Value::Object(wanted)) => wanted.iter().all(|(name, wanted)| {
            name == "status" || name == "namespace" || live.get(name).is_some_and(|live| contains(live, wanted))
        }),
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len() && live.iter().zip(wanted).all(|(live, wanted)| contains(live, wanted))
        }
        _ => live == manifest,
    }
}

/// Health as Argo CD tells it of a Deployment or StatefulSet; other kinds are healthy once they are there.
fn health(live: &Value) -> &'static str {
    let number = |name: &str| object::number(live, name);
    let conditions = object::list(live, "/status/conditions");
    let is_late = conditions.iter().any(|condition| object::text(condition, "/reason") == "ProgressDeadlineExceeded");
    match object::text(live, "/kind") {
        "Deployment" | "StatefulSet" if is_late => "Degraded",
        "Deployment" | "StatefulSet" => {
            let wanted = number("/spec/replicas");
            let is_seen = number("/status/observedGeneration") >= number("/metadata/generation");
            let counts = ["/status/replicas", "/status/updatedReplicas", "/status/availableReplicas"];
            let is_there = is_seen && counts.into_iter().all(|count| number(count) == wanted);
            if is_there { "Healthy" } else { "Progressing" }
        }
        _ => "Healthy",
    }
}

impl Comparison {
    fn status(&self) -> &'static str {
        if self.is_synced { "Synced" } else { "OutOfSync" }
    }

    /// Whether the status says something else.
    pub(crate) fn differs_from(&self, application: &Value) -> bool {
        let said = ["/status/sync/status", "/status/sync/revision", "/status/health/status"]
            .map(|pointer| object::text(application, pointer));
        said != [self.status(), self.revision.as_str(), self.health.as_str()]
    }

    pub(crate) fn write(&self, application: &mut Value) {
        let source = object::at(application, "/spec/source");
        let destination = object::at(application, "/spec/destination");
        let compared = json!({"source": source, "destination": destination});
        let sync = json!({"status": self.status(), "revision": self.revision, "comparedTo": compared});
        object::set(application, &["status", "sync"], sync);
        object::set(application, &["status", "health"], json!({"status": self.health}));
        object::set(application, &["status", "resources"], self.resources.clone());
    }

    /// Whether auto-sync acts: never twice on one revision, unless it heals what was changed by hand.
    pub(crate) fn needs_sync(&self, application: &Value) -> bool {
        let tried = object::text(application, "/status/operationState/syncResult/revision");
        let heals = object::is_true(application, "/spec/syncPolicy/automated/selfHeal");
        let has_failed = ["Failed", "Error"].contains(&object::text(application, "/status/operationState/phase"));
        !self.is_synced && !self.revision.is_empty() && (tried != self.revision || heals && !has_failed)
    }

    pub(crate) fn automated_operation(&self, application: &Value) -> Value {
        json!({
            "sync": {
                "revision": self.revision,
                "prune": object::is_true(application, "/spec/syncPolicy/automated/prune"),
                "syncOptions": object::at(application, "/spec/syncPolicy/syncOptions"),
            },
            "initiatedBy": {"automated": true},
            "retry": {"limit": 5},
        })
    }
}
