//! Releases that a client left in the middle.

use std::process::Child;
use std::sync::Arc;

use backout_kube_double::{Behaviour, Fault, FaultKind};
use backout_testkit::kube::Generation;

use super::ground::{Ground, SOON, switch};

fn kill(mut helm: Child) {
    helm.kill().unwrap();
    helm.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_was_killed_is_repaired() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::killed_upgrade", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        let helm =
            ground.spawn(&["upgrade", "shop", "CHART", "--set", "tag=2-never-ready", "--wait", "--timeout", "60s"]);
        ground.waits_for(2, "pending-upgrade");
        kill(helm);
        let busy = ground.sees(|running| running.busy.is_some()).await.busy.unwrap();
        assert_eq!(busy.what, "`helm upgrade` of revision 2 has not ended (pending-upgrade)");
        assert!(busy.since.is_some());
        let refused = ground.deploy("upgrade", "tag=3", &[]);
        assert!(refused.stderr.contains("another operation"), "{}", refused.stderr);

        // Somebody else writes at the same moment: it is looked at again.
        let crossed = FaultKind::Answer { code: 409, retry_after: None };
        ground.double.fault(Fault::new("update", "/secrets/sh.helm", 2, crossed));
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        let history = ground.history();
        assert_eq!((history[1].0, history[1].1.as_str()), (2, "failed"));
        assert!(history[1].2.contains("`helm upgrade` did not end"), "{history:?}");
        ground.deployed("upgrade", "tag=3", &["--wait"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_was_killed_is_repaired() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::killed_rollback", generation) else { return };
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        ground.deployed("upgrade", "tag=2", &["--wait"]);
        ground.double.image("shop/web:1", Behaviour::NeverReady);
        let helm = ground.spawn(&["rollback", "shop", "1", "--wait", "--timeout", "60s"]);
        ground.waits_for(3, "pending-rollback");
        kill(helm);
        ground.double.image("shop/web:1", Behaviour::Ready);
        ground.double.become_behaviour("default", "shop-web", Behaviour::Ready);
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
        let statuses: Vec<String> = ground.history().into_iter().map(|(_, status, _)| status).collect();
        assert_eq!(statuses, ["superseded", "superseded", "failed", "deployed"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_is_let_go_of_leaves_no_release_stuck() {
    for generation in Generation::BOTH {
        let Some(ground) = Ground::new("helm::let_go_of", generation) else { return };
        let ground = Arc::new(ground);
        ground.deployed("install", "tag=1", &["--wait"]);
        let good = ground.captured().await;
        ground.deployed("upgrade", "tag=2", &["--wait"]);
        ground.double.image("shop/web:1", Behaviour::NeverReady);
        let way = {
            let (ground, good) = (Arc::clone(&ground), good.clone());
            tokio::spawn(async move {
                backout_core::port::Platform::switch(ground.platform.as_ref(), &switch(&good), &ground.blobs).await
            })
        };
        ground.waits_for(3, "pending-rollback");
        way.abort();
        assert!(ground.double.eventually(SOON, |_| ground.label(3).as_deref() == Some("failed")));
        let newest = ground.history().pop().unwrap();
        assert!(newest.2.contains("was ended before it was done"), "{newest:?}");

        ground.double.image("shop/web:1", Behaviour::Ready);
        ground.double.become_behaviour("default", "shop-web", Behaviour::Ready);
        ground.switch(&good).await.unwrap();
        ground.arrives(&good).await;
    }
}
