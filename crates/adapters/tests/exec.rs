//! Services behind the user's own commands: the example of `docs/exec-contract.md` as it stands there, and commands that
//! break the contract.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_adapters::exec::{ExecOptions, ExecPlatform};
use backout_core::config::ExecService;
use backout_core::id::{CheckpointId, Digest, ServiceName};
use backout_core::inventory::{BlobRef, Seen};
use backout_core::plan::{Switch, SwitchOrder};
use backout_core::port::{Blobs, Clock, Pending, Platform, PlatformEvent, PortError, Preflight};
use jiff::Timestamp;

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "real processes live in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

struct NoBlobs;

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

#[expect(clippy::disallowed_methods, reason = "a test's own files need not survive a power cut")]
fn put(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
}

struct World {
    folder: tempfile::TempDir,
    platform: ExecPlatform,
    service: ServiceName,
}

fn example() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/exec-contract.md");
    let text = fs::read_to_string(page).unwrap();
    let (_, script) = text.split_once("```sh\n").unwrap();
    script.split_once("```").unwrap().0.to_owned()
}

impl World {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("legacy.sh");
        put(&program, script);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let argv = |command: &str| vec!["./legacy.sh".to_owned(), command.to_owned()];
        let configured = ExecService {
            observe: argv("observe"),
            capture: argv("capture"),
            restore: argv("restore"),
            preflight: Some(argv("preflight")),
            events: Some(argv("events")),
            timeout: Duration::from_secs(1),
        };
        let service = ServiceName::new("legacy").unwrap();
        let options = ExecOptions {
            environment: Environment::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())]),
            folder: folder.path().to_owned(),
            clock: Arc::new(WallClock),
        };
        let platform = ExecPlatform::new(&BTreeMap::from([(service.clone(), configured)]), options);
        Self { folder, platform, service }
    }

    fn live(&self, version: &str) {
        put(&self.folder.path().join("live"), version);
    }

    async fn seen(&self) -> Seen {
        self.platform.observe(std::slice::from_ref(&self.service)).await.pop().unwrap().seen
    }

    async fn code(&self) -> String {
        match self.seen().await {
            Seen::Present(running) => running.version().unwrap().code.clone(),
            other => panic!("{other:?}"),
        }
    }

    async fn why(&self) -> String {
        match self.seen().await {
            Seen::Unknown { why } => why,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_example_of_the_documentation_goes_back_and_proves_it() {
    let world = World::new(&example());
    world.live("v1");
    let services = std::slice::from_ref(&world.service);
    let checkpoint = CheckpointId::new("cp-1").unwrap();
    let captured = world.platform.capture(services, &checkpoint, &NoBlobs).await.unwrap();
    let good = captured.artifacts.into_iter().next().unwrap();
    assert_eq!((good.version.code.as_str(), good.label.as_str()), ("v1", "version v1"));
    world.live("v2");
    assert_eq!(world.code().await, "v2");
    assert_eq!(world.platform.preflight(&good, &NoBlobs).await, Preflight::Present);
    let switch = Switch {
        from: None,
        from_label: None,
        to: good.clone(),
        files: vec![],
        order: SwitchOrder::StopFirst,
        grace_ms: 1000,
        only: None,
    };
    for _ in 0..2 {
        world.platform.switch(&switch, &NoBlobs).await.unwrap();
        assert_eq!(world.code().await, "v1");
    }
    fs::remove_dir_all(world.folder.path().join("kept")).unwrap();
    let Preflight::Gone { why } = world.platform.preflight(&good, &NoBlobs).await else { panic!("not gone") };
    assert_eq!(why, "there is no kept/cp-1");
    assert!(world.platform.switch(&switch, &NoBlobs).await.is_err());
    world.platform.stop(&world.service, 0).await.unwrap();
    assert_eq!(world.seen().await, Seen::Absent);
    let captured = world.platform.capture(services, &checkpoint, &NoBlobs).await.unwrap();
    assert_eq!(captured.absent, services);
}

#[tokio::test]
async fn the_example_of_the_documentation_tells_of_a_change() {
    let world = World::new(&example());
    world.live("v1");
    let (send, events) = mpsc::channel();
    let sink = Box::new(move |event| send.send(event).unwrap());
    let change = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        world.live("v2");
        loop {
            match events.try_recv() {
                Ok(event) => break event,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let event = tokio::select! {
        event = tokio::time::timeout(Duration::from_secs(5), change) => event.unwrap(),
        () = world.platform.events(sink) => panic!("the stream ended"),
    };
    assert!(matches!(event, PlatformEvent::Moved { what, .. } if what == "the service became version v2"));
}

#[tokio::test]
async fn commands_that_break_the_contract_leave_the_service_unknown() {
    for (script, words) in [
        ("#!/bin/sh\necho oops", "it printed `oops`"),
        ("#!/bin/sh\necho no database >&2; exit 4", "exit code 4: no database"),
        ("#!/bin/sh\necho '{\"version\":2,\"is\":\"absent\"}'", "speaks version 2"),
        ("#!/bin/sh\nsleep 60", "did not end within 1 s"),
        ("#!/no/such/interpreter", "legacy.sh"),
    ] {
        let why = World::new(script).why().await;
        assert!(why.contains(words), "{script}: {why}");
    }
}

#[tokio::test]
async fn a_command_that_does_not_read_its_question_is_not_at_fault() {
    let world = World::new("#!/bin/sh\nexec echo '{\"version\":1,\"is\":\"present\",\"code\":\"a\"}'");
    assert_eq!(world.code().await, "a");
}

#[tokio::test]
async fn an_events_command_that_ends_is_told_as_lost() {
    let world = World::new("#!/bin/sh\nexit 0");
    let (send, events) = mpsc::channel();
    let sink = Box::new(move |event| send.send(event).unwrap());
    let _ = tokio::time::timeout(Duration::from_millis(500), world.platform.events(sink)).await;
    assert!(matches!(events.try_recv(), Ok(PlatformEvent::Lost { .. })));
}
