//! A real Compose project with the adapter on it, and a memory for what it captures.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::ToSocketAddrs as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_adapters::compose::{ComposeOptions, ComposePlatform, DockerOptions};
use backout_core::id::{CheckpointId, Digest, ServiceName};
use backout_core::inventory::{Artifact, BlobRef, Instance, Running, Seen, Version};
use backout_core::plan::{Switch, SwitchOrder};
use backout_core::port::{Blobs, Captured, Clock, Pending, Platform, PortError, Preflight};
use backout_testkit::docker::Project;
use jiff::Timestamp;

/// The wall clock: containers live in real time.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "containers live in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Blobs in memory.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Blobs for Memory {
    fn put<'a>(&'a self, content: &'a [u8]) -> Pending<'a, Result<BlobRef, PortError>> {
        let blob = BlobRef { digest: self.digest(content), bytes: content.len() as u64 };
        self.0.lock().unwrap().insert(blob.digest.to_string(), content.to_vec());
        Box::pin(async { Ok(blob) })
    }

    fn get<'a>(&'a self, blob: &'a BlobRef) -> Pending<'a, Result<Vec<u8>, PortError>> {
        let content = self.0.lock().unwrap().get(blob.digest.as_str()).cloned();
        Box::pin(async { content.ok_or_else(|| PortError::new("no such blob")) })
    }

    fn digest(&self, content: &[u8]) -> Digest {
        Digest::keyed(&[7; 32], content)
    }
}

/// A project, the adapter on it, and the checkpoint that the test takes.
pub(crate) struct World {
    pub(crate) project: Project,
    pub(crate) platform: ComposePlatform,
    pub(crate) blobs: Memory,
    pub(crate) checkpoint: CheckpointId,
}

pub(crate) fn service(name: &str) -> ServiceName {
    ServiceName::new(name).unwrap()
}

/// The environment of the test, which finds `docker` and its plugins.
#[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
pub(crate) fn environment() -> Environment {
    std::env::vars_os().collect()
}

pub(crate) fn options(project: &Project, services: &[&str]) -> ComposeOptions {
    ComposeOptions {
        project: Some(project.name().to_owned()),
        folder: project.folder().to_path_buf(),
        files: Vec::new(),
        env_files: Vec::new(),
        profiles: Vec::new(),
        services: services.iter().map(|name| (service(name), (*name).to_owned())).collect(),
        docker: DockerOptions::from_environment(environment()),
    }
}

/// A world for the test of that name; `None` where Docker cannot be had.
pub(crate) fn world(test: &str, services: &[&str]) -> Option<World> {
    let project = Project::start(test)?;
    let platform = ComposePlatform::new(options(&project, services), Arc::new(WallClock));
    let checkpoint = CheckpointId::new(&format!("cp-20261121-031502-{}", project.name())).unwrap();
    Some(World { project, platform, blobs: Memory::default(), checkpoint })
}

impl World {
    /// What runs of a service; panics unless it is there.
    pub(crate) async fn running(&self, name: &str) -> Running {
        let facts = self.platform.observe(&[service(name)]).await;
        match &facts[0].seen {
            Seen::Present(running) => running.clone(),
            other => panic!("{name} is {other:?}"),
        }
    }

    pub(crate) async fn version(&self, name: &str) -> Version {
        let running = self.running(name).await;
        running.version().cloned().unwrap_or_else(|| panic!("several versions: {running:?}"))
    }

    /// The only instance of a service.
    pub(crate) async fn instance(&self, name: &str) -> Instance {
        let running = self.running(name).await;
        assert_eq!(running.instances.len(), 1, "{running:?}");
        running.instances[0].clone()
    }

    pub(crate) async fn capture(&self, services: &[&str]) -> Captured {
        let services: Vec<ServiceName> = services.iter().map(|name| service(name)).collect();
        self.platform.capture(&services, &self.checkpoint, &self.blobs).await.unwrap()
    }

    /// The artifact of the only service.
    pub(crate) async fn captured(&self, name: &str) -> Artifact {
        let captured = self.capture(&[name]).await;
        assert_eq!(captured.artifacts.len(), 1, "{captured:?}");
        captured.artifacts[0].clone()
    }

    pub(crate) async fn preflight(&self, artifact: &Artifact) -> Preflight {
        self.platform.preflight(artifact, &self.blobs).await
    }

    /// Goes back to an artifact.
    pub(crate) async fn switch(&self, to: &Artifact, order: SwitchOrder) -> Result<(), PortError> {
        let from = self.platform.observe(std::slice::from_ref(&to.service)).await;
        let from = match &from[0].seen {
            Seen::Present(running) => running.version().cloned(),
            Seen::Absent | Seen::Unknown { .. } => None,
        };
        let (to, files) = (to.clone(), Vec::new());
        let switch = Switch { from, from_label: None, to, files, order, grace_ms: 1000, only: None };
        self.platform.switch(&switch, &self.blobs).await
    }
}

/// The body that an HTTP server on this machine answers with; `None` where it does not answer.
pub(crate) fn get(host: &str, port: u16, path: &str) -> Option<String> {
    let address = (host, port).to_socket_addrs().ok()?.next()?;
    let mut stream = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

/// Waits until something holds, for at most ten seconds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let look = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), look).await.is_ok(), "{what} did not come true");
}
