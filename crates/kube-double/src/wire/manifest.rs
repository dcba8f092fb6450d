//! Objects put there by no client: by a test, or by a controller that deploys manifests.

use serde_json::Value;

use crate::api::{Call, dispatch};
use crate::cluster::{Cluster, kinds, object};

/// Makes or changes an object by server-side apply; its namespace is made where it is missing.
///
/// The message where it is refused or of a kind that the double does not know.
pub(crate) fn apply(cluster: &mut Cluster, manager: &str, manifest: &Value) -> Result<(), String> {
    let (version, kind) = (object::text(manifest, "/apiVersion"), object::text(manifest, "/kind"));
    let resource = kinds::of_object(version, kind).ok_or_else(|| format!("no kind \"{kind}\" in {version}"))?;
    let namespace = match object::namespace(manifest) {
        "" => "default",
        namespace => namespace,
    };
    if resource.is_namespaced {
        cluster.add_namespace(namespace);
    }
    let scope = if resource.is_namespaced { format!("/namespaces/{namespace}") } else { String::new() };
    let root = if resource.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{version}") };
    let query = [("fieldManager", manager), ("force", "true")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let call = Call {
        method: "PATCH".to_owned(),
        path: format!("{root}{scope}/{}/{}", resource.plural, object::name(manifest)),
        query: query.into_iter().collect(),
        content_type: "application/apply-patch+yaml".to_owned(),
        body: manifest.to_string().into_bytes(),
        ..Call::default()
    };
    let denials = std::mem::take(&mut cluster.script.denials);
    let answer = dispatch(cluster, &call);
    cluster.script.denials = denials;
    answer.map(drop).map_err(|problem| problem.message)
}
