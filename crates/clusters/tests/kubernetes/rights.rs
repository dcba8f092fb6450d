//! What an account may do, and what there is.

use backout_clusters::{Ward, found, permissions};
use backout_core::config::{SecretsPolicy, WorkloadKind};
use serde_json::json;

use crate::programs::Program;
use crate::world::World;

#[tokio::test]
async fn what_the_account_may_not_do_is_named() {
    let world = World::new().await;
    let Some(double) = world.double("what_the_account_may_not_do_is_named") else { return };
    double.deny("update", "deployments", "");
    double.deny("get", "pods/log", "");
    let wards = [Ward::workload(WorkloadKind::Deployment, SecretsPolicy::Keep), Ward::Release];
    let all = permissions(&world.cluster, &wards).await.unwrap();
    let denied: Vec<_> =
        all.iter().filter(|it| !it.allowed).map(|it| (it.verb, it.resource.as_str(), it.purpose)).collect();
    assert_eq!(denied, [("update", "deployments.apps", "to go back"), ("get", "pods/log", "to keep evidence")]);
    let mut once: Vec<_> = all.iter().map(|it| (it.verb, &it.resource)).collect();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), all.len());
}

/// Every request of a whole way back is one that is said to be needed.
#[tokio::test]
async fn a_way_back_needs_no_more_than_is_said() {
    let world = World::new().await;
    let Some(double) = world.double("a_way_back_needs_no_more_than_is_said") else { return };
    world.deployed(Program::Good).await;
    let wards = [Ward::workload(WorkloadKind::Deployment, SecretsPolicy::Keep)];
    let said = permissions(&world.cluster, &wards).await.unwrap();
    double.forget_requests();
    let artifact = world.capture().await;
    world.deploy(Program::Crash).await;
    world.in_trouble("CrashLoopBackOff").await;
    backout_core::port::Platform::preflight(&world.platform, &artifact, &world.blobs).await;
    backout_core::port::Platform::evidence(&world.platform, &crate::world::web()).await;
    world.back(&artifact).await;
    let own = double.requests().into_iter().filter(|request| !request.query.contains("fieldManager=test"));
    for request in own {
        let path: Vec<&str> = request.path.split('/').skip_while(|part| *part != "namespaces").skip(2).collect();
        let resource = match path[..] {
            [resource, _, subresource] => format!("{resource}/{subresource}"),
            [resource, ..] => resource.to_owned(),
            [] => continue,
        };
        let is_said = |it: &&backout_clusters::Permission| {
            let named = it.resource.split('.').next().unwrap();
            named == resource && it.verb == request.verb
        };
        assert!(said.iter().any(|it| is_said(&it)), "{} {resource} is not said to be needed", request.verb);
    }
}

#[tokio::test]
async fn what_there_is_in_the_namespace_is_found() {
    let world = World::new().await;
    world.deployed(Program::Good).await;
    world
        .apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sh.helm.release.v1.shop.v1",
            "labels": {"owner": "helm", "name": "shop", "status": "deployed"}}, "type": "helm.sh/release.v1"}))
        .await;
    let seen = found(&world.cluster).await.unwrap();
    assert_eq!(seen.namespace, world.namespace);
    let workloads: Vec<_> = seen.workloads.iter().map(|it| (it.kind, it.name.as_str())).collect();
    assert_eq!(workloads, [(WorkloadKind::Deployment, "web")]);
    assert_eq!((seen.releases, seen.applications), (vec!["shop".to_owned()], Vec::<String>::new()));
    if let Some(double) = world.double("what_there_is_in_the_namespace_is_found") {
        double.deny("list", "secrets", "");
        assert_eq!(found(&world.cluster).await.unwrap().unseen, ["secrets"]);
    }
    world.end().await;
}
