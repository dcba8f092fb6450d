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

    /// Where requests slower than this, in seconds, are told from the others.
    pub(crate) fn cut(&self, seconds: f64) -> Cut {
        let cell = self.cell(seconds);
        let share = self.around(cell).map_or(1.0, |(lower, upper)| (upper / seconds).ln() / (upper / lower).ln());
        Cut { seconds, cell, share: share.clamp(0.0, 1.0) }
    }

    /// The smallest edge that is no less than this, in seconds, but for a hundredth; none beyond the last.
    pub(crate) fn at_least(&self, seconds: f64) -> Option<usize> {
        let index = self.0.partition_point(|edge| *edge < seconds * 0.99);
        (index < self.0.len()).then_some(index)
    }

    /// The edges below and above a cell, in seconds; below the first cell is half of its edge. None of the last cell.
    fn around(&self, cell: usize) -> Option<(f64, f64)> {
        let upper = self.upper(cell)?;
        let lower = cell.checked_sub(1).and_then(|below| self.upper(below));
        Some((lower.unwrap_or(upper / 2.0), upper))
    }
}

/// Where slow requests are told from the others: between two edges as if their logarithms were spread evenly, which is
/// rather too many than too few where fewer and fewer are slower and slower.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    seconds: f64,
    cell: usize,
    /// The share of the requests in the cell that are slow: 0 to 1.
    share: f64,
}

impl Cut {
    /// The cut at this latency in seconds, which is mostly where it was: logarithms are dear.
    pub(crate) fn moved(&mut self, edges: &Edges, seconds: f64) -> &Self {
        if self.seconds.to_bits() != seconds.to_bits() {
            *self = edges.cut(seconds);
        }
        self
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
    #[inline]
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

    /// Those slower than a cut.
    pub(crate) fn slower(&self, cut: &Cut) -> f64 {
        let beyond = self.above(cut.cell);
        let within = self.cells.get(cut.cell).map_or(0.0, |count| f64::from(*count));
        within.mul_add(cut.share, beyond)
    }

    /// The latency that so large a share (0 to 1) was within, in seconds, told between edges as a [`Cut`] does; none
    /// where that is beyond the last.
    pub(crate) fn within(&self, edges: &Edges, share: f64) -> Option<f64> {
        let cell = self.quantile(share)?;
        let (lower, upper) = edges.around(cell)?;
        let here = f64::from(*self.cells.get(cell)?).max(1.0);
        let below = self.total() - self.above(cell) - here;
        let part = ((share * self.total() - below) / here).clamp(0.0, 1.0);
        Some(lower * (upper / lower).powf(part))
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
