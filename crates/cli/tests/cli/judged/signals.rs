//! Deploys judged by a real Prometheus that scrapes a real application under load.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use backout_engine::durable::replace;
use backout_testkit::skip::skip;
use serde_json::Value;

use crate::place::{Left, Place};
use crate::running::Running;

/// The application under load, scraped each second.
struct Scraped {
    running: Running,
    prometheus: String,
    label: String,
    target: PathBuf,
    is_over: Arc<AtomicBool>,
    load: Option<JoinHandle<()>>,
}

/// The test-bed's Prometheus: its address, and the folder that its targets are read from.
fn prometheus(test: &str) -> Option<(String, PathBuf)> {
    #[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
    let folder = std::env::var_os("BACKOUT_TESTBED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/testbed")), PathBuf::from);
    let record: Value = fs::read(folder.join("testbed.json"))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let part = &record["parts"]["prometheus"];
    let found = part["address"].as_str().zip(part["path"].as_str());
    if found.is_none() {
        skip(test, "no prometheus in the test-bed; start it with `cargo xtask testbed up`");
    }
    found.map(|(address, path)| (address.to_owned(), PathBuf::from(path).join("targets")))
}

impl Scraped {
    /// Version 1 fails one request in a thousand, version 2 every fifth, and both say that they are healthy.
    fn new(test: &str) -> Option<Self> {
        let (prometheus, targets) = prometheus(test)?;
        let running = Running::new();
        let place = &running.0;
        let port = port_of(place);
        for (version, mode, failing) in [("1", "ok", "errors:1"), ("2", "fail-after:1500", "errors:200")] {
            let name = format!("app/releases/{version}/start");
            let start = fs::read_to_string(place.work().join(&name)).unwrap();
            let changed = start.replace(&format!("--mode {mode} "), &format!("--mode {failing} "));
            assert_ne!(start, changed);
            replace(&place.work().join(&name), changed.as_bytes(), 0o755).unwrap();
        }
        place.script("deploy.sh", "1").well();
        let (label, is_over) = (format!("signals-{port}"), Arc::new(AtomicBool::new(false)));
        let target = targets.join(format!("{label}.json"));
        let text = format!(r#"[{{"targets":["127.0.0.1:{port}"],"labels":{{"app":"{label}"}}}}]"#);
        replace(&target, text.as_bytes(), 0o644).unwrap();
        let over = Arc::clone(&is_over);
        let load = std::thread::spawn(move || load(port, &over, Duration::from_millis(9)));
        Some(Self { running, prometheus, label, target, is_over, load: Some(load) })
    }

    /// The share of requests that failed within the last seconds.
    fn query(&self) -> String {
        let label = &self.label;
        format!(
            "sum(rate(http_requests_total{{app=\"{label}\",status=\"500\"}}[5s])) / \
             sum(rate(http_requests_total{{app=\"{label}\"}}[5s]))"
        )
    }

    /// Makes a deploy depend on a query of this server.
    fn judge_by(&self, server: &str, query: &str, more: &str) {
        let place = &self.running.0;
        let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
        let config = config.split("    signals:\n").next().unwrap();
        let text = format!(
            "{config}    signals:\n      errors: {{ promql: '{query}', server: \"{server}\", every: 1s, timeout: 1s{more} }}\n"
        );
        let trigger = "      too-many-errors: { signal: errors, above: 5%, consecutive: 2 }\n";
        let with_trigger = if text.contains(trigger) {
            text
        } else {
            text.replace("    triggers:\n", &format!("    triggers:\n{trigger}"))
        };
        assert!(with_trigger.contains(trigger), "{with_trigger}");
        place.write("backout.yaml", &with_trigger);
    }

    fn guard(&self, soak: &str, version: &str) -> Left {
        let force = ["--force", "rollback-of-rollback"];
        let arguments = [&["guard", "--soak", soak], &force[..], &["--", "sh", "deploy.sh", version]].concat();
        self.running.0.run(&arguments)
    }

    /// The check of the signal.
    fn verified(&self) -> Value {
        let document = self.running.0.run(&["verify", "--json"]).document();
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == "errors").unwrap().clone()
    }

    fn label_that_runs(&self) -> String {
        let status = self.running.0.run(&["status", "--json"]).document();
        status["services"][0]["label"].as_str().unwrap().to_owned()
    }
}

impl Drop for Scraped {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = fs::remove_file(&self.target);
        if let Some(load) = self.load.take() {
            let _ = load.join();
        }
    }
}

pub(super) fn port_of(place: &Place) -> u16 {
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let after = config.split("http://127.0.0.1:").nth(1).unwrap();
    after.split('/').next().unwrap().parse().unwrap()
}

/// One request after the other, with a pause between them.
pub(super) fn load(port: u16, is_over: &AtomicBool, pause: Duration) {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    while !is_over.load(Ordering::SeqCst) {
        if let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: app\r\n\r\n");
            let _ = stream.read_to_end(&mut Vec::new());
        }
        std::thread::sleep(pause);
    }
}

#[test]
fn a_deploy_that_fails_requests_behind_a_healthy_probe_is_rolled_back() {
    let Some(scraped) = Scraped::new("a_deploy_that_fails_requests_behind_a_healthy_probe_is_rolled_back") else {
        return;
    };
    let place = &scraped.running.0;
    scraped.judge_by(&scraped.prometheus, &scraped.query(), ", min_samples: 30");
    for _ in 0..60 {
        if scraped.verified()["verdict"] == "healthy" {
            break;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let what = scraped.verified()["what"].as_str().unwrap().to_owned();
    assert!(what.contains(" %, by ") && what.ends_with(" samples"), "{what}");
    let status = place.run(&["status"]).well().stdout;
    assert!(status.contains("signal: errors ("), "{status}");
    let checked = place.run(&["check"]).stdout;
    assert!(checked.lines().any(|line| line.contains("signal errors") && line.contains(" %, by")), "{checked}");

    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    place.write("backout.yaml", &format!("{config}    verify: {{ signals: {{ errors: {{ below: 3% }} }} }}\n"));
    let left = scraped.guard("40s", "2");
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert!(left.shown().contains("errors 2 times in a row: "), "{}", left.shown());
    assert_eq!(scraped.label_that_runs(), "release 1");
    // The rate looks seconds back: "rolled back" was said when it had come down.
    let record = place.run(&["show", "--json"]).well().document().to_string();
    assert!(record.contains(r#""name":"errors below 3 %","verdict":"healthy""#), "{record}");
}

#[test]
fn a_prometheus_that_is_down_slow_or_answers_nan_takes_nothing_back() {
    let Some(scraped) = Scraped::new("a_prometheus_that_is_down_slow_or_answers_nan_takes_nothing_back") else {
        return;
    };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let of = |address: SocketAddr| format!("http://{address}");
    let cases = [
        (of(free), scraped.query(), "connection refused", "2"),
        (of(silent.local_addr().unwrap()), scraped.query(), "no answer within 1000 ms", "1"),
        (scraped.prometheus.clone(), "vector(0) / vector(0)".to_owned(), "the query gives `NaN`", "2"),
    ];
    for (server, query, words, version) in cases {
        scraped.judge_by(&server, &query, "");
        let what = scraped.verified();
        assert_eq!(what["verdict"], "unmeasurable", "{what}");
        assert!(what["what"].as_str().unwrap().contains(words), "{what}");
        let left = scraped.guard("4s", version);
        assert_eq!(left.code, Some(0), "{}", left.shown());
        assert!(left.shown().contains(words), "{}", left.shown());
        assert_eq!(scraped.label_that_runs(), format!("release {version}"));
    }
}
