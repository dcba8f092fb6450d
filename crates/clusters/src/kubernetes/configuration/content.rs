//! What is in a ConfigMap or Secret, as it is kept.

use std::collections::BTreeMap;

use backout_core::inventory::ConfigurationKind;
use backout_core::port::PortError;
use jiff::Timestamp;
use kube::core::DynamicObject;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Key;
use super::mark::MARK;
use crate::cluster::Kind;
use crate::object::{is_true, stripped, text};

/// The content of a ConfigMap or Secret, and what else it needs to be made again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    /// `data`, `binaryData`, `immutable` and `type`, as the API server had them.
    fields: BTreeMap<String, Value>,
}

const DATA: [&str; 2] = ["data", "binaryData"];
const FIELDS: [&str; 4] = ["data", "binaryData", "immutable", "type"];

impl Content {
    /// What is in an object; `None` for a token of a service account, which the cluster makes and revokes itself.
    pub(crate) fn of(object: &DynamicObject) -> Option<Self> {
        let is_token = text(&object.data, "/type") == Some("kubernetes.io/service-account-token");
        let field = |name: &&str| Some(((*name).to_owned(), stripped(object.data.get(*name)?)));
        let mut annotations = object.metadata.annotations.clone().unwrap_or_default();
        annotations.remove(MARK);
        (!is_token).then(|| Self {
            labels: object.metadata.labels.clone().unwrap_or_default(),
            annotations,
            fields: FIELDS.iter().filter_map(field).collect(),
        })
    }

    /// Kept content.
    ///
    /// # Errors
    /// It is not what [`Content::kept`] wrote.
    pub(crate) fn read(kept: &[u8]) -> Result<Self, PortError> {
        serde_json::from_slice(kept).map_err(|_| PortError::new("the kept configuration cannot be read"))
    }

    /// As it is kept.
    pub(crate) fn kept(&self) -> Vec<u8> {
        json!(self).to_string().into_bytes()
    }

    /// What pods see of it, as text: equal where they see the same.
    pub(crate) fn seen(&self) -> String {
        let seen = DATA.iter().map(|name| stripped(self.fields.get(*name).unwrap_or(&Value::Null)));
        json!(seen.map(|value| if value == json!({}) { Value::Null } else { value }).collect::<Vec<_>>()).to_string()
    }

    /// The object made anew, marked as put back at that time.
    pub(super) fn made_anew(&self, (kind, name): &Key, at: Timestamp) -> DynamicObject {
        let resource = match kind {
            ConfigurationKind::ConfigMap => Kind::ConfigMap.resource(),
            ConfigurationKind::Secret => Kind::Secret.resource(),
        };
        let mut object = DynamicObject::new(name, &resource).data(json!(self.fields));
        object.metadata.labels = Some(self.labels.clone()).filter(|labels| !labels.is_empty());
        object.metadata.annotations = Some(self.annotations.clone());
        marked(object, at)
    }

    /// The object as it is, with this content, marked as put back at that time.
    pub(super) fn put_into(&self, object: &DynamicObject, at: Timestamp) -> DynamicObject {
        let mut object = object.clone();
        if let Some(fields) = object.data.as_object_mut() {
            for name in DATA {
                match self.fields.get(name) {
                    Some(value) => drop(fields.insert(name.to_owned(), value.clone())),
                    None => drop(fields.remove(name)),
                }
            }
        }
        marked(object, at)
    }
}

/// Whether nothing in an object can be changed.
pub(super) fn is_immutable(object: &DynamicObject) -> bool {
    is_true(&object.data, "/immutable")
}

fn marked(mut object: DynamicObject, at: Timestamp) -> DynamicObject {
    object.metadata.annotations.get_or_insert_default().insert(MARK.to_owned(), at.to_string());
    object
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} fields)", self.fields.len())
    }
}
