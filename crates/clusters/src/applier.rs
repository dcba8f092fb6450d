//! Who applies an object again and again: Argo CD or Flux. What such a controller does not know of, it undoes.

use kube::core::ObjectMeta;

/// A controller that keeps an object as a repository says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Applier {
    /// An Application of Argo CD.
    Argocd { application: String },
    /// A Kustomization or HelmRelease of Flux: kind, namespace and name.
    Flux { kind: &'static str, namespace: String, name: String },
}

impl Applier {
    /// Who applies an object, by what the controller writes on it.
    ///
    /// | what is there                                          | who                         |
    /// |--------------------------------------------------------|-----------------------------|
    /// | annotation `argocd.argoproj.io/tracking-id`            | the Application before `:`  |
    /// | label `argocd.argoproj.io/instance`                    | that Application            |
    /// | label `helm.toolkit.fluxcd.io/name` (and `/namespace`) | that HelmRelease            |
    /// | label `kustomize.toolkit.fluxcd.io/name` (and so on)   | that Kustomization          |
    pub(crate) fn of(metadata: &ObjectMeta) -> Option<Self> {
        let annotation = |name: &str| metadata.annotations.as_ref()?.get(name).map(String::as_str);
        let label = |name: &str| metadata.labels.as_ref()?.get(name).map(String::as_str);
        let tracked = annotation("argocd.argoproj.io/tracking-id").and_then(|id| Some(id.split_once(':')?.0));
        if let Some(application) = tracked.or_else(|| label("argocd.argoproj.io/instance")) {
            return Some(Self::Argocd { application: application.to_owned() });
        }
        let flux = |kind: &'static str, group: &str| {
            let name = label(&format!("{group}.toolkit.fluxcd.io/name"))?.to_owned();
            let namespace = label(&format!("{group}.toolkit.fluxcd.io/namespace"));
            let own = || metadata.namespace.as_deref().unwrap_or_default();
            Some(Self::Flux { kind, namespace: namespace.unwrap_or_else(own).to_owned(), name })
        };
        flux("helmrelease", "helm").or_else(|| flux("kustomization", "kustomize"))
    }

    /// The Application, where it is one.
    pub(crate) fn application(self) -> Option<String> {
        match self {
            Self::Argocd { application } => Some(application),
            Self::Flux { .. } => None,
        }
    }

    /// What a person should know and do before something goes back behind its back.
    pub(crate) fn warning(&self, what: &str) -> String {
        match self {
            Self::Argocd { application } => format!(
                "`{what}` is applied by Application `{application}` of Argo CD, which puts the bad version back where \
                 auto-sync is on: make it a service of platform `argocd`, or switch auto-sync off before \
                 (`argocd app set {application} --sync-policy none`) and revert the commit after"
            ),
            Self::Flux { kind, namespace, name } => format!(
                "`{what}` is applied by Flux ({kind} `{name}` in `{namespace}`), which puts the bad version back within its \
                 interval: `flux suspend {kind} {name} --namespace {namespace}` before, and once the commit is reverted \
                 `flux resume {kind} {name} --namespace {namespace}`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(metadata: &serde_json::Value) -> Option<Applier> {
        Applier::of(&serde_json::from_value(metadata.clone()).unwrap())
    }

    #[test]
    fn a_controller_is_known_by_what_it_writes() {
        let argocd = |name: &str| Some(Applier::Argocd { application: name.to_owned() });
        assert_eq!(
            of(&json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:a/b"}})),
            argocd("shop")
        );
        assert_eq!(of(&json!({"labels": {"argocd.argoproj.io/instance": "shop"}})), argocd("shop"));
        let flux = |kind, namespace: &str| {
            Some(Applier::Flux { kind, namespace: namespace.to_owned(), name: "apps".to_owned() })
        };
        let labels =
            json!({"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
        assert_eq!(of(&json!({"labels": labels})), flux("kustomization", "flux-system"));
        assert_eq!(
            of(&json!({"namespace": "a", "labels": {"helm.toolkit.fluxcd.io/name": "apps"}})),
            flux("helmrelease", "a")
        );
        assert_eq!(of(&json!({"labels": {"app.kubernetes.io/instance": "shop"}})), None);
    }
}
