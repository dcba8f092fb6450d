//! The counting test against how it was before: of so many requests, so many were bad.
//!
//! One test serves errors and slow requests. The boundary is what is tolerated; alternatives are so many times worse than
//! it. Where the service was noisier before than chance makes it, counts are weighed by blocks with a Gamma-Poisson
//! likelihood, which makes the test slower in place of wrong.

use super::super::before::Boundary;
use super::super::settings::Settings;
use super::mixture::Mixture;

/// How many times worse than the boundary the share of failing requests may be.
pub(crate) static FAILING: [f64; 5] = [2.0, 4.0, 16.0, 64.0, 512.0];

/// How many times worse than the boundary the share of slow requests may be.
pub(crate) static SLOW: [f64; 5] = [1.5, 2.5, 5.0, 15.0, 50.0];

/// No alternative says that more than this share is bad.
const MOST: f64 = 0.97;

/// Requests against how they were before.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    boundary: Boundary,
    grid: &'static [f64; 5],
    mixture: Mixture<5>,
    block: Block,
    odds: Odds,
}

/// What one request says for each alternative, in nats. What is tolerated stays the same for most of a watch, and
/// logarithms are dear.
#[derive(Debug, Clone)]
struct Odds {
    /// What these are odds against: the share that is tolerated.
    tolerated: f64,
    bad: [f64; 5],
    good: [f64; 5],
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
    pub(crate) fn new(boundary: Boundary, grid: &'static [f64; 5]) -> Self {
        let block = Block { ends: 0.0, requests: 0.0, bad: 0.0, ratios: [0.0; 5] };
        let odds = Odds { tolerated: f64::NAN, bad: [0.0; 5], good: [0.0; 5] };
        Self { boundary, grid, mixture: Mixture::new(), block, odds }
    }

    /// Weighs a bucket that began so many seconds after the deploy.
    pub(crate) fn bucket(&mut self, settings: &Settings, seconds: f64, (requests, bad): (f64, f64)) {
        let spent = settings.spent(seconds);
        let tolerated = self.boundary.tolerated(seconds);
        if self.odds.tolerated.to_bits() != tolerated.to_bits() {
            self.odds = Odds::new(self.grid, tolerated);
        }
        if self.boundary.noise == 0.0 {
            self.mixture.start(spent);
            self.mixture.weigh(self.odds.bernoulli(requests, bad));
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
        let now = self.odds.gamma_poisson(self.grid, self.boundary.noise, (block.requests, block.bad));
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

impl Odds {
    fn new(grid: &[f64; 5], tolerated: f64) -> Self {
        let of = |log: fn(f64, f64) -> f64| {
            grid.map(|worse| alternative(worse, tolerated).map_or(0.0, |share| log(share, tolerated)))
        };
        let bad = of(|share, tolerated| (share / tolerated).ln());
        let good = of(|share, tolerated| ((1.0 - share) / (1.0 - tolerated)).ln());
        Self { tolerated, bad, good }
    }

    /// The log of the likelihood ratio of so many requests and bad ones among them.
    fn bernoulli(&self, requests: f64, bad: f64) -> [f64; 5] {
        let good = (requests - bad).max(0.0);
        std::array::from_fn(|i| bad * self.bad[i] + good * self.good[i])
    }

    /// The same where the rate is noisy: a Gamma-Poisson one.
    fn gamma_poisson(&self, grid: &[f64; 5], noise: f64, (requests, bad): (f64, f64)) -> [f64; 5] {
        let shape = 1.0 / noise;
        let usual = shape + requests * self.tolerated;
        std::array::from_fn(|i| {
            let share = alternative(grid[i], self.tolerated);
            share.map_or(0.0, |share| bad * self.bad[i] - (bad + shape) * ((shape + requests * share) / usual).ln())
        })
    }
}

/// The share of bad requests under an alternative; none where it is hardly worse than what is tolerated.
fn alternative(worse: f64, tolerated: f64) -> Option<f64> {
    let share = (worse * tolerated).min(MOST);
    (share > 1.02 * tolerated).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::super::super::before::{Edges, History};
    use super::super::super::bucket::{Bucket, Counts};
    use super::*;

    /// Half an hour with so many failing requests in each half of every other minute, and two in the others.
    fn before(failing: f64) -> Boundary {
        let mut history = History::new(Edges::fine());
        for block in 0..60 {
            let errors = if block % 4 < 2 { failing } else { 2.0 };
            let counts = Counts { requests: 3000.0, errors, latencies: None };
            let at = f64::from(block).mul_add(30.0, -1800.0);
            history.add(&Bucket { at, span: 30.0, new: Some(counts), ..Bucket::default() });
        }
        Boundary::of_errors(&Settings::default(), history.errors())
    }

    #[test]
    fn odds_that_are_kept_say_what_odds_made_anew_say() {
        let settings = Settings::default();
        for boundary in [before(2.0), before(60.0)] {
            let mut kept = Counted::new(boundary, &FAILING);
            let mut anew = kept.clone();
            for second in 0..300 {
                let counts = (100.0, f64::from(second % 7 / 6));
                kept.bucket(&settings, f64::from(second), counts);
                anew.odds.tolerated = f64::NAN;
                anew.bucket(&settings, f64::from(second), counts);
                assert!(
                    kept.value().to_bits() == anew.value().to_bits(),
                    "{second}: {} {}",
                    kept.value(),
                    anew.value()
                );
            }
        }
    }

    #[test]
    fn noise_is_weighed_once_and_not_tolerated_on_top() {
        // More than half as much again is tolerated only because the mean is not known better.
        let (steady, noisy) = (before(2.0), before(60.0));
        assert!(noisy.noise > 0.8 && steady.noise < 0.1, "{} {}", noisy.noise, steady.noise);
        let mean = 31.0 / 3000.0;
        assert!(noisy.tolerated(300.0) < 1.5 * 2.0 * mean, "{}", noisy.tolerated(300.0));
    }
}
