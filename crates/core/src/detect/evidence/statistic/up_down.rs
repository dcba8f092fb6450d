//! The test of a probe that answers yes or no: two states, and how often each is left.
//!
//! | alternative | up to down  | down to up         |
//! |-------------|-------------|--------------------|
//! | as before   | its blips   | its mean blip      |
//! | down        | every other | after five minutes |
//! | flapping    | 0.1 /s      | 0.08 /s            |

use super::super::before::Blips;
use super::super::settings::Settings;
use super::mixture::Mixture;

/// A probe against how it was before.
#[derive(Debug, Clone)]
pub(crate) struct UpDown {
    blips: Blips,
    was_up: bool,
    mixture: Mixture<2>,
}

impl UpDown {
    pub(crate) fn new(blips: Blips) -> Self {
        Self { was_up: blips.last_up, blips, mixture: Mixture::new() }
    }

    pub(crate) fn bucket(&mut self, settings: &Settings, (seconds, span): (f64, f64), is_up: bool) {
        self.mixture.start(settings.spent(seconds));
        let within = |rate: f64| 1.0 - (-rate * span).exp();
        let fall = within(self.blips.an_hour / 3600.0);
        let rise = within(1.0 / self.blips.mean);
        let worse = [(0.5, within(1.0 / 300.0)), (within(0.1), within(0.08))];
        let was_up = std::mem::replace(&mut self.was_up, is_up);
        self.mixture.weigh(worse.map(|(falls, rises)| {
            let ratio: f64 = match (was_up, is_up) {
                (true, true) => (1.0 - falls) / (1.0 - fall),
                (true, false) => falls / fall,
                (false, true) => rises / rise,
                (false, false) => (1.0 - rises) / (1.0 - rise),
            };
            ratio.ln()
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
