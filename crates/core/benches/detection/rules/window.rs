//! Windows: what happened in the last half minute, in the last minute.

use backout_core::detect::{Bucket, Counts, Edges, Latencies};

/// What became of the requests of one arm in a window.
#[derive(Debug, Clone)]
pub(crate) struct Sum {
    pub(crate) requests: f64,
    pub(crate) errors: f64,
    pub(crate) latencies: Latencies,
    edges: Edges,
}

/// A window that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    pub(crate) new: Sum,
    pub(crate) old: Sum,
}

/// Gathers windows: of half a minute, and two of them make one of a minute.
pub(crate) struct Windows {
    open: Window,
    first: Option<Window>,
}

impl Sum {
    pub(crate) fn none(edges: &Edges) -> Self {
        Self { requests: 0.0, errors: 0.0, latencies: Latencies::none(edges), edges: edges.clone() }
    }

    pub(crate) fn add(&mut self, counts: &Counts) {
        self.requests += counts.requests;
        self.errors += counts.errors;
        if let Some(latencies) = &counts.latencies {
            self.latencies.merge(latencies);
        }
    }

    fn merge(&mut self, other: &Sum) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.latencies.merge(&other.latencies);
    }

    pub(crate) fn error_rate(&self) -> f64 {
        if self.requests > 0.0 { self.errors / self.requests } else { 0.0 }
    }

    /// A latency that so large a share was within, in seconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        self.latencies.quantile(share).and_then(|cell| self.edges.upper(cell)).unwrap_or(0.0)
    }

    /// The 99th percentile, in seconds; 0 without requests.
    pub(crate) fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    /// The share that was slower than an edge.
    pub(crate) fn slower(&self, edge: usize) -> f64 {
        let all = self.latencies.total();
        if all > 0.0 { self.latencies.above(edge) / all } else { 0.0 }
    }
}

impl Window {
    fn none(edges: &Edges) -> Self {
        Self { new: Sum::none(edges), old: Sum::none(edges) }
    }

    /// This one and the next as one.
    fn with(mut self, next: &Window) -> Self {
        self.new.merge(&next.new);
        self.old.merge(&next.old);
        self
    }
}

impl Windows {
    pub(crate) fn new(edges: &Edges) -> Self {
        Self { open: Window::none(edges), first: None }
    }

    /// Takes in a second; answers with the half minute and with the minute that end with it.
    pub(crate) fn second(&mut self, second: u32, bucket: &Bucket, edges: &Edges) -> (Option<Window>, Option<Window>) {
        if let Some(counts) = &bucket.new {
            self.open.new.add(counts);
        }
        if let Some(counts) = &bucket.old {
            self.open.old.add(counts);
        }
        if !(second + 1).is_multiple_of(30) {
            return (None, None);
        }
        let half_minute = std::mem::replace(&mut self.open, Window::none(edges));
        let minute = self.first.take().map(|first| first.with(&half_minute));
        if minute.is_none() {
            self.first = Some(half_minute.clone());
        }
        (Some(half_minute), minute)
    }
}
