//! What breaks a service in a process of its own, as `backout` does it: only once the journal names that process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use backout_core::id::RunId;
use backout_core::journal::{DeployExit, Drill};
use backout_core::port::{Deployer, Pending, PortError};
use backout_engine::{World, await_turn};
use backout_testkit::world::{Fuse, MemoryPlatform};
use tokio::sync::watch;

use crate::scenario::{Scenario, seconds, service};

/// Breaks `app`. Clones are the same process.
#[derive(Clone)]
pub(super) struct Saboteur {
    world: World,
    run: RunId,
    platform: MemoryPlatform,
    fuse: Fuse,
    is_own: bool,
    started: Arc<Mutex<BTreeMap<u32, watch::Receiver<bool>>>>,
}

impl Saboteur {
    pub(super) fn new(scenario: &Scenario, run: RunId) -> Self {
        let (platform, fuse) = (scenario.platform.clone(), scenario.fuse.clone());
        Self { world: scenario.another_world(), run, platform, fuse, is_own: true, started: Arc::default() }
    }

    pub(super) fn of_another_process(&self) -> Self {
        Self { is_own: false, ..self.clone() }
    }

    fn spawn(&self) -> u32 {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = 100 + u32::try_from(started.len()).unwrap();
        let (tell, exit) = watch::channel(false);
        started.insert(pid, exit);
        let saboteur = self.clone();
        tokio::spawn(async move {
            // It is slow to start: whoever goes on without knowing of it is through by then.
            saboteur.world.clock.sleep(seconds(60)).await;
            if await_turn(&saboteur.world, &saboteur.run, pid).await.is_ok() {
                saboteur.platform.deploy(&service("app"), "app:broken");
            }
            tell.send_replace(true);
            tell.closed().await;
        });
        pid
    }
}

impl Deployer for Saboteur {
    fn start(&self) -> Pending<'_, Result<(u32, u64), PortError>> {
        Box::pin(async move {
            self.fuse.pass("before starting what breaks").await;
            let pid = self.spawn();
            self.fuse.pass("after starting what breaks").await;
            Ok((pid, 1))
        })
    }

    fn wait(&self, pid: u32, _: u64) -> Pending<'_, DeployExit> {
        Box::pin(async move {
            let exit = self.started.lock().unwrap_or_else(PoisonError::into_inner).get(&pid).cloned();
            let Some(mut exit) = exit else { return DeployExit::Unseen };
            exit.wait_for(|ended| *ended).await.unwrap();
            if self.is_own { DeployExit::Code { code: 0 } } else { DeployExit::Unseen }
        })
    }

    fn stop(&self, _: u32, _: u64) -> Pending<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn repair<'a>(&'a self, _: &'a Drill) -> Pending<'a, Result<String, PortError>> {
        Box::pin(async move {
            self.fuse.pass("before repairing").await;
            self.platform.deploy(&service("app"), "app:v1");
            self.fuse.pass("after repairing").await;
            Ok("it runs".to_owned())
        })
    }

    fn arm<'a>(&'a self, _: &'a RunId) -> Pending<'a, Result<u32, PortError>> {
        Box::pin(std::future::ready(Ok(9_000)))
    }
}
