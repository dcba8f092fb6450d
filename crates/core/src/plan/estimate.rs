//! How long steps took in past runs.

use std::collections::BTreeMap;

use crate::id::ServiceName;

/// Durations of past steps, by kind of action and service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Estimates {
    took_ms: BTreeMap<(String, Option<ServiceName>), Vec<u64>>,
}

impl Estimates {
    /// Remembers that an action took so long, in milliseconds.
    pub fn remember(&mut self, kind: &str, service: Option<&ServiceName>, took_ms: u64) {
        self.took_ms.entry((kind.to_owned(), service.cloned())).or_default().push(took_ms);
    }

    /// The median, in milliseconds; `None` for what was never seen.
    #[must_use]
    pub fn median_ms(&self, kind: &str, service: Option<&ServiceName>) -> Option<u64> {
        let mut seen = self.took_ms.get(&(kind.to_owned(), service.cloned()))?.clone();
        seen.sort_unstable();
        seen.get(seen.len() / 2).copied()
    }
}
