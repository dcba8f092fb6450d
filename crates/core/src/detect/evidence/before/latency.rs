//! Latencies, counted between fixed edges.

use std::sync::Arc;

/// The upper edges of the cells that latencies are counted in, in seconds, ascending; one more cell is beyond the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Edges(Arc<[f64]>);

impl Edges {
    /// Edges as a server has them, in seconds; sorted, without those that are no positive number.
    #[must_use]
    pub fn new(mut seconds: Vec<f64>) -> Self {
        seconds.retain(|edge| edge.is_finite() && *edge > 0.0);
        seconds.sort_by(f64::total_cmp);
        seconds.dedup();
        Self(seconds.into())
    }

    /// From 1 ms to a minute, each edge a twentieth above the one before.
    #[must_use]
    pub fn fine() -> Self {
        let edges = std::iter::successors(Some(0.001), |edge| Some(edge * 1.05));
        Self(edges.take_while(|edge| *edge < 66.0).collect())
    }

    /// How many cells there are.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.0.len() + 1
    }

    /// The cell of a latency, in seconds.
    #[must_use]
    pub fn cell(&self, seconds: f64) -> usize {
        self.0.partition_point(|edge| *edge < seconds)
    }

    /// The upper edge of a cell, in seconds; the last cell has none.
    #[must_use]
    pub fn upper(&self, cell: usize) -> Option<f64> {
        self.0.get(cell).copied()
    }

    /// The smallest edge that is no less than this, in seconds; none beyond the last.
    pub(crate) fn at_least(&self, seconds: f64) -> Option<usize> {
        let index = self.0.partition_point(|edge| *edge < seconds * (1.0 - 1e-9));
        (index < self.0.len()).then_some(index)
    }

    /// An edge, in seconds.
    pub(crate) fn edge(&self, index: usize) -> f64 {
        self.0[index]
    }
}

/// How many requests there were in each cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Latencies {
    cells: Vec<u32>,
    total: u64,
}

impl Latencies {
    /// None yet.
    #[must_use]
    pub fn none(edges: &Edges) -> Self {
        Self { cells: vec![0; edges.cells()], total: 0 }
    }

    /// Counts requests in a cell; a cell that is not there counts as the last.
    pub fn add(&mut self, cell: usize, requests: u32) {
        let last = self.cells.len().saturating_sub(1);
        if let Some(count) = self.cells.get_mut(cell.min(last)) {
            *count = count.saturating_add(requests);
            self.total += u64::from(requests);
        }
    }

    /// Takes in what others counted between the same edges.
    pub fn merge(&mut self, other: &Latencies) {
        for (sum, count) in self.cells.iter_mut().zip(&other.cells) {
            *sum = sum.saturating_add(*count);
        }
        self.total += other.total;
    }

    /// All of them.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    pub fn total(&self) -> f64 {
        self.total as f64
    }

    /// Those above an edge.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    pub fn above(&self, edge: usize) -> f64 {
        let beyond = self.cells.get(edge + 1..).unwrap_or_default();
        beyond.iter().map(|count| u64::from(*count)).sum::<u64>() as f64
    }

    /// The edge that at most so large a share (0 to 1) is above; none where that is beyond the last.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<usize> {
        let wanted = share * self.total();
        if self.total == 0 {
            return None;
        }
        let mut below = 0.0;
        for (index, count) in self.cells.iter().enumerate().take(self.cells.len().saturating_sub(1)) {
            below += f64::from(*count);
            if below >= wanted {
                return Some(index);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_rounded_up_to_an_edge() {
        let edges = Edges::new(vec![0.1, 0.05, 0.5]);
        let mut seen = Latencies::none(&edges);
        for latency in [0.01, 0.02, 0.06, 0.07, 0.2, 0.9] {
            seen.add(edges.cell(latency), 1);
        }
        assert_eq!(seen.quantile(0.5), Some(1));
        assert_eq!(seen.quantile(0.8), Some(2));
        assert_eq!(seen.quantile(0.99), None, "it is beyond the last edge");
        assert!((seen.above(1) - 2.0).abs() < f64::EPSILON);
    }
}
