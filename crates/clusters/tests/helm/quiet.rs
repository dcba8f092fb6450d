//! A release that runs nothing for a while, and is not taken away.

use backout_core::inventory::{Artifact, Running};
use backout_core::plan::runs;
use backout_core::port::Platform;
use backout_testkit::kube::Generation;
use serde_json::Value;

use super::ground::{Ground, service_name};

/// The release, quiet.
async fn quiet(ground: &Ground) -> Running {
    ground.platform.quiet(&service_name(), 1_000).await.unwrap();
    assert_eq!(ground.double.objects("v1", "Pod", "default").len(), 0);
    ground.running().await
}

fn ids(ground: &Ground) -> Vec<Value> {
    let id = |version: &str, kind: &str, name: &str| {
        let object = ground.double.object(version, kind, "default", name).unwrap_or_default();
        object["metadata"]["uid"].clone()
    };
    vec![id("v1", "ConfigMap", "shop-settings"), id("v1", "Secret", "shop-db"), id("apps/v1", "Deployment", "shop-web")]
}

fn mark(ground: &Ground) -> Option<String> {
    let web = ground.double.object("apps/v1", "Deployment", "default", "shop-web").unwrap();
    Some(web["metadata"]["annotations"]["backout.dev/stopped"].as_str()?.to_owned())
}

/// Two versions of the release, the second of which runs.
async fn deployed(ground: &Ground, settings: &str) -> (Artifact, Artifact) {
    ground.deployed("install", &format!("tag=1,{settings}"), &["--wait"]);
    if settings == "replicas=0" {
        drop(ground.clients.kubectl(&["scale", "deployment/shop-web", "--replicas=3"]).ok());
        ground.sees(|running| running.is_well() && running.instances.len() == 3).await;
    }
    let good = ground.captured().await;
    ground.deployed("upgrade", &format!("tag=2,{settings}"), &["--wait"]);
    (good, ground.captured().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_release_keeps_all_that_it_has_and_goes_back_or_stays() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::quiet", generation) else { return };
        let (good, bad) = deployed(&ground, "replicas=2").await;
        let had = ids(&ground);
        let seen = quiet(&ground).await;
        assert_eq!((seen.wanted, seen.instances.len()), (2, 0));
        assert!(!runs(&good, &seen) && !runs(&bad, &seen), "{seen:#?}");
        assert!(seen.trouble.is_some_and(|it| it.what.contains("still scaled to zero (it had 2)")));
        assert_eq!(quiet(&ground).await.wanted, 2, "a second time changes nothing");

        // What it was quiet for came to nothing.
        ground.switch(&bad).await.unwrap();
        ground.arrives(&bad).await;
        assert_eq!((ground.history().len(), mark(&ground)), (2, None), "`helm` need not be run for that");

        quiet(&ground).await;
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        assert_eq!((ground.image().as_str(), mark(&ground)), ("shop/web:1", None));
        assert_eq!(ids(&ground), had, "nothing was taken away and made again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_that_no_chart_counts_come_back_as_many_as_they_were() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::quiet_autoscaled", generation) else { return };
        let (good, bad) = deployed(&ground, "replicas=0").await;
        assert_eq!(quiet(&ground).await.wanted, 3);
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        assert_eq!((ground.running().await.instances.len(), mark(&ground)), (3, None));

        // Somebody ended between `helm` and having it run again.
        ground.switch(&bad).await.unwrap();
        quiet(&ground).await;
        let revision = ground.history().iter().find(|it| it.2 == "Rollback to 1").unwrap().0.to_string();
        drop(ground.clients.helm(&["rollback", "shop", &revision]).ok());
        let seen = ground.sees(|running| running.label.contains("revision 5")).await;
        assert!(!runs(&good, &seen), "{seen:#?}");
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        assert_eq!((ground.running().await.instances.len(), ground.history().len()), (3, 5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_runs_again_and_still_bears_the_mark_is_not_yet_there() {
    let Some(ground) = Ground::new("helm::quiet_marked", Generation::Helm3) else { return };
    let (good, _) = deployed(&ground, "replicas=2").await;
    quiet(&ground).await;
    drop(ground.clients.helm(&["rollback", "shop", "1", "--wait"]).ok());
    let seen =
        ground.sees(|running| running.instances.len() == 2 && running.instances.iter().all(|it| it.is_well())).await;
    assert!(!runs(&good, &seen), "{seen:#?}");
    ground.switch(&good).await.unwrap();
    ground.arrives(&good).await;
    assert_eq!((mark(&ground), ground.history().len()), (None, 3), "`helm` need not be run for that");
}
