//! Mann and Whitney over a point a minute, as Kayenta judges: 98 % confidence, a shift of more than a quarter of itself,
//! outliers beyond 1.5 interquartile ranges removed, either direction.

use super::{Before, Look, Rule};
use crate::scenario::Mode;

/// The quantile of the normal distribution for 98 % on two sides.
const Z: f64 = 2.326;

pub(super) struct MannWhitney {
    name: &'static str,
    every: u32,
    is_canary: bool,
    /// Error rate and 99th percentile, a point a minute, of the two sides.
    old: [Vec<f64>; 2],
    new: [Vec<f64>; 2],
}

impl MannWhitney {
    pub(super) fn new(name: &'static str, every: u32, before: &Before) -> Self {
        let is_canary = before.mode == Mode::Canary;
        let mut old = [Vec::new(), Vec::new()];
        if !is_canary {
            for pair in before.blocks.chunks(2) {
                let mut sum = super::window::Sum::none(&before.edges);
                pair.iter().filter_map(|block| block.new.as_ref()).for_each(|counts| sum.add(counts));
                old[0].push(sum.error_rate());
                old[1].push(sum.p99());
            }
        }
        Self { name, every, is_canary, old, new: [Vec::new(), Vec::new()] }
    }
}

impl Rule for MannWhitney {
    fn name(&self) -> &'static str {
        self.name
    }

    fn second(&mut self, look: &mut Look<'_>) -> bool {
        let Some(window) = look.minute else { return false };
        if window.new.requests > 0.0 {
            self.new[0].push(window.new.error_rate());
            self.new[1].push(window.new.p99());
        }
        if self.is_canary && window.old.requests > 0.0 {
            self.old[0].push(window.old.error_rate());
            self.old[1].push(window.old.p99());
        }
        (look.second + 1).is_multiple_of(self.every)
            && self.new.iter().zip(&self.old).any(|(new, old)| differ(new, old))
    }
}

fn differ(new: &[f64], old: &[f64]) -> bool {
    let (new, old) = (without_outliers(new), without_outliers(old));
    if new.len() < 3 || old.len() < 3 {
        return false;
    }
    let mut shifts: Vec<f64> = new.iter().flat_map(|new| old.iter().map(move |old| new - old)).collect();
    let (lower, middle, upper) = interval(&mut shifts, new.len(), old.len());
    let least = 0.25 * middle.abs();
    middle != 0.0 && (lower > least || upper < -least)
}

/// The confidence interval of the shift, and the Hodges-Lehmann estimate in its middle.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 900 pairs"
)]
fn interval(shifts: &mut [f64], new: usize, old: usize) -> (f64, f64, f64) {
    let (n, m) = (new as f64, old as f64);
    let spread = (n * m * (n + m + 1.0) / 12.0).sqrt();
    let rank = Z.mul_add(-spread, n * m / 2.0).floor().max(0.0) as usize;
    let (half, last) = (shifts.len() / 2, shifts.len() - 1);
    let mut ranked = |rank: usize| *shifts.select_nth_unstable_by(rank, f64::total_cmp).1;
    (ranked(rank), ranked(half), ranked(last - rank))
}

fn without_outliers(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    if sorted.len() < 4 {
        return sorted;
    }
    let (low, high) = (sorted[sorted.len() / 4], sorted[sorted.len() * 3 / 4]);
    let fence = 1.5 * (high - low);
    sorted.retain(|value| (low - fence..=high + fence).contains(value));
    sorted
}
