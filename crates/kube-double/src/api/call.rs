//! A request, and what its path names.

use std::collections::BTreeMap;

use crate::api::Problem;
use crate::cluster::{Key, Resource, kinds};

/// One request as it came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// What `command` says in the query, which is said once a word.
    pub(crate) words: Vec<String>,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    pub(crate) user_agent: String,
    /// Whose credentials were shown; none where none are asked for.
    pub(crate) user: Option<String>,
    /// Whom the client asks to be taken for.
    pub(crate) impersonated: Impersonated,
    pub(crate) body: Vec<u8>,
}

/// Whom a client asks to be taken for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Impersonated {
    pub(crate) user: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) uid: Option<String>,
}

/// The resource, namespace, name and subresource that a path names; empty where it names none.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) resource: &'static Resource,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) subresource: String,
}

/// Kubernetes' verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

impl Call {
    /// Who asks, as the rest of the cluster sees it.
    pub(crate) fn who(&self) -> &str {
        self.impersonated.user.as_deref().or(self.user.as_deref()).unwrap_or("double-user")
    }

    pub(crate) fn query(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    /// What the request does, by its method and whether it names one object.
    pub(crate) fn verb(&self, names_one: bool) -> Option<Verb> {
        let watches = ["1", "true"].contains(&self.query("watch"));
        Some(match (self.method.as_str(), names_one) {
            ("GET", false) if watches => Verb::Watch,
            ("GET", true) => Verb::Get,
            ("GET", false) => Verb::List,
            ("POST", _) => Verb::Create,
            ("PUT", true) => Verb::Update,
            ("PATCH", true) => Verb::Patch,
            ("DELETE", true) => Verb::Delete,
            ("DELETE", false) => Verb::DeleteCollection,
            _ => return None,
        })
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.query("dryRun") == "All"
    }

    /// Who writes, for `managedFields`: as it says, else the first word of its name.
    pub(crate) fn manager(&self) -> &str {
        let said = self.query("fieldManager");
        if said.is_empty() { self.user_agent.split(['/', ' ']).next().unwrap_or_default() } else { said }
    }
}

impl Target {
    /// Reads `/api/v1/...` or `/apis/GROUP/VERSION/...`.
    pub(crate) fn parse(path: &str) -> Result<Self, Problem> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(Problem::no_such_path()),
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, plural, rest @ ..] if kinds::find(group, version, plural).is_some() => {
                (*namespace, [&[*plural], rest].concat())
            }
            rest => ("", rest.to_vec()),
        };
        let (plural, name, subresource) = match rest.as_slice() {
            [plural] => (*plural, "", ""),
            [plural, name] => (*plural, *name, ""),
            [plural, name, subresource] => (*plural, *name, *subresource),
            _ => return Err(Problem::no_such_path()),
        };
        let resource = kinds::find(group, version, plural).ok_or_else(Problem::no_such_path)?;
        let [namespace, name, subresource] = [namespace, name, subresource].map(str::to_owned);
        Ok(Self { resource, namespace, name, subresource })
    }

    pub(crate) fn key(&self) -> Key {
        Key::new(self.resource, &self.namespace, &self.name)
    }

    /// `deployments`, or `deployments/scale`.
    pub(crate) fn resource_name(&self) -> String {
        let plural = self.resource.plural;
        if self.subresource.is_empty() { plural.to_owned() } else { format!("{plural}/{}", self.subresource) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_a_resource_a_namespace_a_name_and_a_subresource() {
        let read = |path: &str| {
            let target = Target::parse(path).unwrap();
            (target.resource.kind, target.namespace, target.name, target.subresource)
        };
        let owned = |kind, parts: [&str; 3]| (kind, parts[0].to_owned(), parts[1].to_owned(), parts[2].to_owned());
        assert_eq!(read("/api/v1/namespaces/a/pods/b/log"), owned("Pod", ["a", "b", "log"]));
        assert_eq!(read("/apis/apps/v1/deployments"), owned("Deployment", ["", "", ""]));
        assert_eq!(read("/api/v1/namespaces/a"), owned("Namespace", ["", "a", ""]));
        assert_eq!(read("/api/v1/namespaces/a/status"), owned("Namespace", ["", "a", "status"]));
        assert_eq!(Target::parse("/apis/none/v1/things").unwrap_err().code, 404);
    }
}
