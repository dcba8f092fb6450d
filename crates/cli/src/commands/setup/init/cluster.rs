//! What runs in the namespace of the current context, and the services drafted from it.
//!
//! What a release or an Application made goes back with it, so it is no service of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use backout_clusters::{Cluster, ClusterOptions, Found, found};
use backout_core::config::ClusterAccess;
use serde::Serialize;

use super::names::{name_of, scalar};
use crate::wire::Process;

/// How long a cluster may take: a kubeconfig may name one that is far away, or gone.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Where Argo CD lives by its own manifests.
const ARGOCD: &str = "argocd";

/// What was found on the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(super) struct ClusterFound {
    /// The namespace looked into.
    pub(super) namespace: String,
    /// Workloads that nothing else made, as kind and name.
    pub(super) workloads: Vec<(String, String)>,
    /// Helm releases.
    pub(super) releases: Vec<String>,
    /// Applications, by namespace.
    pub(super) applications: BTreeSet<(String, String)>,
    /// What this account may not list.
    pub(super) unseen: Vec<String>,
}

/// Looks at the namespace of the current context. `None` where there is no kubeconfig, or nothing answers.
pub(super) async fn find(folder: &Path, process: &Process) -> Option<ClusterFound> {
    let options = ClusterOptions {
        access: ClusterAccess::default(),
        folder: folder.to_owned(),
        environment: process.variables.clone(),
    };
    let cluster = Cluster::new(options);
    let looked = tokio::time::timeout(ANSWERS_WITHIN, found(&cluster)).await;
    looked.ok()?.ok().map(own)
}

/// What goes back by itself.
fn own(found: Found) -> ClusterFound {
    let of_others = found.workloads.iter().filter_map(|workload| workload.application.clone());
    let here = found.applications.iter().map(|name| (found.namespace.clone(), name.clone()));
    let applications = of_others.map(|name| (ARGOCD.to_owned(), name)).chain(here).collect();
    let alone = found.workloads.iter().filter(|workload| workload.release.is_none() && workload.application.is_none());
    let workloads = alone.map(|workload| (workload.kind.as_str().to_owned(), workload.name.clone())).collect();
    ClusterFound { namespace: found.namespace, workloads, releases: found.releases, applications, unseen: found.unseen }
}

impl ClusterFound {
    /// Whether there is anything that can go back.
    pub(super) fn has_something(&self) -> bool {
        !self.workloads.is_empty() || !self.releases.is_empty() || !self.applications.is_empty()
    }

    /// What was found, one line each.
    pub(super) fn in_words(&self) -> Vec<String> {
        let namespace = &self.namespace;
        let mut lines = Vec::new();
        if !self.workloads.is_empty() {
            let names: Vec<String> = self.workloads.iter().map(|(kind, name)| format!("{kind}/{name}")).collect();
            lines.push(format!("in namespace {namespace}: {}", names.join(", ")));
        }
        if !self.releases.is_empty() {
            lines.push(format!("Helm releases in namespace {namespace}: {}", self.releases.join(", ")));
        }
        if !self.applications.is_empty() {
            let names: Vec<&str> = self.applications.iter().map(|(_, name)| name.as_str()).collect();
            lines.push(format!("Applications of Argo CD: {}", names.join(", ")));
        }
        if !self.unseen.is_empty() {
            lines.push(format!("not looked at, because this account may not list them: {}", self.unseen.join(", ")));
        }
        lines
    }

    /// The services, each with its platform.
    pub(super) fn draft(&self, lines: &mut Vec<String>) {
        lines.push(
            "    # A service also has a probe `container`: what the cluster says of its pods. Without `context` it is"
                .to_owned(),
        );
        lines.push("    # the current one: name it, and no other cluster is ever meant.".to_owned());
        lines.push("    services:".to_owned());
        let mut taken = BTreeMap::new();
        let namespace = scalar(&self.namespace);
        for release in &self.releases {
            let platform = format!("{{ helm: {{ namespace: {namespace} }} }}");
            service(lines, &mut taken, release, &platform, &format!("release: {}", scalar(release)));
        }
        for (kind, name) in &self.workloads {
            let platform = format!("{{ kubernetes: {{ namespace: {namespace} }} }}");
            service(lines, &mut taken, name, &platform, &format!("{kind}: {}", scalar(name)));
        }
        for (namespace, name) in &self.applications {
            let platform = format!("{{ argocd: {{ namespace: {} }} }}", scalar(namespace));
            service(lines, &mut taken, name, &platform, &format!("application: {}", scalar(name)));
        }
    }
}

/// One service. Two things of the same name are told apart by a number.
fn service(lines: &mut Vec<String>, taken: &mut BTreeMap<String, u32>, name: &str, platform: &str, what: &str) {
    let name = name_of(name);
    let count = taken.entry(name.clone()).or_insert(0);
    *count += 1;
    let name = if *count == 1 { name } else { format!("{name}-{count}") };
    lines.push(format!("      {}:", scalar(&name)));
    lines.push(format!("        platform: {platform}"));
    lines.push(format!("        {what}"));
}

#[cfg(test)]
mod tests {
    use backout_clusters::FoundWorkload;
    use backout_core::config::{self, WorkloadKind};

    use super::*;

    fn workload(kind: WorkloadKind, name: &str, release: Option<&str>, application: Option<&str>) -> FoundWorkload {
        let owned = |name: Option<&str>| name.map(str::to_owned);
        FoundWorkload {
            kind,
            name: name.to_owned(),
            release: owned(release),
            application: owned(application),
            warning: None,
        }
    }

    fn everything() -> ClusterFound {
        own(Found {
            namespace: "shop".to_owned(),
            workloads: vec![
                workload(WorkloadKind::Deployment, "web", None, None),
                workload(WorkloadKind::StatefulSet, "web", None, None),
                workload(WorkloadKind::Deployment, "api", Some("api.v2"), None),
                workload(WorkloadKind::DaemonSet, "agent", None, Some("platform")),
            ],
            releases: vec!["api.v2".to_owned()],
            applications: Vec::new(),
            unseen: vec!["secrets".to_owned()],
        })
    }

    #[test]
    fn what_something_else_made_goes_back_with_it() {
        let found = everything();
        assert_eq!(found.workloads.len(), 2);
        assert_eq!(found.applications, [("argocd".to_owned(), "platform".to_owned())].into());
    }

    #[test]
    fn draft_of_a_cluster_loads_without_a_problem() {
        let mut lines = vec!["version: 1\nproject: shop\nenvironments:".to_owned(), "  production:".to_owned()];
        everything().draft(&mut lines);
        let text = lines.join("\n");
        let config = config::load(&text, &|_| None).unwrap();
        let services = &config.environments.values().next().unwrap().services;
        let names: Vec<String> = services.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["api-v2", "platform", "web", "web-2"], "{text}");
    }
}
