//! A Service and an Ingress lead elsewhere, and back exactly where they led; real `kubectl` looks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use backout_clusters::{Cluster, ClusterOptions, RedirectBarrier};
use backout_core::config::{ClusterAccess, Redirect};
use backout_core::port::Barrier as _;
use backout_kube_double::Double;
use backout_testkit::kube::{Generation, KubeClients};
use backout_testkit::world::MemoryBlobs;
use serde_json::{Value, json};

/// A cluster with a Service and an Ingress `web` in `shop`.
struct Ground {
    double: Double,
    clients: KubeClients,
}

impl Ground {
    fn new(test: &str) -> Option<Self> {
        let double = Double::start().unwrap();
        let clients = KubeClients::new(test, Generation::Helm4, &double.kubeconfig())?;
        let metadata = json!({"name": "web", "namespace": "shop"});
        let ports = json!([{"port": 80, "targetPort": 8080}]);
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": {"selector": {"app": "web", "tier": "front"}, "ports": ports}});
        let path = |path: &str, name: &str| {
            json!({"path": path, "pathType": "Prefix",
            "backend": {"service": {"name": name, "port": {"number": 80}}}})
        };
        let rules = json!([{"host": "shop.example", "http": {"paths": [path("/", "web"), path("/api", "api")]}}]);
        let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": {"rules": rules}});
        double.apply(&service).unwrap();
        double.apply(&ingress).unwrap();
        Some(Self { double, clients })
    }

    fn barrier(&self, redirect: Redirect) -> RedirectBarrier {
        let access = ClusterAccess {
            kubeconfig: Some(self.double.kubeconfig().display().to_string()),
            namespace: Some("shop".to_owned()),
            ..ClusterAccess::default()
        };
        let options = ClusterOptions { access, folder: PathBuf::from("/"), environment: BTreeMap::new() };
        RedirectBarrier::new(Cluster::new(options), redirect)
    }

    /// What `kubectl` sees of an object's specification.
    fn seen(&self, kind: &str) -> Value {
        let ran = self.clients.kubectl(&["get", kind, "web", "--namespace", "shop", "--output", "json"]);
        let object: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        object["spec"].clone()
    }
}

fn of_service() -> Redirect {
    let selector = [("app".to_owned(), "maintenance".to_owned())].into();
    Redirect::Service { name: "web".to_owned(), selector }
}

fn of_ingress() -> Redirect {
    Redirect::Ingress { name: "web".to_owned(), backend: "maintenance".to_owned(), port: 8080 }
}

#[tokio::test]
async fn a_service_leads_to_other_pods_and_back_to_exactly_those_it_led_to() {
    let Some(ground) = Ground::new("a_service_leads_to_other_pods_and_back_to_exactly_those_it_led_to") else { return };
    let (barrier, blobs) = (ground.barrier(of_service()), MemoryBlobs::default());
    let before = ground.seen("service");
    let former = barrier.look(&blobs).await.unwrap();
    for _ in 0..2 {
        barrier.raise(&former, &blobs).await.unwrap();
        assert_eq!(ground.seen("service")["selector"], json!({"app": "maintenance"}));
    }
    for _ in 0..2 {
        barrier.lower(&former, &blobs).await.unwrap();
        assert_eq!(ground.seen("service"), before);
    }
}

#[tokio::test]
async fn every_path_of_an_ingress_leads_to_the_page_and_back() {
    let Some(ground) = Ground::new("every_path_of_an_ingress_leads_to_the_page_and_back") else { return };
    let (barrier, blobs) = (ground.barrier(of_ingress()), MemoryBlobs::default());
    let before = ground.seen("ingress");
    let former = barrier.look(&blobs).await.unwrap();
    barrier.raise(&former, &blobs).await.unwrap();
    let now = ground.seen("ingress");
    for path in now["rules"][0]["http"]["paths"].as_array().unwrap() {
        assert_eq!(path["backend"]["service"], json!({"name": "maintenance", "port": {"number": 8080}}));
    }
    assert_eq!(now["rules"][0]["host"], "shop.example");
    barrier.lower(&former, &blobs).await.unwrap();
    assert_eq!(ground.seen("ingress"), before);
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_left_to_them() {
    let Some(ground) = Ground::new("what_somebody_else_changed_meanwhile_is_left_to_them") else { return };
    let (barrier, blobs) = (ground.barrier(of_service()), MemoryBlobs::default());
    let former = barrier.look(&blobs).await.unwrap();
    barrier.raise(&former, &blobs).await.unwrap();
    let patch = r#"{"spec":{"selector":{"app":"another"}}}"#;
    let _ = ground.clients.kubectl(&["patch", "service", "web", "--namespace", "shop", "--patch", patch]);
    assert_eq!(ground.seen("service")["selector"]["app"], "another");
    let error = barrier.lower(&former, &blobs).await.unwrap_err();
    assert!(error.what.contains("somebody changed it meanwhile"), "{error}");
    assert_eq!(ground.seen("service")["selector"]["app"], "another");
}

#[tokio::test]
async fn an_object_that_is_not_there_is_said_before_anything_is_switched() {
    let Some(ground) = Ground::new("an_object_that_is_not_there_is_said_before_anything_is_switched") else { return };
    let missing = Redirect::Ingress { name: "nothing".to_owned(), backend: "maintenance".to_owned(), port: 80 };
    let error = ground.barrier(missing).look(&MemoryBlobs::default()).await.unwrap_err();
    assert!(error.what.contains("no such object"), "{error}");
}
