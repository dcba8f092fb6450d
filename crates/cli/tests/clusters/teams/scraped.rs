//! The pods of a Service as the test-bed's Prometheus finds them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use backout_kube_double::Double;
use backout_testkit::client::ask;
use backout_testkit::docker::prometheus;
use serde_json::{Value, json};

/// Has Prometheus ask the ready pods of a Service, each by itself, under a job of this test's own, until this is dropped.
pub(crate) struct Scraped {
    /// Where Prometheus is.
    pub(crate) server: String,
    /// The label `job` of all that is of this test.
    pub(crate) job: String,
    file: PathBuf,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Scraped {
    /// Begins; `None`, with the skip counted, where there is no Prometheus.
    pub(crate) fn start(
        test: &str,
        double: &Arc<Double>,
        (namespace, service): (&'static str, &'static str),
    ) -> Option<Self> {
        let (server, folder) = prometheus(test)?;
        let port = double.url().rsplit(':').next().unwrap_or_default().to_owned();
        let job = format!("{service}-{port}");
        let file = folder.join(format!("{job}.json"));
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, label, path, double) = (Arc::clone(&is_over), job.clone(), file.clone(), Arc::clone(double));
        let thread = std::thread::spawn(move || {
            let mut written = Vec::new();
            while !over.load(Ordering::SeqCst) {
                let found = double.endpoints(namespace, service);
                if found != written {
                    write(&path, &label, &found);
                    written = found;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Some(Self { server, job, file, is_over, thread: Some(thread) })
    }

    /// How many requests Prometheus has heard of.
    pub(crate) fn requests(&self) -> f64 {
        let port = self.server.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap();
        let query = format!("/api/v1/query?query=sum(http_requests_total%7Bjob=%22{}%22%7D)", self.job);
        let (_, answer) = ask(port, "GET", &query, "").unwrap_or_default();
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        let number = answer.pointer("/data/result/0/value/1").and_then(Value::as_str);
        number.and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Scraped {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Prometheus reads it whenever it changes, so it is whole at once.
#[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
fn write(file: &Path, job: &str, pods: &[(String, u16)]) {
    let groups: Vec<_> = pods
        .iter()
        .map(|(pod, port)| json!({"targets": [format!("127.0.0.1:{port}")], "labels": {"job": job, "pod": pod}}))
        .collect();
    let next = file.with_extension("next");
    std::fs::write(&next, json!(groups).to_string()).unwrap();
    std::fs::rename(&next, file).unwrap();
}
