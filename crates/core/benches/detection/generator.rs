//! The generator: seeded, second by second, half an hour before the deploy and half an hour after it.

use backout_core::detect::{Edges, Latencies};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, Exp, Poisson, StandardNormal};

use crate::sampler::{Sampler, normal};
use crate::scenario::{Arm, Mode, Noise, Scenario};

/// The median latency in seconds, and the spread of its logarithm: the 99th percentile is 160 ms.
pub(crate) const MEDIAN: f64 = 0.05;
pub(crate) const SPREAD: f64 = 0.5;

/// What became of one arm's requests.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) latencies: Latencies,
}

/// One stretch of time, of a second after the deploy, of half a minute before it.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) at: f64,
    pub(crate) span: f64,
    /// None where the figures are lost.
    pub(crate) new: Option<Counts>,
    /// The old version's beside, of a canary.
    pub(crate) old: Option<Counts>,
    pub(crate) up: bool,
    pub(crate) memory: Option<f64>,
    pub(crate) dependency_down: bool,
}

/// Makes one deploy.
pub(crate) struct Generator<'a> {
    scenario: &'a Scenario,
    edges: &'a Edges,
    sampler: &'a Sampler,
    rng: ChaCha8Rng,
    walks: [Walk; 2],
    blip_left: f64,
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
        Self { scenario, edges, sampler, rng, walks: [Walk::default(); 2], blip_left: 0.0 }
    }

    /// Half an hour before the deploy: blocks of half a minute, and what the probe said each second.
    pub(crate) fn before(&mut self) -> (Vec<Stretch>, Vec<bool>) {
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
            Stretch { at: start, span: 30.0, new, old: None, up: true, memory, dependency_down: false }
        });
        let blocks = blocks.collect();
        (blocks, up)
    }

    /// One second after the deploy.
    pub(crate) fn second(&mut self, second: u32) -> Stretch {
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
        Stretch { at: t, span: 1.0, new, old, up, memory, dependency_down }
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
        Counts { requests, errors: failed, latencies }
    }

    /// Many requests at once: a multinomial, cell by cell.
    #[expect(clippy::cast_possible_truncation, reason = "as many as there were requests in half a minute")]
    fn spread(&mut self, requests: u64, slow: f64, latencies: &mut Latencies) {
        let (mut left, mut share_left) = (requests, 1.0);
        let mut below = 0.0;
        for cell in 0..self.edges.cells() {
            let up_to = match self.edges.upper(cell) {
                Some(edge) => normal((edge / (MEDIAN * slow)).ln() / SPREAD),
                None => 1.0,
            };
            let share: f64 = ((up_to - below) / share_left).clamp(0.0, 1.0);
            below = up_to;
            share_left = (1.0f64 - up_to).max(1e-300);
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
