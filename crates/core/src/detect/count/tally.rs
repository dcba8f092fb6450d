//! Tallies: how much was counted between two looks.

use serde::{Deserialize, Serialize};

use crate::detect::evidence::{Bucket, Counts, Edges, Latencies};

/// How much was counted between two looks. What is none was not measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// When it ended, in seconds since the epoch.
    pub at: f64,
    /// How long it was, in seconds.
    pub span: f64,
    /// Requests, and those that failed.
    pub requests: Option<(f64, f64)>,
    /// Those of the old version beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<(f64, f64)>,
    /// Requests within each edge, in seconds; no edge is beyond all. Cumulative.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<(Option<f64>, f64)>,
    /// Memory in use, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<f64>,
}

impl Tally {
    /// As the detector takes it, so many seconds after a moment (of the epoch), with latencies between edges.
    pub(crate) fn bucket(&self, since: f64, edges: &Edges) -> Bucket {
        let latencies = self.latencies(edges);
        let new = self.requests.map(|(requests, errors)| Counts { requests, errors, latencies });
        let old = self.old.map(|(requests, errors)| Counts { requests, errors, latencies: None });
        let at = self.at - self.span - since;
        Bucket { at, span: self.span, new, old, memory: self.memory, ..Bucket::default() }
    }

    /// The edges that it has.
    pub(crate) fn edges(&self) -> impl Iterator<Item = f64> + '_ {
        self.within.iter().filter_map(|(edge, _)| *edge)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests in one look")]
    fn latencies(&self, edges: &Edges) -> Option<Latencies> {
        if self.within.is_empty() {
            return None;
        }
        let mut latencies = Latencies::none(edges);
        let mut below = 0.0;
        for (edge, up_to) in &self.within {
            let cell = edge.map_or(edges.cells() - 1, |edge| edges.cell(edge));
            latencies.add(cell, (up_to - below).max(0.0).round() as u32);
            below = up_to.max(below);
        }
        Some(latencies)
    }
}
