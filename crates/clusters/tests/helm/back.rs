//! Going back.

use backout_core::port::{Platform, Preflight};
use backout_kube_double::Behaviour;
use backout_testkit::kube::Generation;

use super::ground::{Ground, SOON, service_name, switch};

#[tokio::test(flavor = "multi_thread")]
async fn the_good_revision_is_chosen_although_current_minus_one_has_failed() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::the_good_revision_is_chosen", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        for tag in ["tag=2-missing", "tag=3-missing"] {
            assert!(!ground.deploy("upgrade", tag, &["--wait", "--timeout", "2s"]).is_ok());
        }
        let bad = ground.sees(|running| running.label.ends_with("revision 3, failed")).await;
        assert!(bad.trouble.is_some() && bad.version() != Some(&good.version), "{bad:#?}");
        assert_eq!(ground.platform.preflight(&good, &ground.blobs).await, Preflight::Present);

        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        assert_eq!(ground.image(), "shop/web:1");
        let history = ground.history();
        assert_eq!(history.last().unwrap(), &(4, "deployed".to_owned(), "Rollback to 1".to_owned()));

        // Done is done: the same again runs nothing.
        ground.switch(&good).await.unwrap();
        assert_eq!(ground.history(), history);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_helm_has_forgotten_is_put_back() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::a_forgotten_revision", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        for tag in ["tag=2", "tag=3", "tag=4"] {
            ground.deployed("upgrade", tag, &["--wait", "--history-max", "2"]);
        }
        assert_eq!(ground.label(1), None, "helm has forgotten it");
        assert_eq!(ground.platform.preflight(&good, &ground.blobs).await, Preflight::Present);
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        assert_eq!(ground.history().last().unwrap().2, "Rollback to 1");
        assert_eq!(ground.label(1).as_deref(), Some("superseded"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_installed_anew_goes_back_and_leaves_nothing_of_the_new_one() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::installed_anew", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        drop(ground.clients.helm(&["uninstall", "shop", "--wait"]).ok());
        ground.deployed("install", "tag=2,volume=true", &[]);
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        let statuses: Vec<(u64, String)> =
            ground.history().into_iter().map(|(number, status, _)| (number, status)).collect();
        let expected = [(1, "superseded"), (2, "superseded"), (3, "superseded"), (4, "deployed")];
        assert_eq!(statuses, expected.map(|(number, status)| (number, status.to_owned())));
        let claim = || ground.double.object("v1", "PersistentVolumeClaim", "default", "shop-data");
        assert!(ground.double.eventually(SOON, |_| claim().is_none()), "helm removes what only the newer revision has");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_that_do_not_get_to_run_end_the_way_back_early() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::ended_early", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        ground.deployed("upgrade", "tag=2", &["--wait"]);
        ground.double.image("shop/web:1", Behaviour::Missing);
        let error = ground.switch(&good).await.unwrap_err();
        assert!(error.what.contains("ImagePullBackOff") && error.what.contains("was ended"), "{error}");
        let newest = ground.history().pop().unwrap();
        assert_eq!((newest.0, newest.1.as_str()), (3, "failed"), "{newest:?}");

        // The image is there again: the same way back is gone once more.
        ground.double.image("shop/web:1", Behaviour::Ready);
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_of_the_same_revision_are_started_anew_when_that_is_asked() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::started_anew", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        let before = ground.running().await;
        let anew = backout_core::plan::Switch { from: Some(good.version.clone()), ..switch(&good) };
        ground.platform.switch(&anew, &ground.blobs).await.unwrap();
        ground.arrives(&good).await;
        let after = ground.running().await;
        let is_old = |id: &str| before.instances.iter().any(|instance| instance.id == id);
        assert!(after.instances.iter().all(|instance| !is_old(&instance.id)), "{before:#?} {after:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_not_there_is_taken_away_and_can_come_back() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::taken_away", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let present = ground.captured().await;
        ground.platform.stop(&service_name(), 1_000).await.unwrap();
        ground.platform.stop(&service_name(), 1_000).await.unwrap();
        assert_eq!(ground.double.object("apps/v1", "Deployment", "default", "shop-web"), None);
        assert_eq!(ground.label(1), None, "`helm install` finds it as it was before");
        assert_eq!(ground.platform.preflight(&present, &ground.blobs).await, Preflight::Present);
        ground.switch(&present).await.unwrap();
        ground.arrives(&present).await;

        ground.deployed("upgrade", "tag=1,volume=true", &[]);
        let error = ground.platform.stop(&service_name(), 1_000).await.unwrap_err();
        assert!(error.what.contains("`PersistentVolumeClaim/shop-data`, whose data would be lost"), "{error}");
        ground.arrives(&ground.captured().await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_break_the_application_go_back_into_its_pods() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::settings", generation) else { return };
        ground.double.configuration("shop-settings", "greeting", "broken", Behaviour::Crash);
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        // Helm changes the ConfigMap and no pod; those that start from now on break.
        ground.deployed("upgrade", "tag=1,greeting=broken", &["--wait"]);
        for pod in ground.double.objects("v1", "Pod", "default") {
            ground.double.delete("v1", "Pod", "default", pod["metadata"]["name"].as_str().unwrap());
        }
        ground.sees(|running| running.trouble.as_ref().is_some_and(|it| it.what.contains("CrashLoopBackOff"))).await;
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        let restarts: u32 = ground.running().await.instances.iter().map(|instance| instance.restarts).sum();
        assert_eq!(restarts, 0, "they are new");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_by_hand_goes_back_as_well() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::by_hand", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        drop(ground.clients.kubectl(&["set", "image", "deployment/shop-web", "app=shop/web:3"]).ok());
        ground.sees(|running| running.is_well() && running.version().is_some_and(|it| *it != good.version)).await;
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        assert_eq!(ground.image(), "shop/web:1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_ended_before_its_pods_were_made_anew_is_gone_to_its_end() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::half_way", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        ground.deployed("upgrade", "tag=1,greeting=other", &["--wait"]);
        drop(ground.clients.helm(&["rollback", "shop", "1"]).ok());
        ground.arrives(&good).await;
        let before = ground.running().await;
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        let after = ground.running().await;
        let is_old = |id: &str| before.instances.iter().any(|instance| instance.id == id);
        assert!(after.instances.iter().all(|instance| !is_old(&instance.id)), "{before:#?} {after:#?}");
        assert_eq!(ground.history().len(), 3, "helm had done its part");

        ground.switch(&good).await.unwrap();
        assert_eq!(ground.running().await.instances, after.instances, "done is done");
        assert_eq!(ground.history().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_helm_there_is_no_way_back() {
    let Some(ground) = Ground::new("helm::no_helm", Generation::Helm4) else { return };
    ground.deployed("install", "tag=1", &["--wait"]);
    let good = ground.captured().await;
    let without = ground.platform_of("no-such-helm");
    let Preflight::Gone { why } = without.preflight(&good, &ground.blobs).await else { panic!("it is there") };
    assert!(why.contains("`no-such-helm` was not found"), "{why}");
}
