//! What names one object.

use crate::cluster::Resource;

/// The resource, the namespace (empty for cluster-wide ones) and the name; sorted in that order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) group: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: &Resource, namespace: &str, name: &str) -> Self {
        let namespace = if resource.is_namespaced { namespace } else { "" };
        Self { group: resource.group, plural: resource.plural, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub(crate) fn is_of(&self, resource: &Resource) -> bool {
        self.group == resource.group && self.plural == resource.plural
    }
}
