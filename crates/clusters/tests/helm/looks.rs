//! Looking: what is seen, told, noted and kept.

use std::sync::{Arc, Mutex};

use backout_core::inventory::Seen;
use backout_core::port::{Platform, PlatformEvent};
use backout_testkit::kube::Generation;
use serde_json::json;

use super::ground::{Ground, SOON, service_name};

#[tokio::test(flavor = "multi_thread")]
async fn looking_again_costs_no_request() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::no_request", generation) else { return };
        assert_eq!(ground.fact().await.seen, Seen::Absent);
        ground.deployed("install", "tag=1", &["--wait"]);
        let running = ground.sees(|running| running.is_well() && running.busy.is_none()).await;
        assert_eq!(running.label, "shop-1.4.2 (2.0), revision 1");
        assert_eq!((running.wanted, running.instances.len()), (2, 2));
        assert!(running.version().unwrap().code.starts_with("blake3:"));
        ground.double.forget_requests();
        for _ in 0..20 {
            ground.fact().await;
        }
        // A watch is asked for again after a minute, or at once after its list.
        let asked = ground.double.requests().into_iter().filter(|request| request.verb != "watch");
        assert_eq!(asked.count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_in_config_maps_are_not_taken_for_no_release() {
    let Some(ground) = Ground::new("helm::config_maps", Generation::Helm4) else { return };
    let record = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sh.helm.release.v1.shop.v1",
        "namespace": "default", "labels": {"owner": "helm", "name": "shop", "version": "1", "status": "deployed"}}});
    ground.double.apply(&record).unwrap();
    let Seen::Unknown { why } = ground.fact().await.seen else { panic!("seen") };
    assert!(why.contains("its records are in ConfigMaps"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_and_which_hooks_run_is_said_before() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::notes", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        ground.deployed("upgrade", "tag=2,db.password=swordfish", &["--wait"]);
        let notes = ground.platform.notes(&good, &ground.blobs).await;
        assert_eq!(notes[..2], ["value db.password: (hidden) -> (hidden)", "value tag: 2 -> 1"]);
        assert!(notes[2].starts_with("hook `ConfigMap/shop-gone-back` will run (post-rollback)"), "{notes:#?}");
        assert!(
            notes[3].starts_with("hook `ConfigMap/shop-migrated` will not run (pre-upgrade, pre-install)"),
            "{notes:#?}"
        );
        assert_eq!(notes.len(), 4);
        let labels = "helm.toolkit.fluxcd.io/name=shop helm.toolkit.fluxcd.io/namespace=flux-system";
        let words: Vec<&str> = ["label", "deployment", "shop-web"].into_iter().chain(labels.split(' ')).collect();
        drop(ground.clients.kubectl(&words).ok());
        let warned = async {
            while !ground
                .platform
                .notes(&good, &ground.blobs)
                .await
                .iter()
                .any(|note| note.contains("flux suspend helmrelease shop"))
            {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, warned).await.unwrap();

        ground.switch(&good).await.unwrap();
        let tag = |hook: &str| {
            ground.double.object("v1", "ConfigMap", "default", hook).map(|hook| hook["data"]["tag"].clone())
        };
        assert_eq!(tag("shop-gone-back"), Some(json!("1")), "it ran, as the older revision has it");
        assert_eq!(tag("shop-migrated"), Some(json!("2")), "it did not run");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_says_what_went_wrong_and_no_secret() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::evidence", generation) else { return };
        ground.deployed("install", "tag=1,db.password=swordfish", &["--wait"]);
        ground.deployed("upgrade", "tag=2-crash,db.password=swordfish", &[]);
        ground.sees(|running| running.trouble.as_ref().is_some_and(|it| it.what.contains("CrashLoopBackOff"))).await;
        let all = ground.platform.evidence(&service_name()).await;
        let text = |name: &str| {
            let found = all.iter().find(|file| file.name == name);
            let found = found.unwrap_or_else(|| panic!("{:?}", all.iter().map(|file| &file.name).collect::<Vec<_>>()));
            String::from_utf8(found.content.clone()).unwrap()
        };
        assert!(text("shop.history.txt").contains("revision 2, deployed: Upgrade complete"));
        assert!(text("shop.values.json").contains("\"password\": \"(hidden)\""));
        assert!(text("shop.manifest.yaml").contains("image: \"shop/web:2-crash\""));
        assert!(text("shop.hooks.txt").contains("ConfigMap/shop-gone-back: post-rollback"));
        assert!(all.iter().any(|file| file.name.ends_with(".app.log")));
        assert!(all.iter().any(|file| file.name.ends_with(".app.previous.log")));
        let shown: String = all.iter().map(|file| String::from_utf8_lossy(&file.content)).collect();
        assert!(!shown.contains("swordfish") && !shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_is_told_as_it_happens() {
    let Some(ground) = Ground::new("helm::events", Generation::Helm4) else { return };
    ground.deployed("install", "tag=1", &["--wait"]);
    ground.captured().await;
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let (platform, sink) = (Arc::clone(&ground.platform), Arc::clone(&told));
    let following = tokio::spawn(async move {
        let keep = move |event: PlatformEvent| match event {
            PlatformEvent::Moved { what, .. } => sink.lock().unwrap().push(what),
            PlatformEvent::Lost { why } => sink.lock().unwrap().push(format!("lost: {why}")),
        };
        platform.events(Box::new(keep)).await;
    });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    ground.deployed("upgrade", "tag=2-missing", &[]);
    let is_told = |words: &str| told.lock().unwrap().iter().any(|what| what.contains(words));
    assert!(ground.double.eventually(SOON, |_| is_told("ImagePullBackOff")), "{told:?}");
    assert!(is_told("the release is shop-1.4.2 (2.0), revision 2"), "{told:?}");
    following.abort();
}
