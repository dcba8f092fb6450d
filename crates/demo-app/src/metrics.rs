//! What is counted of requests to `/`, in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the latency histogram, in milliseconds.
const BOUNDS: [u64; 6] = [5, 25, 100, 250, 1000, 5000];

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    good: AtomicU64,
    failed: AtomicU64,
    within: [AtomicU64; BOUNDS.len()],
    total_ms: AtomicU64,
}

impl Metrics {
    /// Counts an answer with what was waited before it.
    pub(crate) fn count(&self, status: u16, took: Duration) {
        let counter = if status < 500 { &self.good } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.total_ms.fetch_add(took, Ordering::Relaxed);
        for (within, _) in self.within.iter().zip(BOUNDS).filter(|(_, bound)| took <= *bound) {
            within.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many answers were counted.
    pub(crate) fn requests(&self) -> u64 {
        self.good.load(Ordering::Relaxed) + self.failed.load(Ordering::Relaxed)
    }

    /// Everything, as Prometheus reads it.
    pub(crate) fn text(&self) -> String {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
        let all = self.requests();
        let mut text = "# TYPE http_requests_total counter\n".to_owned();
        for (status, counter) in [(200, &self.good), (500, &self.failed)] {
            let _ = writeln!(text, "http_requests_total{{status=\"{status}\"}} {}", load(counter));
        }
        text.push_str("# TYPE http_request_duration_seconds histogram\n");
        for (within, bound) in self.within.iter().zip(BOUNDS) {
            let _ =
                writeln!(text, "http_request_duration_seconds_bucket{{le=\"{}\"}} {}", seconds(bound), load(within));
        }
        let _ = writeln!(text, "http_request_duration_seconds_bucket{{le=\"+Inf\"}} {all}");
        let _ = writeln!(text, "http_request_duration_seconds_sum {}", seconds(load(&self.total_ms)));
        let _ = writeln!(text, "http_request_duration_seconds_count {all}");
        if let Some(bytes) = resident() {
            let _ = writeln!(text, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {bytes}");
        }
        text
    }
}

/// How much memory this process has in use, in bytes, by the kernel's word.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}
