//! The boundary: the largest share of bad requests that is still as before.

use super::super::settings::Settings;
use super::dispersion::Noise;

/// The quantile of the normal distribution for 99.95 % on one side.
const Z: f64 = 3.29;

/// How many healthy requests are believed in with no history at all: only a majority of failures condemns then.
const UNKNOWN: f64 = 20.0;

/// No service's errors are as even as chance makes them, however even they looked in half an hour: the least noise of
/// errors, where there were enough of them to speak of noise.
const UNEVEN: f64 = 0.05;
const FEWEST: f64 = 10.0;

/// What is tolerated of one kind of bad requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Boundary {
    /// The share that is as before, with what is tolerated on top: 0 to 1.
    usual: f64,
    early: Early,
    /// How much more the rate varies than by chance, at most: the square of its coefficient of variation. Counts are weighed
    /// with it, so that the share above is of the mean alone.
    pub(crate) noise: f64,
}

/// What is tolerated at a cold start.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Early {
    /// A share that is gone soon: 0 to 1.
    Failing(f64),
    /// The shares of requests that were so slow before that they are not slower now than a cold start may make them; one for
    /// each step of the first minute and a half.
    Slow([f64; STEPS]),
}

/// How the time of a cold start is divided: in twelve steps of eight seconds.
const STEPS: usize = 12;
const STEP: f64 = 8.0;

/// How many requests there were before, how many of them bad, and how much their rate varied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    pub(crate) requests: f64,
    pub(crate) bad: f64,
    pub(crate) noise: Noise,
}

impl Boundary {
    /// What is tolerated of failing requests.
    pub(crate) fn of_errors(settings: &Settings, before: Seen) -> Self {
        let usual = (upper(before) * settings.tolerance).max(settings.floor);
        let noise = if before.bad < FEWEST { 0.0 } else { before.noise.most.max(UNEVEN) };
        Self { usual, early: Early::Failing(settings.warm), noise }
    }

    /// What is tolerated of requests beyond a latency: those that were beyond it before, had everything been as much slower as
    /// is tolerated. It goes by how many were beyond a latency that is so many times smaller.
    pub(crate) fn of_latency(settings: &Settings, before: impl Fn(f64) -> Seen) -> Self {
        let usual = before(settings.slower);
        let mut shares = [0.0; STEPS];
        let mut starts = 0.0;
        for share in &mut shares {
            *share = upper(before(settings.slowness(starts))) * noisy(usual.noise.square);
            starts += STEP;
        }
        let noise = usual.noise.square;
        Self { usual: upper(usual) * noisy(noise), early: Early::Slow(shares), noise }
    }

    /// The share that is tolerated so many seconds after the deploy.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index; what is beyond is none")]
    pub(crate) fn tolerated(&self, seconds: f64) -> f64 {
        match &self.early {
            Early::Failing(warm) => self.usual.max(warm * Settings::cold(seconds)),
            Early::Slow(shares) => shares.get((seconds / STEP).max(0.0) as usize).copied().unwrap_or(self.usual),
        }
    }
}

/// How many times its mean a rate of this noise may reach in a block.
fn noisy(noise: f64) -> f64 {
    2.0f64.mul_add(noise.sqrt(), 1.0)
}

/// The upper bound of the share of bad requests: the Gamma quantile by Wilson and Hilferty. Noise makes fewer of the
/// requests that there were.
fn upper(Seen { requests, bad, noise }: Seen) -> f64 {
    let thinner = 1.0 + noise.of_mean * bad;
    let requests = (requests / thinner).max(UNKNOWN);
    if bad == 0.0 {
        return -(0.0005f64.ln()) / requests;
    }
    let a = bad / thinner + 1.0;
    let root = 1.0 - 1.0 / (9.0 * a) + Z / (3.0 * a.sqrt());
    a * root.powi(3) / requests
}
