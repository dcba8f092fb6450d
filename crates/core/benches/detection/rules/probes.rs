//! Fixed failure counts of a probe, as container platforms and simple monitors have them.

use super::{Look, Rule};

/// Three failures in a row of a probe that is asked every so many seconds.
pub(super) struct Fails {
    name: &'static str,
    every: u32,
    failed: u32,
}

impl Fails {
    pub(super) fn new(name: &'static str, every: u32) -> Self {
        Self { name, every, failed: 0 }
    }
}

impl Rule for Fails {
    fn name(&self) -> &'static str {
        self.name
    }

    fn second(&mut self, look: &mut Look<'_>) -> bool {
        // The first look comes somewhere within the first period.
        if look.second % self.every == self.every / 2 {
            self.failed = if look.bucket.up == Some(true) { 0 } else { self.failed + 1 };
        }
        self.failed >= 3
    }
}
