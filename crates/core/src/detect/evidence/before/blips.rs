//! Blips: how often a probe failed before, and for how long.

/// How a probe was before the deploy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blips {
    /// How often it fell, an hour.
    pub an_hour: f64,
    /// How long it stayed down, in seconds, on average.
    pub mean: f64,
    /// Whether it was up in the last look.
    pub last_up: bool,
}

/// No probe is believed to blip less than so often an hour, or to be down for less than these seconds.
const RAREST: f64 = 2.0;
const SHORTEST: f64 = 5.0;

/// Counts blips.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counting {
    looked: f64,
    down: f64,
    falls: f64,
    last: Option<bool>,
}

impl Counting {
    /// Takes in what a probe said over so many seconds.
    pub(crate) fn look(&mut self, span: f64, is_up: bool) {
        self.looked += span;
        if !is_up {
            self.down += span;
            if self.last != Some(false) {
                self.falls += 1.0;
            }
        }
        self.last = Some(is_up);
    }

    /// Whether it was down more often than up.
    pub(crate) fn was_down(&self) -> bool {
        self.down * 2.0 > self.looked
    }

    /// One more blip than was seen is believed in, so that a short history promises little.
    pub(crate) fn blips(&self) -> Blips {
        let up = (self.looked - self.down).max(1.0);
        let an_hour = if self.looked > 0.0 { (self.falls + 1.0) * 3600.0 / up.max(1800.0) } else { RAREST };
        let mean = (self.down + SHORTEST) / (self.falls + 1.0);
        Blips { an_hour: an_hour.max(RAREST), mean: mean.max(SHORTEST), last_up: self.last.unwrap_or(true) }
    }
}
