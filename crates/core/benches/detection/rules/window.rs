//! Windows: what happened in the last half minute, in the last minute.

use backout_core::detect::{Edges, Latencies};

use crate::generator::{Counts, Stretch};

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

/// Gathers windows of one length.
pub(crate) struct Windows {
    length: u32,
    open: Window,
}

impl Sum {
    pub(crate) fn none(edges: &Edges) -> Self {
        Self { requests: 0.0, errors: 0.0, latencies: Latencies::none(edges), edges: edges.clone() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    pub(crate) fn add(&mut self, counts: &Counts) {
        self.requests += counts.requests as f64;
        self.errors += counts.errors as f64;
        self.latencies.merge(&counts.latencies);
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

impl Windows {
    pub(crate) fn new(length: u32, edges: &Edges) -> Self {
        Self { length, open: Window { new: Sum::none(edges), old: Sum::none(edges) } }
    }

    /// Takes in a second; answers with the window that ends with it.
    pub(crate) fn second(&mut self, second: u32, stretch: &Stretch, edges: &Edges) -> Option<Window> {
        if let Some(counts) = &stretch.new {
            self.open.new.add(counts);
        }
        if let Some(counts) = &stretch.old {
            self.open.old.add(counts);
        }
        let ends = (second + 1).is_multiple_of(self.length);
        ends.then(|| std::mem::replace(&mut self.open, Window { new: Sum::none(edges), old: Sum::none(edges) }))
    }
}
