//! How a cluster is reached, as people have it: each kind of access is tried with real `kubectl` and the same kubeconfig,
//! which has to come to the same end. That is the check of the double, too.
#![expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backout_clusters::{Cluster, ClusterOptions, Found, KubernetesPlatform, found};
use backout_core::config::{ClusterAccess, KubernetesService, SecretsPolicy, WorkloadKind};
use backout_core::inventory::Seen;
use backout_core::port::{Platform as _, PortError};
use backout_kube_double::{Double, Instruction};
use backout_testkit::kube::{Generation, KubeClients, Ran};
use serde_json::{Value, json};

use super::proxy::Proxy;
use crate::world::{WallClock, web};

/// A secured API server with a Deployment `web` in `shop`, and `kubectl` beside it.
struct Door {
    double: Double,
    clients: KubeClients,
}

impl Door {
    fn new(test: &str) -> Option<Self> {
        let double = Double::secured().unwrap();
        let clients = KubeClients::new(test, Generation::Helm4, &double.folder().join("access"))?;
        let labels = json!({"app": "web"});
        let spec = json!({"replicas": 1, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "shop/web:1"}]}}});
        let manifest = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec,
            "metadata": {"name": "web", "namespace": "shop"}});
        double.apply(&manifest).unwrap();
        Some(Self { double, clients })
    }

    fn token(&self, token: &str, user: Option<&str>) {
        self.double.tell(Instruction::Token { token: token.to_owned(), user: user.map(str::to_owned) });
    }

    /// A kubeconfig with that user and the double's own authority; whoever reads it is in the namespace `shop`.
    fn kubeconfig(&self, user: &Value) {
        self.kubeconfig_of(&json!({"certificate-authority": self.double.authority().unwrap()}), user);
    }

    fn kubeconfig_of(&self, cluster: &Value, user: &Value) {
        let mut cluster = cluster.clone();
        cluster["server"] = json!(self.double.url());
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": cluster}], "users": [{"name": "me", "user": user}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "shop"}}]});
        fs::write(self.file("access"), config.to_string()).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.double.folder().join(name)
    }

    /// A credential plugin beside the kubeconfig.
    fn plugin(&self, script: &str) -> Value {
        let file = self.file("plugin");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "IfAvailable", "command": "./plugin"}})
    }

    fn cluster(&self, access: ClusterAccess) -> Arc<Cluster> {
        let environment = self.clients.environment();
        let environment: BTreeMap<_, _> = environment.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Cluster::new(ClusterOptions { access, folder: PathBuf::from("/"), environment })
    }

    fn platform(&self) -> KubernetesPlatform {
        let service = KubernetesService {
            cluster: ClusterAccess::default(),
            kind: WorkloadKind::Deployment,
            name: "web".to_owned(),
            secrets: SecretsPolicy::Keep,
            ready_within: None,
        };
        let services = BTreeMap::from([(web(), service)]);
        KubernetesPlatform::new(self.cluster(ClusterAccess::default()), &services, Arc::new(WallClock))
    }

    /// What is found, and what `kubectl` says to the same.
    async fn asked(&self) -> (Result<Found, PortError>, Ran) {
        self.asked_as(ClusterAccess::default(), &[]).await
    }

    async fn asked_as(&self, access: ClusterAccess, flags: &[&str]) -> (Result<Found, PortError>, Ran) {
        let ours = found(&self.cluster(access)).await;
        (ours, self.clients.kubectl(&[&["get", "deployments", "-o", "name"], flags].concat()))
    }

    /// Both see `web` in `shop`, as that user.
    async fn lets_in(&self, user: &str) {
        self.double.forget_requests();
        let (ours, theirs) = self.asked().await;
        let ours = ours.unwrap();
        assert_eq!((ours.namespace.as_str(), ours.workloads[0].name.as_str()), ("shop", "web"));
        assert_eq!(theirs.ok().trim(), "deployment.apps/web");
        let requests = self.double.requests();
        assert!(requests.iter().all(|request| request.user.as_deref() == Some(user)), "{requests:#?}");
    }

    /// Neither gets in.
    async fn keeps_out(&self) -> PortError {
        let (ours, theirs) = self.asked().await;
        assert!(!theirs.is_ok(), "{theirs:?}");
        ours.map(|_| ()).unwrap_err()
    }
}

fn words(error: &PortError) -> String {
    format!("{} {}", error.what, error.hint.clone().unwrap_or_default())
}

#[tokio::test]
async fn a_cluster_with_an_authority_of_its_own_is_believed_where_the_kubeconfig_names_it() {
    let test = "a_cluster_with_an_authority_of_its_own_is_believed_where_the_kubeconfig_names_it";
    let Some(door) = Door::new(test) else { return };
    door.token("t-ann", Some("ann"));
    door.kubeconfig(&json!({"token": "t-ann"}));
    door.lets_in("ann").await;
    door.kubeconfig_of(&json!({}), &json!({"token": "t-ann"}));
    let refused = door.keeps_out().await;
    assert!(words(&refused).contains("certificate-authority"), "{refused:?}");
    door.kubeconfig_of(&json!({"insecure-skip-tls-verify": true}), &json!({"token": "t-ann"}));
    door.lets_in("ann").await;
    // The name that the certificate is checked for may be another than the address.
    let authority = door.double.authority().unwrap();
    door.kubeconfig_of(
        &json!({"certificate-authority": authority, "tls-server-name": "localhost"}),
        &json!({"token": "t-ann"}),
    );
    door.lets_in("ann").await;
    door.kubeconfig_of(
        &json!({"certificate-authority": authority, "tls-server-name": "else.example"}),
        &json!({"token": "t-ann"}),
    );
    door.keeps_out().await;
}

#[tokio::test]
async fn a_client_certificate_opens() {
    let Some(door) = Door::new("a_client_certificate_opens") else { return };
    let identity = door.double.identity("bob").unwrap();
    door.kubeconfig(&json!({"client-certificate": identity.certificate, "client-key": identity.key}));
    door.lets_in("bob").await;
    door.kubeconfig(&json!({}));
    let refused = door.keeps_out().await;
    assert!(words(&refused).contains("log in again"), "{refused:?}");
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_said_without_being_shown() {
    let Some(door) = Door::new("a_token_that_is_not_accepted_is_said_without_being_shown") else { return };
    door.kubeconfig(&json!({"token": "expired-hunter2"}));
    let refused = door.keeps_out().await;
    assert!(words(&refused).contains("log in again"), "{refused:?}");
    assert!(!words(&refused).contains("hunter2"), "{refused:?}");
    let Seen::Unknown { why } = door.platform().observe(&[web()]).await.remove(0).seen else { panic!() };
    assert!(why.contains("Unauthorized") && !why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn a_kubeconfig_that_cannot_be_read_does_not_show_its_tokens() {
    let Some(door) = Door::new("a_kubeconfig_that_cannot_be_read_does_not_show_its_tokens") else { return };
    fs::write(
        door.file("access"),
        "apiVersion: v1\nusers:\n- name: me\n  user: {token: hunter2, tokenFile: [hunter3}\n",
    )
    .unwrap();
    let refused = door.keeps_out().await;
    assert!(words(&refused).contains("line 4") && !words(&refused).contains("hunter"), "{refused:?}");
    fs::write(door.file("access"), "apiVersion: v1\nusers: hunter2\n").unwrap();
    let refused = door.keeps_out().await;
    assert!(!words(&refused).contains("hunter"), "{refused:?}");
}

#[tokio::test]
async fn a_file_with_a_token_may_end_with_a_line_and_counts_before_a_token() {
    let Some(door) = Door::new("a_file_with_a_token_may_end_with_a_line_and_counts_before_a_token") else { return };
    door.token("t-cid", Some("cid"));
    fs::write(door.file("token"), "t-cid\n").unwrap();
    door.kubeconfig(&json!({"tokenFile": "token", "token": "nobody's"}));
    door.lets_in("cid").await;
    fs::write(door.file("token"), "\n").unwrap();
    door.kubeconfig(&json!({"tokenFile": "token"}));
    let refused = door.keeps_out().await;
    assert!(words(&refused).contains("is empty"), "{refused:?}");
}

/// A token is renewed in its file, as a pod's is, and the one before is no longer accepted while a watch is open.
#[tokio::test]
async fn a_token_that_is_renewed_in_its_file_is_taken_up() {
    let Some(door) = Door::new("a_token_that_is_renewed_in_its_file_is_taken_up") else { return };
    door.token("first", Some("cid"));
    fs::write(door.file("token"), "first").unwrap();
    door.kubeconfig(&json!({"tokenFile": "token"}));
    let platform = door.platform();
    let is_seen = async || matches!(platform.observe(&[web()]).await.remove(0).seen, Seen::Present(_));
    assert!(is_seen().await);
    door.token("first", None);
    door.token("second", Some("cid"));
    fs::write(door.file("token"), "second").unwrap();
    door.double.away(Duration::from_millis(100));
    let by_second = |request: &backout_kube_double::Request| request.verb == "watch" && request.code == 200;
    door.double.forget_requests();
    let watches = async {
        while door.double.requests().iter().filter(|request| by_second(request)).count() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), watches)
        .await
        .unwrap_or_else(|_| panic!("{:#?}", door.double.requests()));
    assert!(is_seen().await);
}

#[tokio::test]
async fn a_credential_plugin_is_asked_once_and_again_when_its_credentials_end() {
    let test = "a_credential_plugin_is_asked_once_and_again_when_its_credentials_end";
    let Some(door) = Door::new(test) else { return };
    door.token("t-dan", Some("dan"));
    // It says how it was asked, and whether it got nothing to read.
    let script = |rest: &str| {
        format!(
            "echo run >>\"$0.runs\"; printf %s \"$KUBERNETES_EXEC_INFO\" >\"$0.info\"; cat >/dev/null\n\
             echo '{{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {{{rest}}}}}'"
        )
    };
    let runs = || fs::read_to_string(door.file("plugin.runs")).unwrap_or_default().lines().count();
    door.kubeconfig(&door.plugin(&script("\"token\": \"t-dan\"")));
    found(&door.cluster(ClusterAccess::default())).await.unwrap();
    assert_eq!(runs(), 1);
    let info: Value = serde_json::from_str(&fs::read_to_string(door.file("plugin.info")).unwrap()).unwrap();
    assert_eq!(info["spec"], json!({"interactive": false}));
    door.lets_in("dan").await;
    // Credentials that end within a minute are had anew for every client.
    let soon = "\"token\": \"t-dan\", \"expirationTimestamp\": \"2020-01-01T00:00:00Z\"";
    door.kubeconfig(&door.plugin(&script(soon)));
    fs::remove_file(door.file("plugin.runs")).unwrap();
    let cluster = door.cluster(ClusterAccess::default());
    found(&cluster).await.unwrap();
    let first = runs();
    found(&cluster).await.unwrap();
    assert!(first > 1 && runs() > first, "{first}, {}", runs());
    // A certificate instead of a token.
    let identity = door.double.identity("eve").unwrap();
    let pem = |path: &Path| json!(fs::read_to_string(path).unwrap()).to_string().replace("\\n", "\\\\n");
    let rest =
        format!("\"clientCertificateData\": {}, \"clientKeyData\": {}", pem(&identity.certificate), pem(&identity.key));
    door.kubeconfig(&door.plugin(&script(&rest).replace("echo '{", "printf '%b' '{")));
    door.lets_in("eve").await;
}

#[tokio::test]
async fn a_credential_plugin_that_fails_is_told_by_name_and_without_what_it_knows() {
    let test = "a_credential_plugin_that_fails_is_told_by_name_and_without_what_it_knows";
    let Some(door) = Door::new(test) else { return };
    let mut user = door.plugin("echo hunter2; echo 'session of hunter3 is over' >&2; exit 3");
    user["exec"]["args"] = json!(["get-token", "--client-secret=hunter3"]);
    door.kubeconfig(&user);
    let refused = words(&door.keeps_out().await);
    assert!(refused.contains("plugin") && refused.contains("exit code 3") && refused.contains("is over"), "{refused}");
    assert!(!refused.contains("hunter"), "{refused}");
    door.kubeconfig(&door.plugin("echo token: hunter2"));
    let refused = words(&door.keeps_out().await);
    assert!(refused.contains("printed no credentials") && !refused.contains("hunter"), "{refused}");
    let exec = |name: &str| {
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": name,
        "installHint": "brew install cloud-login", "interactiveMode": "IfAvailable"}})
    };
    door.kubeconfig(&exec("backout-no-such-login"));
    let refused = words(&door.keeps_out().await);
    assert!(refused.contains("`backout-no-such-login`") && refused.contains("brew install cloud-login"), "{refused}");
    let mut always = door.plugin("exit 1");
    always["exec"]["interactiveMode"] = json!("Always");
    door.kubeconfig(&always);
    assert!(words(&door.keeps_out().await).contains("terminal"));
}

#[tokio::test]
async fn whom_to_act_as_comes_from_the_configuration_and_the_kubeconfig() {
    let Some(door) = Door::new("whom_to_act_as_comes_from_the_configuration_and_the_kubeconfig") else { return };
    door.token("t-ann", Some("ann"));
    let seen = || {
        let mut all: Vec<_> = door
            .double
            .requests()
            .into_iter()
            .map(|request| {
                (request.impersonated.unwrap_or_default(), request.impersonated_groups, request.impersonated_uid)
            })
            .collect();
        all.dedup();
        door.double.forget_requests();
        all
    };
    let owned = |groups: &[&str]| groups.iter().map(|group| (*group).to_owned()).collect::<Vec<_>>();
    door.kubeconfig(&json!({"token": "t-ann"}));
    let access = ClusterAccess {
        impersonate: Some("deployer".to_owned()),
        impersonate_groups: owned(&["a", "b"]),
        impersonate_uid: Some("7".to_owned()),
        ..ClusterAccess::default()
    };
    let flags = ["--as=deployer", "--as-group=a", "--as-group=b", "--as-uid=7"];
    let (ours, theirs) = door.asked_as(access, &flags).await;
    assert!(ours.is_ok() && theirs.is_ok(), "{ours:?} {theirs:?}");
    assert_eq!(seen(), [("deployer".to_owned(), owned(&["a", "b"]), Some("7".to_owned()))]);
    door.kubeconfig(&json!({"token": "t-ann", "as": "robot", "as-groups": ["c"], "as-uid": "8"}));
    door.lets_in("ann").await;
    assert_eq!(seen(), [("robot".to_owned(), owned(&["c"]), Some("8".to_owned()))]);
    door.kubeconfig(&json!({"token": "t-ann"}));
    let access = ClusterAccess { impersonate_groups: owned(&["a"]), ..ClusterAccess::default() };
    let (ours, theirs) = door.asked_as(access, &["--as-group=a"]).await;
    assert!(!theirs.is_ok() && words(&ours.unwrap_err()).contains("`as: USER`"), "{theirs:?}");
}

#[tokio::test]
async fn what_is_forbidden_names_the_check_that_tells_what_is_missing() {
    let Some(door) = Door::new("what_is_forbidden_names_the_check_that_tells_what_is_missing") else { return };
    door.token("t-ann", Some("ann"));
    door.kubeconfig(&json!({"token": "t-ann"}));
    door.double.deny("list", "pods", "shop");
    let Seen::Unknown { why } = door.platform().observe(&[web()]).await.remove(0).seen else { panic!() };
    assert!(why.contains("User \"ann\" cannot list resource \"pods\""), "{why}");
    let capture = door.platform();
    let blobs = backout_testkit::world::MemoryBlobs::default();
    let id = backout_core::id::CheckpointId::mint(backout_core::port::Clock::now(&WallClock), 1);
    let refused = capture.capture(&[web()], &id, &blobs).await.map(|_| ()).unwrap_err();
    assert!(words(&refused).contains("`backout check`"), "{refused:?}");
    assert!(door.clients.kubectl(&["get", "pods"]).stderr.contains("User \"ann\" cannot list resource \"pods\""));
}

#[tokio::test]
async fn the_proxy_of_the_kubeconfig_is_gone_through() {
    let Some(door) = Door::new("the_proxy_of_the_kubeconfig_is_gone_through") else { return };
    door.token("t-ann", Some("ann"));
    let proxy = Proxy::start();
    let authority = door.double.authority().unwrap();
    door.kubeconfig_of(
        &json!({"certificate-authority": authority, "proxy-url": proxy.url()}),
        &json!({"token": "t-ann"}),
    );
    found(&door.cluster(ClusterAccess::default())).await.unwrap();
    assert!(proxy.tunnels() > 0);
    let before = proxy.tunnels();
    assert!(door.clients.kubectl(&["get", "deployments"]).is_ok() && proxy.tunnels() > before);
    let nowhere = json!({"certificate-authority": authority, "proxy-url": "http://me:hunter2@127.0.0.1:1"});
    door.kubeconfig_of(&nowhere, &json!({"token": "t-ann"}));
    let refused = words(&door.keeps_out().await);
    assert!(refused.contains("could not be listed") && !refused.contains("hunter2"), "{refused}");
}
