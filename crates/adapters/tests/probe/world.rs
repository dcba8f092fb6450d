//! A prober with an environment of its own, and the parts of the test-bed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_adapters::probe::{ContainerExec, ProbeClient, Wiring};
use backout_adapters::secret::Secrets;
use backout_core::config::{HttpExpect, HttpProbe, Probe, ProbeKind, SecretOrText, SecretRef, Sensitive};
use backout_core::id::{ProbeName, ServiceName};
use backout_core::port::{Clock, Pending, Platform, ProbeOutcome, Prober, Reading};
use backout_testkit::skip::skip;
use jiff::Timestamp;

pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "certificates are made in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) fn service() -> ServiceName {
    ServiceName::new("app").unwrap()
}

pub(crate) fn environment() -> Environment {
    [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("TOKEN", "Bearer t0ken-hunter2")]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

pub(crate) fn wiring() -> Wiring {
    Wiring {
        secrets: Arc::new(Secrets::new(environment(), "/")),
        environment: environment(),
        folder: PathBuf::from("/"),
        containers: Vec::new(),
        platforms: Vec::new(),
        clock: Arc::new(WallClock),
    }
}

pub(crate) fn with_containers(containers: Arc<dyn ContainerExec>) -> ProbeClient {
    ProbeClient::new(Wiring { containers: vec![(vec![service()], containers)], ..wiring() })
}

pub(crate) fn with_platform(platform: Arc<dyn Platform>) -> ProbeClient {
    ProbeClient::new(Wiring { platforms: vec![(vec![service()], platform)], ..wiring() })
}

/// A probe that has as long as tests are patient.
pub(crate) fn probe(kind: ProbeKind) -> Probe {
    let name = ProbeName::new("health").unwrap();
    let (every, timeout) = (Duration::from_secs(1), Duration::from_secs(5));
    Probe { name, kind, every, timeout, start_period: None, is_dependency: false, implicit: false }
}

pub(crate) fn hurried(kind: ProbeKind) -> Probe {
    Probe { timeout: Duration::from_millis(300), ..probe(kind) }
}

pub(crate) fn http(url: &str, expect: HttpExpect) -> ProbeKind {
    ProbeKind::Http(Box::new(HttpProbe { url: url.to_owned(), expect, ..HttpProbe::default() }))
}

pub(crate) fn text(text: &str) -> SecretOrText {
    SecretOrText::Text(Sensitive::new(text.to_owned()))
}

pub(crate) fn env(name: &str) -> SecretOrText {
    SecretOrText::Secret(SecretRef::Env(name.to_owned()))
}

pub(crate) async fn read(probe: &Probe) -> Reading {
    ProbeClient::new(wiring()).probe(&service(), probe).await
}

pub(crate) async fn outcome(kind: ProbeKind) -> ProbeOutcome {
    read(&probe(kind)).await.outcome
}

/// What is said of an answer that is not as expected.
pub(crate) fn blamed(outcome: ProbeOutcome) -> String {
    match outcome {
        ProbeOutcome::NotAsExpected { what } => what,
        other => panic!("{other:?}"),
    }
}

/// Why nothing was measured.
pub(crate) fn excused(outcome: ProbeOutcome) -> String {
    match outcome {
        ProbeOutcome::NotPerformed { why } => why,
        other => panic!("{other:?}"),
    }
}

/// Where a part of the test-bed is; skips the test where it is not up.
pub(crate) fn part(test: &str, part: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
    let folder = std::env::var_os("BACKOUT_TESTBED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/testbed")), PathBuf::from);
    let address = std::fs::read(folder.join("testbed.json")).ok().and_then(|text| {
        let record: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let part = record["parts"].get(part)?;
        let is_up = matches!(part["state"].as_str(), Some("running" | "used"));
        part["address"].as_str().filter(|_| is_up).map(str::to_owned)
    });
    if address.is_none() {
        skip(test, &format!("no {part} in the test-bed; start it with `cargo xtask testbed up`"));
    }
    address
}
