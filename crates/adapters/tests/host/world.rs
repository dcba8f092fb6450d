//! A folder, a clock and an environment for host services that are real: git, processes, links.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backout_adapters::command::Environment;
use backout_adapters::host::{HostOptions, HostPlatform};
use backout_adapters::secret::Secrets;
use backout_core::config::{GitMode, HostManage, HostService, HostSource};
use backout_core::id::{CheckpointId, Digest, ServiceName};
use backout_core::inventory::{Artifact, BlobRef, Fact, InstanceState, Running, Seen};
use backout_core::plan::{Switch, SwitchOrder};
use backout_core::port::{Blobs, Clock, Pending, Platform, PortError};
use jiff::Timestamp;

/// The wall clock.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "real processes live in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
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

/// One service in a folder of its own.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) platform: HostPlatform,
    pub(crate) service: ServiceName,
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(crate) fn supervised(run: &[&str]) -> HostManage {
    HostManage::Supervised { run: words(run), env: BTreeMap::new() }
}

pub(crate) fn checkpoint(name: &str) -> CheckpointId {
    CheckpointId::new(name).unwrap()
}

/// The binary of this test plays the supervising program: see `supervising_process` in `host.rs`.
fn supervisor() -> Vec<String> {
    let test = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let place = std::env::current_exe().unwrap().parent().unwrap().join("supervising-double.sh");
    if !place.exists() {
        let script = "#!/bin/sh\nexe=$1; export SUPERVISE_OPTIONS=\"$2\"; exec \"$exe\" --exact supervising_process --nocapture\n";
        let partial = place.with_extension(std::process::id().to_string());
        put(&partial, script);
        fs::rename(&partial, &place).unwrap();
    }
    words(&["/bin/sh", place.to_str().unwrap(), &test])
}

#[expect(clippy::disallowed_methods, reason = "a test's own files need not survive a power cut")]
pub(crate) fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the test drives real programs beside the ones under test")]
pub(crate) fn spawn(program: &str, arguments: &[&str]) -> Child {
    Process::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl World {
    pub(crate) fn new(
        source: impl FnOnce(String) -> HostSource,
        build: Option<&[&str]>,
        manage: impl FnOnce(&Path) -> HostManage,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("srv").to_str().unwrap().to_owned();
        fs::create_dir_all(&root).unwrap();
        let service = ServiceName::new("app").unwrap();
        let build = build.map(words);
        let configured = HostService { source: source(root), build, manage: manage(folder.path()) };
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.path().join("bin").display());
        let environment: Environment = [("PATH", path.as_str()), ("HOME", folder.path().to_str().unwrap())]
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let options = HostOptions {
            secrets: Arc::new(Secrets::new(environment.clone(), folder.path())),
            environment,
            folder: folder.path().join("state"),
            supervisor: supervisor(),
            is_bus_used: false,
            clock: Arc::new(WallClock),
        };
        let platform = HostPlatform::new(&BTreeMap::from([(service.clone(), configured)]), options);
        Self { folder, platform, service }
    }

    /// Release folders `1` and `2`, with `current` on 1.
    pub(crate) fn releases(run: &[&str]) -> Self {
        let world = Self::new(|root| HostSource::Releases { root }, None, |_| supervised(run));
        for id in ["1", "2"] {
            put(&world.root().join("releases").join(id).join("app.txt"), id);
        }
        symlink("releases/1", world.root().join("current")).unwrap();
        world
    }

    /// A git work tree with one commit.
    pub(crate) fn git(mode: GitMode, build: Option<&[&str]>, manage: HostManage) -> Self {
        let world = Self::new(|root| HostSource::Git { root, branch: None, mode }, build, |_| manage);
        world.run_git(&["init", "--quiet", "--initial-branch=main"]);
        world.run_git(&["config", "user.name", "Tester"]);
        world.run_git(&["config", "user.email", "tester@localhost"]);
        world.commit("one");
        world
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("srv")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Moves `current` as a deploy script does.
    pub(crate) fn deploy(&self, id: &str) {
        symlink(Path::new("releases").join(id), self.root().join("new")).unwrap();
        fs::rename(self.root().join("new"), self.root().join("current")).unwrap();
    }

    #[expect(clippy::disallowed_methods, reason = "the test drives real programs beside the ones under test")]
    pub(crate) fn run_git(&self, arguments: &[&str]) -> String {
        let output = Process::new("git")
            .arg("-C")
            .arg(self.root())
            .args(arguments)
            .env_clear()
            .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/nonexistent")])
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Commits a new content of `app.txt`, and returns the commit's id.
    pub(crate) fn commit(&self, content: &str) -> String {
        put(&self.root().join("app.txt"), content);
        self.run_git(&["add", "--all"]);
        self.run_git(&["commit", "--quiet", "--message", content]);
        self.run_git(&["rev-parse", "HEAD"])
    }

    pub(crate) async fn restart(&self) {
        self.platform.restart(&self.service, Some(5_000)).await.unwrap();
    }

    pub(crate) async fn fact(&self) -> Fact {
        self.platform.observe(std::slice::from_ref(&self.service)).await.pop().unwrap()
    }

    pub(crate) async fn running(&self) -> Running {
        match self.fact().await.seen {
            Seen::Present(running) => running,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn code(&self) -> String {
        self.running().await.version().unwrap().code.clone()
    }

    pub(crate) async fn state(&self) -> InstanceState {
        self.running().await.instances[0].state
    }

    pub(crate) async fn pid(&self) -> u32 {
        self.running().await.instances[0].id.parse().unwrap()
    }

    pub(crate) async fn capture(&self, name: &str) -> Artifact {
        let services = std::slice::from_ref(&self.service);
        let captured = self.platform.capture(services, &checkpoint(name), &NoBlobs).await.unwrap();
        captured.artifacts.into_iter().next().unwrap()
    }

    pub(crate) async fn go_back(&self, to: &Artifact) -> Result<(), PortError> {
        let switch = Switch {
            from: None,
            from_label: None,
            to: to.clone(),
            files: Vec::new(),
            order: SwitchOrder::StopFirst,
            grace_ms: 3000,
            only: None,
        };
        self.platform.switch(&switch, &NoBlobs).await
    }

    /// Ends what the test left running.
    pub(crate) async fn end(self) {
        self.platform.stop(&self.service, 0).await.unwrap();
    }
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
