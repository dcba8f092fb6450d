//! The counting test against how it was before: of so many requests, so many were bad.
//!
//! One test serves errors and slow requests. The boundary is what is tolerated; alternatives are so many times worse than
//! it. Where the service was noisier before than chance makes it, counts are weighed by blocks with a Gamma-Poisson
//! likelihood, which makes the test slower in place of wrong.

use super::super::before::Boundary;
use super::super::settings::Settings;
use super::mixture::Mixture;

/// How many times worse than the boundary the share of failing requests may be.
pub(crate) const FAILING: [f64; 5] = [2.0, 4.0, 16.0, 64.0, 512.0];

/// How many times worse than the boundary the share of slow requests may be.
pub(crate) const SLOW: [f64; 5] = [1.5, 2.5, 5.0, 15.0, 50.0];

/// No alternative says that more than this share is bad.
const MOST: f64 = 0.97;

/// Requests against how they were before.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    boundary: Boundary,
    grid: [f64; 5],
    mixture: Mixture<5>,
    block: Block,
}

/// What a noisy service did since its block began.
#[derive(Debug, Clone)]
struct Block {
    ends: f64,
    requests: f64,
    bad: f64,
    ratios: [f64; 5],
}

impl Counted {
    pub(crate) fn new(boundary: Boundary, grid: [f64; 5]) -> Self {
        let block = Block { ends: 0.0, requests: 0.0, bad: 0.0, ratios: [0.0; 5] };
        Self { boundary, grid, mixture: Mixture::new(), block }
    }

    /// Weighs a bucket that began so many seconds after the deploy.
    pub(crate) fn bucket(&mut self, settings: &Settings, seconds: f64, (requests, bad): (f64, f64)) {
        let spent = settings.spent(seconds);
        let tolerated = self.boundary.tolerated(seconds);
        if self.boundary.noise == 0.0 {
            self.mixture.start(spent);
            self.mixture
                .weigh(self.grid.map(|worse| bernoulli(alternative(worse, tolerated), tolerated, requests, bad)));
            return;
        }
        // Suspicion that began within a block would see its noise as news.
        if seconds >= self.block.ends {
            self.mixture.start(spent);
            let length = if seconds < 60.0 { 5.0 } else { 60.0 };
            self.block = Block { ends: seconds + length, requests: 0.0, bad: 0.0, ratios: [0.0; 5] };
        }
        let block = &mut self.block;
        block.requests += requests;
        block.bad += bad;
        let noise = self.boundary.noise;
        let now = self
            .grid
            .map(|worse| gamma_poisson(alternative(worse, tolerated), tolerated, noise, (block.requests, block.bad)));
        let mut ratios = now;
        for (ratio, before) in ratios.iter_mut().zip(block.ratios) {
            *ratio -= before;
        }
        block.ratios = now;
        self.mixture.weigh(ratios);
    }

    /// Lets time pass without looking.
    pub(crate) fn pass(&mut self, settings: &Settings, seconds: f64) {
        if self.boundary.noise == 0.0 || seconds >= self.block.ends {
            self.mixture.start(settings.spent(seconds));
        }
    }

    /// The share that is tolerated so many seconds after the deploy.
    pub(crate) fn tolerated(&self, seconds: f64) -> f64 {
        self.boundary.tolerated(seconds)
    }

    pub(crate) fn value(&self) -> f64 {
        self.mixture.value()
    }

    pub(crate) fn forget(&mut self) {
        self.mixture.forget();
        self.block.ends = 0.0;
    }
}

/// The share of bad requests under an alternative; none where it is hardly worse than what is tolerated.
fn alternative(worse: f64, tolerated: f64) -> Option<f64> {
    let share = (worse * tolerated).min(MOST);
    (share > 1.02 * tolerated).then_some(share)
}

fn bernoulli(share: Option<f64>, tolerated: f64, requests: f64, bad: f64) -> f64 {
    let Some(share) = share.filter(|_| requests > 0.0) else { return 0.0 };
    let good = requests - bad;
    let of_good = if good > 0.0 { good * ((1.0 - share) / (1.0 - tolerated)).ln() } else { 0.0 };
    let of_bad = if bad > 0.0 { bad * (share / tolerated).ln() } else { 0.0 };
    of_bad + of_good
}

fn gamma_poisson(share: Option<f64>, tolerated: f64, noise: f64, (requests, bad): (f64, f64)) -> f64 {
    let Some(share) = share.filter(|_| requests > 0.0) else { return 0.0 };
    let shape = 1.0 / noise;
    let weight = (shape + requests * share) / (shape + requests * tolerated);
    bad * (share / tolerated).ln() - (bad + shape) * weight.ln()
}
