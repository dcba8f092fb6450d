//! The history: buckets from before the deploy, in blocks of 30 s.

use super::super::bucket::{Bucket, Counts};
use super::blips::{Blips, Counting};
use super::boundary::Seen;
use super::dispersion::noise;
use super::latency::{Edges, Latencies};

/// The length of a block, in seconds.
const BLOCK: f64 = 30.0;

/// How it was before the deploy. Half an hour of it is a beginning, a day is better.
#[derive(Debug, Clone)]
pub struct History {
    edges: Edges,
    blocks: Vec<Block>,
    latencies: Latencies,
    blips: Counting,
    has_probe: bool,
    restarts: f64,
    seconds: f64,
}

#[derive(Debug, Clone)]
struct Block {
    ends: f64,
    requests: f64,
    errors: f64,
    latencies: Latencies,
}

impl History {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(edges: Edges) -> Self {
        let latencies = Latencies::none(&edges);
        let (blocks, blips) = (Vec::new(), Counting::default());
        Self { edges, blocks, latencies, blips, has_probe: false, restarts: 0.0, seconds: 0.0 }
    }

    /// Takes in a bucket; they come in order.
    pub fn add(&mut self, bucket: &Bucket) {
        self.seconds += bucket.span;
        if let Some(is_up) = bucket.up {
            self.has_probe = true;
            self.blips.look(bucket.span, is_up);
        }
        self.restarts += f64::from(bucket.restarts.unwrap_or(0));
        if let Some(counts) = &bucket.new {
            self.count(bucket.at, counts);
        }
    }

    fn count(&mut self, at: f64, counts: &Counts) {
        if self.blocks.last().is_none_or(|block| at >= block.ends) {
            let latencies = Latencies::none(&self.edges);
            let ends = (at / BLOCK).floor().mul_add(BLOCK, BLOCK);
            self.blocks.push(Block { ends, requests: 0.0, errors: 0.0, latencies });
        }
        let Some(block) = self.blocks.last_mut() else { return };
        block.requests += counts.requests;
        block.errors += counts.bad();
        if let Some(latencies) = &counts.latencies {
            block.latencies.merge(latencies);
            self.latencies.merge(latencies);
        }
    }

    /// The edges that latencies are counted between.
    #[must_use]
    pub fn edges(&self) -> &Edges {
        &self.edges
    }

    /// How a probe was; none where none was asked.
    #[must_use]
    pub fn blips(&self) -> Option<Blips> {
        self.has_probe.then(|| self.blips.blips())
    }

    /// Restarts a second.
    #[must_use]
    pub fn restarts(&self) -> f64 {
        if self.seconds > 0.0 { self.restarts / self.seconds } else { 0.0 }
    }

    /// How many requests there were.
    #[must_use]
    pub fn requests(&self) -> f64 {
        // The sum of no numbers would be below zero, and be said so.
        self.blocks.iter().fold(0.0, |sum, block| sum + block.requests)
    }

    /// Whether it was red: half of the requests failed, or the probe was down more often than up.
    pub(crate) fn was_red(&self) -> bool {
        let errors = self.errors();
        let failed = errors.requests > 0.0 && errors.bad * 2.0 >= errors.requests;
        failed || self.has_probe && self.blips.was_down()
    }

    pub(crate) fn errors(&self) -> Seen {
        self.seen(|block| (block.requests, block.errors))
    }

    /// The latency that so large a share (0 to 1) was within, in seconds; none where that is beyond the last edge.
    pub(crate) fn within(&self, share: f64) -> Option<f64> {
        self.latencies.within(&self.edges, share)
    }

    /// The edge that a request of those that so large a share (0 to 1) was within reaches when it takes so many times as long;
    /// none where that is beyond the last.
    pub(crate) fn reached(&self, share: f64, slower: f64) -> Option<usize> {
        let within = self.within(share)?;
        self.edges.at_least(within * slower)
    }

    /// Requests that took longer than this, in seconds.
    pub(crate) fn slower(&self, seconds: f64) -> Seen {
        let cut = self.edges.cut(seconds);
        self.seen(|block| (block.latencies.total(), block.latencies.slower(&cut)))
    }

    fn seen(&self, of: impl Fn(&Block) -> (f64, f64)) -> Seen {
        let blocks: Vec<(f64, f64)> = self.blocks.iter().map(of).collect();
        let (requests, bad) = blocks.iter().fold((0.0, 0.0), |sum, block| (sum.0 + block.0, sum.1 + block.1));
        Seen { requests, bad, noise: noise(&blocks) }
    }
}
