//! Measures: how often a rule was wrong, how often it found what was bad, and how late.

use serde::Serialize;

/// What one rule did in all runs of one scenario.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcomes {
    pub(crate) runs: u32,
    /// Alarms before anything was bad.
    pub(crate) early: u32,
    /// Seconds from the onset to the alarm, the alarm's second included.
    pub(crate) delays: Vec<u32>,
    /// Of which run spoke when, in any order of the runs: what decides alike has the same.
    pub(crate) digest: u64,
}

/// One row: one scenario and one rule.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    pub(crate) mode: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) runs: u32,
    /// Healthy scenarios: false rollbacks in 10,000 deploys, and their 95 % interval by Clopper and Pearson.
    pub(crate) false_per_10k: Option<f64>,
    pub(crate) interval_per_10k: Option<(f64, f64)>,
    /// Bad scenarios: the share that was found, 0 to 1.
    pub(crate) found: Option<f64>,
    pub(crate) median_s: Option<f64>,
    pub(crate) p95_s: Option<f64>,
    /// The same in two versions of a rule that spoke in the same second of each of these runs.
    pub(crate) digest: String,
}

impl Outcomes {
    /// Takes in one run: when it went bad, and when the rule spoke.
    pub(crate) fn run(&mut self, run: u32, onset: Option<u32>, alarm: Option<u32>) {
        self.runs += 1;
        self.digest = self.digest.wrapping_add(mixed(u64::from(run) << 32 | u64::from(alarm.unwrap_or(u32::MAX))));
        match (onset, alarm) {
            (None, Some(_)) => self.early += 1,
            (Some(onset), Some(alarm)) if alarm >= onset => self.delays.push(alarm - onset + 1),
            (Some(_), Some(_)) => self.early += 1,
            (_, None) => {}
        }
    }

    pub(crate) fn merge(&mut self, other: Outcomes) {
        self.runs += other.runs;
        self.early += other.early;
        self.digest = self.digest.wrapping_add(other.digest);
        self.delays.extend(other.delays);
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of runs")]
    pub(crate) fn found(&self) -> f64 {
        self.delays.len() as f64 / f64::from(self.runs.max(1))
    }

    pub(crate) fn false_per_10k(&self) -> f64 {
        f64::from(self.early) / f64::from(self.runs.max(1)) * 1e4
    }

    /// The delay that so large a share of all runs was found within; none where fewer were found at all.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    pub(crate) fn delay(&self, share: f64) -> Option<f64> {
        let mut sorted = self.delays.clone();
        sorted.sort_unstable();
        let index = (share * f64::from(self.runs)).ceil().max(1.0) as usize - 1;
        sorted.get(index).map(|delay| f64::from(*delay))
    }

    /// The 95 % interval of false rollbacks in 10,000.
    pub(crate) fn interval(&self) -> (f64, f64) {
        let (k, n) = (self.early, self.runs);
        let at_most = |p: f64| (0..=k).map(|i| binomial(n, i, p)).sum::<f64>();
        let at_least = |p: f64| 1.0 - (0..k).map(|i| binomial(n, i, p)).sum::<f64>();
        let lower = if k == 0 { 0.0 } else { bisect(|p| at_least(p) < 0.025) };
        let upper = if k == n { 1.0 } else { bisect(|p| at_most(p) > 0.025) };
        (lower * 1e4, upper * 1e4)
    }
}

/// Spreads a number over all bits (SplitMix64), so that sums of such numbers tell runs apart.
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

/// The largest share for which a condition that holds at 0 still holds.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

fn binomial(n: u32, k: u32, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return f64::from(u8::from((p <= 0.0) == (k == 0) && (p > 0.0 || k == 0)));
    }
    let choose: f64 = (0..k).map(|i| (f64::from(n - i) / f64::from(i + 1)).ln()).sum();
    (choose + f64::from(k) * p.ln() + f64::from(n - k) * (-p).ln_1p()).exp()
}
