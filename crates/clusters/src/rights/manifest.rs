//! A role that allows what is needed, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Ward;
use super::need::needs;

/// The service account that gets the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

/// The Roles and RoleBindings, as YAML for `kubectl apply`, by which an account may look after some wards in each namespace.
#[must_use]
pub fn manifest(wards: &BTreeMap<String, Vec<Ward>>, account: &Account) -> String {
    let mut documents = vec![format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {}\n  namespace: {}\n",
        quoted(&account.name),
        quoted(&account.namespace)
    )];
    for (namespace, wards) in wards {
        documents.push(role(namespace, wards, account));
        documents.push(binding(namespace, account));
    }
    documents.join("---\n")
}

fn role(namespace: &str, wards: &[Ward], account: &Account) -> String {
    let mut rules: BTreeMap<(&str, BTreeSet<&str>), BTreeSet<&str>> = BTreeMap::new();
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for need in wards.iter().flat_map(|ward| needs(*ward)) {
        verbs.entry((need.group, need.resource)).or_default().extend(need.verbs);
    }
    // Resources of a group with equal verbs are one rule.
    for ((group, resource), verbs) in verbs {
        rules.entry((group, verbs)).or_default().insert(resource);
    }
    let mut yaml = head("Role", namespace, account);
    if wards.contains(&Ward::Release) {
        yaml.push_str("# Helm also needs whatever the charts of its releases make, as for `helm upgrade`.\n");
    }
    yaml.push_str("rules:\n");
    for ((group, verbs), resources) in rules {
        let list = |words: BTreeSet<&str>| words.into_iter().map(quoted).collect::<Vec<_>>().join(", ");
        let (group, resources, verbs) = (quoted(group), list(resources), list(verbs));
        // Writing to a string cannot fail.
        let _ = writeln!(yaml, "  - apiGroups: [{group}]\n    resources: [{resources}]\n    verbs: [{verbs}]");
    }
    yaml
}

fn binding(namespace: &str, account: &Account) -> String {
    let name = quoted(&account.name);
    format!(
        "{}roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: {name}\nsubjects:\n  - kind: \
         ServiceAccount\n    name: {name}\n    namespace: {}\n",
        head("RoleBinding", namespace, account),
        quoted(&account.namespace)
    )
}

fn head(kind: &str, namespace: &str, account: &Account) -> String {
    let (name, namespace) = (quoted(&account.name), quoted(namespace));
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"
    )
}

/// Text in double quotes, which YAML reads as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use backout_core::config::{SecretsPolicy, WorkloadKind};

    use super::*;

    #[test]
    fn a_role_allows_what_is_needed_and_nothing_else() {
        let wards = BTreeMap::from([
            ("shop".to_owned(), vec![Ward::workload(WorkloadKind::Deployment, SecretsPolicy::Keep)]),
            ("argocd".to_owned(), vec![Ward::Application]),
        ]);
        let account = Account { name: "backout".to_owned(), namespace: "ops".to_owned() };
        let yaml = manifest(&wards, &account);
        assert_eq!(yaml.matches("kind: RoleBinding").count(), 2);
        let expected = "kind: Role\nmetadata:\n  name: \"backout\"\n  namespace: \"shop\"\nrules:\n  \
            - apiGroups: [\"\"]\n    resources: [\"configmaps\"]\n    \
            verbs: [\"create\", \"delete\", \"get\", \"list\", \"update\", \"watch\"]\n  \
            - apiGroups: [\"\"]\n    resources: [\"secrets\"]\n    verbs: [\"create\", \"get\"]\n  \
            - apiGroups: [\"\"]\n    resources: [\"persistentvolumeclaims\", \"pods/log\", \"serviceaccounts\"]\n    \
            verbs: [\"get\"]\n  \
            - apiGroups: [\"\"]\n    resources: [\"pods\"]\n    verbs: [\"get\", \"list\", \"watch\"]\n  \
            - apiGroups: [\"\"]\n    resources: [\"events\"]\n    verbs: [\"list\"]\n  \
            - apiGroups: [\"apps\"]\n    resources: [\"deployments\"]\n    \
            verbs: [\"create\", \"get\", \"list\", \"update\", \"watch\"]\n  \
            - apiGroups: [\"apps\"]\n    resources: [\"replicasets\"]\n    verbs: [\"list\", \"watch\"]\n  \
            - apiGroups: [\"autoscaling\"]\n    resources: [\"horizontalpodautoscalers\"]\n    verbs: [\"list\"]\n  \
            - apiGroups: [\"policy\"]\n    resources: [\"poddisruptionbudgets\"]\n    verbs: [\"list\"]\n---\n";
        assert!(yaml.contains(expected), "{yaml}");
        assert!(yaml.contains(
            "resources: [\"applications\"]\n    verbs: [\"get\", \"list\", \"patch\", \"update\", \"watch\"]"
        ));
        assert!(!yaml.contains('*'));
    }
}
