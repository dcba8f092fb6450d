//! The demo's application under load, scraped by a Prometheus of its own that remembers the half hour before.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backout_engine::durable::replace;
use backout_testkit::skip::skip;
use serde_json::Value;
use tempfile::TempDir;

use super::signals::{load, port_of};
use crate::place::Left;
use crate::running::Running;

/// What happened in the half hour before, each second: requests, of which so many in a thousand failed, each within so many
/// milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    pub(super) requests: u64,
    pub(super) failing: u64,
    pub(super) within_ms: u64,
}

/// How many ask at the same time, each with a pause of so many milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load(pub(super) usize, pub(super) u64);

/// The application under load, and its Prometheus.
pub(super) struct UnderLoad {
    pub(super) running: Running,
    pub(super) port: u16,
    prometheus: Prometheus,
    is_over: Arc<AtomicBool>,
    load: Vec<JoinHandle<()>>,
}

struct Prometheus {
    address: String,
    process: Child,
    _folder: TempDir,
}

impl UnderLoad {
    /// Version 1 does as it did for half an hour, version 2 does something else. None where there is no Prometheus.
    pub(super) fn new(test: &str, modes: [&str; 2], past: Past, load_of: Load) -> Option<Self> {
        let programs = ["prometheus", "promtool"].map(|name| Path::new("/usr/bin").join(name));
        if let Some(missing) = programs.iter().find(|program| !program.exists()) {
            skip(test, &format!("no {}; install it with `cargo xtask testbed up`", missing.display()));
            return None;
        }
        let running = Running::new();
        let port = port_of(&running.0);
        let prometheus = Prometheus::start(&programs, port, past);
        let is_over = Arc::new(AtomicBool::new(false));
        let stage = Self { port, prometheus, is_over, load: Vec::new(), running };
        stage.release("1", "ok", modes[0]);
        stage.release("2", "fail-after:1500", modes[1]);
        // Version 1 runs already, as it was.
        stage.control(modes[0]);
        Some(stage.loaded(load_of))
    }

    fn loaded(mut self, Load(many, pause): Load) -> Self {
        for _ in 0..many {
            let (port, over) = (self.port, Arc::clone(&self.is_over));
            self.load.push(std::thread::spawn(move || load(port, &over, Duration::from_millis(pause))));
        }
        self
    }

    /// Gives a version another mode.
    pub(super) fn release(&self, version: &str, mode: &str, other: &str) {
        let path = self.running.0.work().join(format!("app/releases/{version}/start"));
        let start = fs::read_to_string(&path).unwrap();
        let changed = start.replace(&format!("--mode {mode} "), &format!("--mode {other} "));
        assert!(changed != start || mode == other, "{start}");
        replace(&path, changed.as_bytes(), 0o755).unwrap();
    }

    /// Makes a third version that does as the first.
    pub(super) fn third(&self) {
        let releases = self.running.0.work().join("app/releases");
        let start = fs::read_to_string(releases.join("1/start")).unwrap();
        fs::create_dir(releases.join("3")).unwrap();
        replace(&releases.join("3/start"), start.replace("--version 1 ", "--version 3 ").as_bytes(), 0o755).unwrap();
    }

    /// Makes what runs do something else from now on.
    pub(super) fn control(&self, mode: &str) {
        asked(self.port, &format!("POST /control?mode={mode}"));
    }

    /// Which version answers.
    pub(super) fn version(&self) -> String {
        asked(self.port, "GET /version").lines().last().unwrap_or_default().to_owned()
    }

    pub(super) fn server(&self) -> String {
        self.prometheus.address.clone()
    }

    /// Makes a deploy depend on the counters of a server, and on nothing else.
    pub(super) fn compare_by(&self, server: &str, requests: &str, more_probes: &str) {
        let counters = format!(
            "      traffic: {{ requests: '{requests}', errors: 'http_requests_total{{status=\"500\"}}', latency: \
             'http_request_duration_seconds_bucket', server: \"{server}\", every: 1s, timeout: 1s }}\n"
        );
        self.configure(&counters, "worse: { signal: traffic, than: baseline }", more_probes);
    }

    /// Makes a deploy depend on the same counters, and on how much of such a limit of memory is in use.
    pub(super) fn compare_memory(&self, limit: &str) {
        let counters = format!(
            "      traffic: {{ requests: 'http_requests_total', errors: 'http_requests_total{{status=\"500\"}}', memory: \
             'process_resident_memory_bytes', memory_limit: {limit}, server: \"{}\", every: 1s, timeout: 1s }}\n",
            self.server()
        );
        self.configure(&counters, "worse: { signal: traffic, than: baseline }", "");
    }

    /// Makes a deploy depend on one trigger.
    pub(super) fn configure(&self, signals: &str, trigger: &str, more_probes: &str) {
        let place = &self.running.0;
        let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
        let (head, rest) = config.split_once("    triggers:\n").unwrap();
        let guard = rest.split_once("    guard:\n").unwrap().1.split("    signals:\n").next().unwrap();
        let head: String =
            head.lines().filter(|line| !line.contains("dependency: true")).fold(String::new(), |mut text, line| {
                writeln!(text, "{line}").unwrap();
                text
            });
        let signals = if signals.is_empty() { String::new() } else { format!("    signals:\n{signals}") };
        place.write(
            "backout.yaml",
            &format!("{head}{more_probes}    triggers:\n      {trigger}\n    guard:\n{guard}{signals}"),
        );
    }

    pub(super) fn guard(&self, soak: &str, version: &str) -> Left {
        let force = ["--force", "rollback-of-rollback", "--force", "quarantined"];
        let arguments = [&["guard", "--soak", soak], &force[..], &["--", "sh", "deploy.sh", version]].concat();
        self.running.0.run(&arguments)
    }

    /// The newest run: how it ended, and what was found.
    pub(super) fn judged(&self) -> (String, String) {
        let run = self.running.0.run(&["show", "--json"]).document();
        let records = run["records"].as_array().unwrap();
        let judged = records.iter().rfind(|record| record["body"]["kind"] == "judged").unwrap();
        let result = records.iter().rfind(|record| record["body"]["kind"] == "run_ended").unwrap();
        (result["body"]["result"].as_str().unwrap().to_owned(), judged["body"]["judgement"].to_string())
    }

    /// The newest run's verdict once more.
    pub(super) fn replayed(&self, settings: &[&str]) -> Value {
        let run = self.running.0.run(&["show", "--json"]).document()["run"]["id"].as_str().unwrap().to_owned();
        let what_if = settings.iter().flat_map(|setting| ["--what-if", setting]);
        let arguments: Vec<&str> = ["decide", "--json", "--replay", &run].into_iter().chain(what_if).collect();
        let left = self.running.0.run(&arguments);
        assert_eq!(left.code, Some(0), "{}", left.shown());
        left.document()
    }
}

impl Drop for UnderLoad {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        for load in self.load.drain(..) {
            let _ = load.join();
        }
    }
}

impl Prometheus {
    #[expect(clippy::disallowed_methods, reason = "the test's own server is no process that backout starts")]
    fn start([program, tool]: &[PathBuf; 2], target: u16, past: Past) -> Self {
        let folder = TempDir::new().unwrap();
        let (config, data) = (folder.path().join("prometheus.yml"), folder.path().join("data"));
        let remembered = folder.path().join("past.txt");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let scraped = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: app\n    static_configs: [{{ targets: \
             ['127.0.0.1:{target}'] }}]\n"
        );
        replace(&config, scraped.as_bytes(), 0o644).unwrap();
        replace(&remembered, past.text().as_bytes(), 0o644).unwrap();
        let mut made = Command::new(tool);
        made.args(["tsdb", "create-blocks-from", "openmetrics"]).args([&remembered, &data]);
        let made = made.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let process = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=warn")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self { address: format!("http://127.0.0.1:{port}"), process, _folder: folder };
        for _ in 0..200 {
            if asked(port, "GET /-/ready").contains(" 200 ") {
                return started;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("prometheus does not start");
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Past {
    /// The half hour before now, every five seconds, as Prometheus reads it.
    #[expect(clippy::disallowed_methods, reason = "what a server remembers is of the time by its own clock")]
    fn text(self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - 2;
        let mut text = String::new();
        let mut series = |name: &str, labels: &str, count: fn(Self, u64) -> u64| {
            for second in (0..1800).step_by(5) {
                let (count, at) = (count(self, second), now - 1800 + second);
                writeln!(text, "{name}{{instance=\"past\",job=\"app\",{labels}}} {count} {at}").unwrap();
            }
        };
        let failed = |past: Self, second: u64| second * past.requests * past.failing / 1000;
        series("http_requests_total", "status=\"200\"", |past, second| {
            second * past.requests - second * past.requests * past.failing / 1000
        });
        series("http_requests_total", "status=\"500\"", failed);
        let within =
            [("0.005", 5), ("0.025", 25), ("0.1", 100), ("0.25", 250), ("1", 1000), ("5", 5000), ("+Inf", 60_000)];
        for (edge, ms) in within {
            let name = "http_request_duration_seconds_bucket";
            let labels = format!("le=\"{edge}\"");
            if self.within_ms <= ms {
                series(name, &labels, |past, second| second * past.requests);
            } else {
                series(name, &labels, |_, _| 0);
            }
        }
        text + "# EOF\n"
    }
}

/// What is answered to a request; nothing where nobody is there.
fn asked(port: u16, request: &str) -> String {
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        let _ = write!(stream, "{request} HTTP/1.1\r\nhost: app\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.read_to_end(&mut answer);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
