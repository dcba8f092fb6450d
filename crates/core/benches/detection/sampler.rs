//! Latencies of many requests, drawn from a table: 65,536 quantiles of the usual distribution, shifted by how slow it is.

use backout_core::detect::{Edges, Latencies};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::generator::{MEDIAN, SPREAD};

/// How finely a shift is told within one cell.
const STEPS: usize = 8;

/// The logarithm of the first edge, 1 ms, and of the ratio of one edge to the next, a twentieth.
const FIRST: f64 = -6.907_755_278_982_137;
const STEP: f64 = 0.048_790_164_169_432;

/// Draws latencies.
pub(crate) struct Sampler {
    /// For each shift within a cell, the cell of each quantile.
    cells: Vec<Vec<u16>>,
    last: usize,
}

impl Sampler {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small index"
    )]
    pub(crate) fn new(edges: &Edges) -> Self {
        let quantiles = (0..65_536).map(|quantile| quantile_of_normal((f64::from(quantile) + 0.5) / 65_536.0));
        let quantiles: Vec<f64> = quantiles.collect();
        let cell = |z: f64, shift: usize| {
            let logarithm = SPREAD.mul_add(z, MEDIAN.ln()) + STEP * shift as f64 / STEPS as f64;
            ((logarithm - FIRST) / STEP).ceil().max(0.0) as u16
        };
        let cells = (0..STEPS).map(|shift| quantiles.iter().map(|z| cell(*z, shift)).collect()).collect();
        Self { cells, last: edges.cells() - 1 }
    }

    /// Draws so many latencies, so many times as slow as usual.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the cells that there are")]
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng, requests: u64, slow: f64, latencies: &mut Latencies) {
        let steps = (slow.ln() / STEP * 8.0).round() as i64;
        let (whole, part) = (steps.div_euclid(8), steps.rem_euclid(8) as usize);
        let cells = &self.cells[part];
        let mut left = requests;
        while left > 0 {
            let mut bits = rng.next_u64();
            for _ in 0..left.min(4) {
                let cell = i64::from(cells[(bits & 0xffff) as usize]) + whole;
                latencies.add((cell.max(0) as usize).min(self.last), 1);
                bits >>= 16;
                left -= 1;
            }
        }
    }
}

/// The quantile of the normal distribution, by bisection of [`normal`]: it is asked for once.
fn quantile_of_normal(share: f64) -> f64 {
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if normal(middle) < share { low = middle } else { high = middle }
    }
    low
}

/// The normal distribution (erfc by Numerical Recipes, relative error 1.2e-7).
pub(crate) fn normal(z: f64) -> f64 {
    let x = -z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let poly = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_87,
        -1.135_203_98,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_68,
        -1.265_512_23,
    ];
    // Not `mul_add`, which is a call where the processor is not known to have it.
    let sum = poly.iter().fold(0.0, |sum: f64, c| sum * t + c);
    let tail = t * (-x * x + sum).exp();
    0.5 * if x >= 0.0 { tail } else { 2.0 - tail }
}
