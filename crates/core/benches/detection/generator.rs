//! The generator: seeded, second by second, half an hour before the deploy and half an hour after it.

use backout_core::detect::{Bucket, Counts, Edges, Latencies};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, Exp, Poisson, StandardNormal};

use crate::sampler::{Sampler, normal};
use crate::scenario::{Arm, Mode, Noise, Scenario};

/// The median latency in seconds, and the spread of its logarithm: the 99th percentile is 160 ms.
pub(crate) const MEDIAN: f64 = 0.05;
pub(crate) const SPREAD: f64 = 0.5;

/// Makes one deploy.
pub(crate) struct Generator<'a> {
    scenario: &'a Scenario,
    edges: &'a Edges,
    sampler: &'a Sampler,
    rng: ChaCha8Rng,
    walks: [Walk; 2],
    blip_left: f64,
    shares: Shares,
}

/// The logarithm of how much errors and latency are off by now.
#[derive(Debug, Clone, Copy, Default)]
struct Walk {
    errors: f64,
    latency: f64,
    burst_left: f64,
    burst: f64,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(scenario: &'a Scenario, edges: &'a Edges, sampler: &'a Sampler, rng: ChaCha8Rng) -> Self {
        let shares = Shares { slow: f64::NAN, below: 0.0, cells: Vec::new() };
        Self { scenario, edges, sampler, rng, walks: [Walk::default(); 2], blip_left: 0.0, shares }
    }

    /// Half an hour before the deploy: buckets of half a minute, and what the probe said each second.
    pub(crate) fn before(&mut self) -> (Vec<Bucket>, Vec<bool>) {
        let mut up = Vec::with_capacity(1800);
        let blocks = (0..60).map(|block| {
            let start = f64::from(block).mul_add(30.0, -1800.0);
            let mut of = (0.0, 0.0, 0.0);
            for second in 0..30 {
                self.walk();
                up.push(self.probe());
                let (errors, slow) = self.now(start + f64::from(second), Arm::Old);
                of = (of.0 + (self.scenario.rate)(start + f64::from(second)), of.1 + errors / 30.0, of.2 + slow / 30.0);
            }
            let new = Some(self.counts(of.0, of.1, of.2));
            let memory = self.scenario.memory.map(|memory| memory(start) * 1e6);
            Bucket { at: start, span: 30.0, new, memory, ..Bucket::default() }
        });
        let blocks = blocks.collect();
        (blocks, up)
    }

    /// One second after the deploy.
    pub(crate) fn second(&mut self, second: u32) -> Bucket {
        let t = f64::from(second);
        self.walk();
        let rate = (self.scenario.rate)(t);
        let share = if self.scenario.mode == Mode::Canary { 0.1 } else { 1.0 };
        let (errors, slow) = self.now(t, Arm::New);
        let new = self.counts(rate * share, errors, slow);
        let old = (share < 1.0).then(|| {
            let (errors, slow) = self.now(t, Arm::Old);
            self.counts(rate * (1.0 - share), errors, slow)
        });
        let is_lost = self.scenario.gaps && second % 45 < 3;
        let up = !(self.scenario.down)(t) && self.probe();
        let memory = self.scenario.memory.map(|memory| memory(t) * 1e6);
        let dependency_down = self.asked(second);
        let (new, old) = if is_lost { (None, None) } else { (Some(new), old) };
        Bucket { at: t, span: 1.0, new, old, up: Some(up), restarts: None, memory, dependency_down }
    }

    /// What asking the dependency tells, every five seconds.
    fn asked(&mut self, second: u32) -> bool {
        second.is_multiple_of(5) && self.dependency_fails(second)
    }

    /// Whether the dependency fails one question now.
    pub(crate) fn dependency_fails(&mut self, second: u32) -> bool {
        use crate::scenario::Gate;
        if !(600..780).contains(&second) {
            return false;
        }
        match self.scenario.outage {
            Some(Gate::Hard) => true,
            Some(Gate::Partial) => self.rng.random_bool(0.3),
            Some(Gate::None) | None => false,
        }
    }

    fn now(&self, t: f64, arm: Arm) -> (f64, f64) {
        let walk = self.walks[usize::from(arm == Arm::New)];
        let noisy = |usual: f64| if usual >= 1.0 { 1.0 } else { (usual * (walk.errors + walk.burst).exp()).min(0.9) };
        (noisy((self.scenario.errors)(t, arm)), (self.scenario.slow)(t, arm) * walk.latency.exp())
    }

    fn walk(&mut self) {
        let Some(Noise { errors, latency, lasting, bursts }) = self.scenario.noise else { return };
        let kept = (-1.0 / lasting).exp();
        let fresh = (1.0 - kept * kept).sqrt();
        for walk in &mut self.walks {
            let z: f64 = StandardNormal.sample(&mut self.rng);
            walk.latency = walk.latency.mul_add(kept, fresh * latency * z);
            if bursts {
                walk.burst_left -= 1.0;
                if walk.burst_left <= 0.0 {
                    walk.burst = 0.0;
                    if self.rng.random_bool(1.0 / 300.0) {
                        walk.burst_left = lasting * self.rng.random::<f64>();
                        // Pareto with index 2: one burst in a hundred is ten times the usual.
                        walk.burst = -errors * self.rng.random::<f64>().max(1e-6).ln() / 2.0;
                    }
                }
            } else {
                let z: f64 = StandardNormal.sample(&mut self.rng);
                walk.errors = walk.errors.mul_add(kept, fresh * errors * z);
            }
        }
    }

    fn probe(&mut self) -> bool {
        if self.scenario.blips == 0.0 {
            return true;
        }
        self.blip_left -= 1.0;
        if self.blip_left <= 0.0 && self.rng.random_bool(self.scenario.blips / 3600.0) {
            self.blip_left = Exp::new(0.2f64).map_or(5.0, |blip| blip.sample(&mut self.rng)).max(1.0);
        }
        self.blip_left <= 0.0
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a Poisson count is a small whole number"
    )]
    fn counts(&mut self, expected: f64, errors: f64, slow: f64) -> Counts {
        let requests = Poisson::new(expected).map_or(0.0, |count| count.sample(&mut self.rng)) as u64;
        let failed = Binomial::new(requests, errors.min(1.0)).map_or(0, |count| count.sample(&mut self.rng));
        let mut latencies = Latencies::none(self.edges);
        if requests > 300 {
            self.spread(requests, slow, &mut latencies);
        } else {
            self.sampler.draw(&mut self.rng, requests, slow, &mut latencies);
        }
        Counts { requests: requests as f64, errors: failed as f64, latencies: Some(latencies) }
    }

    /// Many requests at once: a multinomial, cell by cell.
    #[expect(clippy::cast_possible_truncation, reason = "as many as there were requests in half a minute")]
    fn spread(&mut self, requests: u64, slow: f64, latencies: &mut Latencies) {
        if self.shares.slow.to_bits() != slow.to_bits() {
            self.shares = Shares { slow, below: 0.0, cells: std::mem::take(&mut self.shares.cells) };
            self.shares.cells.clear();
        }
        let mut left = requests;
        for cell in 0..self.edges.cells() {
            let share = self.shares.of(cell, self.edges);
            if share < 1e-12 {
                continue;
            }
            let here = Binomial::new(left, share).map_or(0, |count| count.sample(&mut self.rng));
            latencies.add(cell, here as u32);
            left -= here;
            if left == 0 {
                return;
            }
        }
    }
}

/// How many of the requests that are in no cell before are in each cell, 0 to 1, when all are so many times as slow as usual.
/// Most services are as slow in one block as in the next, and few requests come to the last cells.
struct Shares {
    slow: f64,
    /// The share of all requests in the cells that are known.
    below: f64,
    cells: Vec<f64>,
}

impl Shares {
    /// The share of a cell; cells are asked for in order.
    fn of(&mut self, cell: usize, edges: &Edges) -> f64 {
        if let Some(share) = self.cells.get(cell) {
            return *share;
        }
        let up_to = edges.upper(cell).map_or(1.0, |edge| normal((edge / (MEDIAN * self.slow)).ln() / SPREAD));
        let left = if cell == 0 { 1.0 } else { (1.0 - self.below).max(1e-300) };
        let share = ((up_to - self.below) / left).clamp(0.0, 1.0);
        self.below = up_to;
        self.cells.push(share);
        share
    }
}
