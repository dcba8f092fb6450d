//! Asking the cluster what this account may do.

use std::collections::BTreeMap;

use backout_core::port::PortError;
use futures_util::future::try_join_all;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::PostParams;

use super::Ward;
use super::need::needs;
use crate::cluster::{Cluster, failed};

/// Whether an account may do one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// What it is needed for, as the end of a sentence: `to see what runs`.
    pub purpose: &'static str,
    /// The verb, as Kubernetes has it.
    pub verb: &'static str,
    /// The resource as `kubectl auth can-i` takes it: `deployments.apps`, `pods/log`.
    pub resource: String,
    /// Whether it is allowed.
    pub allowed: bool,
}

/// Asks whether this account may do what some wards in the cluster's namespace need, each thing once. Changes nothing.
///
/// # Errors
/// The cluster cannot be reached, or does not answer such questions.
pub async fn permissions(cluster: &Cluster, wards: &[Ward]) -> Result<Vec<Permission>, PortError> {
    let mut order = Vec::new();
    let mut purposes = BTreeMap::new();
    for need in wards.iter().flat_map(|ward| needs(*ward)) {
        for verb in need.verbs {
            let question = (*verb, need.group, need.resource);
            if purposes.insert(question, need.purpose).is_none() {
                order.push((question, need.purpose));
            }
        }
    }
    let reviews: Api<SelfSubjectAccessReview> = Api::all(cluster.client().await?);
    let namespace = cluster.namespace().await?;
    try_join_all(order.into_iter().map(|(question, purpose)| {
        let reviews = &reviews;
        async move {
            let [verb, group, resource] = [question.0, question.1, question.2];
            let review = review(namespace, question);
            let answer = reviews.create(&PostParams::default(), &review).await;
            let answer = answer.map_err(|error| failed("the account's rights could not be asked for", &error))?;
            let resource = qualified(group, resource);
            let allowed = answer.status.is_some_and(|status| status.allowed);
            Ok(Permission { purpose, verb, resource, allowed })
        }
    }))
    .await
}

/// The cluster's namespace, where it is not there. Nothing where it is, or this account may not ask: it need not.
///
/// # Errors
/// A kubeconfig or credentials that cannot be used.
pub async fn missing_namespace(cluster: &Cluster) -> Result<Option<String>, PortError> {
    let namespace = cluster.namespace().await?;
    let namespaces: Api<Namespace> = Api::all(cluster.client().await?);
    let is_missing = matches!(namespaces.get_opt(namespace).await, Ok(None));
    Ok(is_missing.then(|| namespace.to_owned()))
}

fn review(namespace: &str, (verb, group, resource): (&str, &str, &str)) -> SelfSubjectAccessReview {
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (resource, None),
    };
    let attributes = ResourceAttributes {
        namespace: Some(namespace.to_owned()),
        verb: Some(verb.to_owned()),
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource,
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), non_resource_attributes: None };
    SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() }
}

/// The resource as `kubectl` takes it: the group stands before a subresource.
fn qualified(group: &str, resource: &str) -> String {
    match (group, resource.split_once('/')) {
        ("", _) => resource.to_owned(),
        (group, Some((resource, subresource))) => format!("{resource}.{group}/{subresource}"),
        (group, None) => format!("{resource}.{group}"),
    }
}
