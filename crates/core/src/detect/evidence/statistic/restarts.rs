//! The test of restarts: a Poisson likelihood ratio against how often instances restarted before.

use super::super::settings::Settings;
use super::mixture::Mixture;

/// A healthy instance may restart once a day, in restarts a second.
const ALLOWED: f64 = 1.0 / 86_400.0;

/// How often an instance of a bad version restarts: every five minutes, every minute; in restarts a second.
const WORSE: [f64; 2] = [1.0 / 300.0, 1.0 / 60.0];

/// Restarts against how many there were before.
#[derive(Debug, Clone)]
pub(crate) struct Restarts {
    before: f64,
    instances: f64,
    mixture: Mixture<2>,
}

impl Restarts {
    /// Goes by how many restarts a second all instances together had before.
    pub(crate) fn new(before: f64, instances: f64) -> Self {
        let instances = instances.max(1.0);
        Self { before: before.max(ALLOWED * instances), instances, mixture: Mixture::new() }
    }

    pub(crate) fn bucket(&mut self, settings: &Settings, (seconds, span): (f64, f64), restarts: f64) {
        self.mixture.start(settings.spent(seconds));
        self.mixture.weigh(WORSE.map(|worse| {
            let worse = (worse * self.instances).max(self.before * 2.0);
            restarts * (worse / self.before).ln() - (worse - self.before) * span
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
