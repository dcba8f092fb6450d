//! The counting test against the old version beside: of the bad requests of both, how many are the new one's?
//!
//! It goes by the share of the bad ones, so that whatever hits both versions (load, a dependency that is down) cancels.
//! One-sided, with a tolerance (Lindon and Malek, NeurIPS 2022).

use super::super::before::Noise;
use super::super::settings::Settings;
use super::mixture::Mixture;

/// How slowly the split of traffic is learned, in seconds.
const MEMORY: f64 = 300.0;

/// How many requests the configured split of traffic is worth at the beginning.
const PSEUDO: f64 = 20.0;

/// The new version against the old one beside it.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    grid: &'static [f64; 5],
    /// The logarithms of the grid.
    logs: [f64; 5],
    mixture: Mixture<5>,
    /// Requests of late: of the new version, of the old one.
    new: f64,
    old: f64,
    /// How many times as many bad ones as the old version's are tolerated; at a cold start more.
    tolerance: f64,
    cold: f64,
    /// How many times its mean the variance of a count was before, less one.
    excess: f64,
}

/// What a test beside goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    /// The share of traffic that the new version is meant to get: 0 to 1.
    pub(crate) share: f64,
    /// How many times as many bad ones are tolerated.
    pub(crate) tolerance: f64,
    /// As that, at the very beginning.
    pub(crate) cold: f64,
    /// How much the rate varied before.
    pub(crate) noise: Noise,
}

impl Beside {
    pub(crate) fn new(split: Split, grid: &'static [f64; 5]) -> Self {
        let Split { share, tolerance, cold, noise } = split;
        let tolerance = tolerance.max(1.0 + 2.0 * noise.square.sqrt());
        let (new, old) = (PSEUDO * share, PSEUDO * (1.0 - share));
        let logs = grid.map(f64::ln);
        Self { grid, logs, mixture: Mixture::new(), new, old, tolerance, cold, excess: noise.excess }
    }

    /// Learns how traffic is split, from a bucket of this length in seconds.
    fn learn(&mut self, span: f64, (new, old): (f64, f64)) {
        let kept = (-span / MEMORY).exp();
        self.new = self.new * kept + new;
        self.old = self.old * kept + old;
    }

    /// Weighs a bucket: requests and bad ones of the new version, then of the old.
    pub(crate) fn bucket(
        &mut self,
        settings: &Settings,
        (seconds, span): (f64, f64),
        new: (f64, f64),
        old: (f64, f64),
    ) {
        self.learn(span, (new.0, old.0));
        self.mixture.start(settings.spent(seconds));
        if self.new <= 0.0 || self.old <= 0.0 || new.1 + old.1 == 0.0 {
            return;
        }
        let tolerance = self.tolerance.max(self.cold * Settings::cold(seconds));
        let share = self.new / (self.new + self.old);
        let of_new = tolerance * self.new / (tolerance * self.new + self.old);
        let damped = 1.0 + 2.0 * self.excess * share * (1.0 - share);
        self.mixture.weigh(std::array::from_fn(|i| {
            let all = (1.0 - of_new + of_new * self.grid[i]).ln();
            (new.1 * self.logs[i] - (new.1 + old.1) * all) / damped
        }));
    }

    pub(crate) fn pass(&mut self, settings: &Settings, seconds: f64) {
        self.mixture.start(settings.spent(seconds));
    }

    pub(crate) fn value(&self) -> f64 {
        self.mixture.value()
    }

    pub(crate) fn forget(&mut self) {
        self.mixture.forget();
    }
}
