//! A service of units in release folders, on whichever side of the machine's wall the test runs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backout_adapters::command::Environment;
use backout_adapters::host::{HostOptions, HostPlatform};
use backout_adapters::secret::Secrets;
use backout_core::config::{HostManage, HostService, HostSource};
use backout_core::id::{CheckpointId, Digest, ServiceName};
use backout_core::inventory::{Artifact, BlobRef, InstanceState, Running, Seen};
use backout_core::plan::{Switch, SwitchOrder};
use backout_core::port::{Blobs, Clock, Pending, Platform, PortError};
use jiff::Timestamp;

/// The unit of most tests.
pub(crate) const UNIT: &str = "app.service";
/// How long the tests give a unit to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// How systemd is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Bus,
    Systemctl,
}

/// The wall clock, on which a pause may never end: what comes about then was told and not found out.
struct WallClock {
    is_patient: bool,
}

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "real processes live in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        match self.is_patient {
            true => Box::pin(std::future::pending()),
            false => Box::pin(tokio::time::sleep(duration)),
        }
    }
}

/// Host services keep nothing in blobs.
pub(crate) struct NoBlobs;

impl Blobs for NoBlobs {
    fn put<'a>(&'a self, _: &'a [u8]) -> Pending<'a, Result<BlobRef, PortError>> {
        Box::pin(async { Err(PortError::new("no blobs here")) })
    }

    fn get<'a>(&'a self, _: &'a BlobRef) -> Pending<'a, Result<Vec<u8>, PortError>> {
        Box::pin(async { Err(PortError::new("no blobs here")) })
    }

    fn digest(&self, content: &[u8]) -> Digest {
        Digest::of(content)
    }
}

/// One service, and the folder that both sides see.
pub(crate) struct World {
    folder: PathBuf,
    environment: Environment,
    way: Way,
    pub(crate) platform: HostPlatform,
    pub(crate) service: ServiceName,
}

impl World {
    /// Release folders `1` and `2`, with `current` on 1, and no unit yet.
    pub(crate) fn new(folder: &Path, way: Way, variables: &[(&str, &str)]) -> Self {
        let mut environment: Environment = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/root")]
            .iter()
            .chain(variables)
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        environment.retain(|_, value| !value.is_empty());
        let service = ServiceName::new("app").unwrap();
        let platform = platform(folder, &environment, way, false);
        let world = Self { folder: folder.to_owned(), environment, way, platform, service };
        for id in ["1", "2"] {
            let release = world.root().join("releases").join(id);
            put(&release.join("app.txt"), id);
        }
        symlink("releases/1", world.root().join("current")).unwrap();
        world
    }

    /// The same service on a clock on which no pause ends.
    pub(crate) fn patient(&self) -> HostPlatform {
        platform(&self.folder, &self.environment, self.way, true)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("srv")
    }

    /// Makes a unit, and has systemd read it. `{root}` is the service's folder.
    pub(crate) fn unit(&self, name: &str, service: &str) {
        let lines = service.replace("{root}", self.root().to_str().unwrap());
        put(&self.folder.join("units").join(name), &format!("[Service]\n{lines}\n"));
        self.systemctl(&["daemon-reload"]);
    }

    /// Runs `systemctl` as a person would, and returns what it printed.
    #[expect(clippy::disallowed_methods, reason = "the test drives real programs beside the ones under test")]
    pub(crate) fn systemctl(&self, words: &[&str]) -> String {
        let output = Process::new("systemctl").args(words).env_clear().envs(&self.environment).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap().trim_end().to_owned()
    }

    /// One property of the unit, as `systemctl` says it.
    pub(crate) fn property(&self, name: &str) -> String {
        self.systemctl(&["show", "--value", "--property", name, UNIT])
    }

    /// Moves `current` as a deploy script does.
    pub(crate) fn deploy(&self, id: &str) {
        symlink(Path::new("releases").join(id), self.root().join("new")).unwrap();
        fs::rename(self.root().join("new"), self.root().join("current")).unwrap();
    }

    pub(crate) async fn restart(&self) -> Result<(), PortError> {
        self.platform.restart(&self.service, Some(5_000)).await
    }

    pub(crate) async fn stop(&self, grace: Duration) -> Result<(), PortError> {
        self.platform.stop(&self.service, u64::try_from(grace.as_millis()).unwrap()).await
    }

    pub(crate) async fn seen(&self) -> Seen {
        self.platform.observe(std::slice::from_ref(&self.service)).await.pop().unwrap().seen
    }

    pub(crate) async fn running(&self) -> Running {
        match self.seen().await {
            Seen::Present(running) => running,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn state(&self) -> InstanceState {
        self.running().await.instances[0].state
    }

    pub(crate) async fn code(&self) -> String {
        self.running().await.instances[0].version.code.clone()
    }

    pub(crate) async fn capture(&self) -> Artifact {
        let services = std::slice::from_ref(&self.service);
        let checkpoint = CheckpointId::new("cp-1").unwrap();
        let captured = self.platform.capture(services, &checkpoint, &NoBlobs).await.unwrap();
        captured.artifacts.into_iter().next().unwrap()
    }

    pub(crate) async fn go_back(&self, to: &Artifact) -> Result<(), PortError> {
        let order = SwitchOrder::StopFirst;
        let (to, files) = (to.clone(), Vec::new());
        let switch = Switch { from: None, from_label: None, to, files, order, grace_ms: 3000, only: None };
        self.platform.switch(&switch, &NoBlobs).await
    }
}

fn platform(folder: &Path, environment: &Environment, way: Way, is_patient: bool) -> HostPlatform {
    // Nothing steps in for the bus unseen.
    let mut environment = environment.clone();
    if way == Way::Bus {
        environment.insert("PATH".into(), "/nonexistent".into());
    }
    let source = HostSource::Releases { root: folder.join("srv").to_str().unwrap().to_owned() };
    let manage = HostManage::Units(vec![UNIT.to_owned()]);
    let configured = HostService { source, build: None, manage };
    let options = HostOptions {
        secrets: Arc::new(Secrets::new(environment.clone(), folder)),
        environment,
        folder: folder.join("state"),
        supervisor: Vec::new(),
        is_bus_used: way == Way::Bus,
        clock: Arc::new(WallClock { is_patient }),
    };
    HostPlatform::new(&BTreeMap::from([(ServiceName::new("app").unwrap(), configured)]), options)
}

#[expect(clippy::disallowed_methods, reason = "a test's own files need not survive a power cut")]
pub(crate) fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Waits until something holds, and returns how long that took.
#[expect(clippy::disallowed_methods, reason = "the test measures real time")]
pub(crate) async fn until(limit: Duration, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < limit, "it did not come about within {limit:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    start.elapsed()
}
