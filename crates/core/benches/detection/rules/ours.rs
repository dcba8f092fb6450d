//! The detector of `backout`, as it is.

use backout_core::detect::{Against, Bucket, Detector, History, Settings, Watched};

use super::{Before, Look, Rule};
use crate::scenario::Mode;

/// 700 MB.
const LIMIT: f64 = 7e8;

pub(crate) struct Ours {
    pub(crate) detector: Detector,
}

impl Ours {
    pub(crate) fn new(before: &Before) -> Self {
        let mut history = History::new(before.edges.clone());
        for block in &before.blocks {
            history.add(block);
        }
        for (second, is_up) in (-1800..0).map(f64::from).zip(&before.up) {
            history.add(&Bucket { at: second, span: 1.0, up: Some(*is_up), ..Bucket::default() });
        }
        let against = match before.mode {
            Mode::Replace => Against::Before,
            Mode::Canary => Against::Beside { share: 0.1, latencies: true },
        };
        let used = before
            .blocks
            .iter()
            .filter_map(|block| block.memory)
            .fold(None, |most: Option<f64>, used| Some(most.map_or(used, |most| most.max(used))));
        let watched = Watched { memory: used.map(|used| (LIMIT, used)), ..Watched::default() };
        Self { detector: Detector::new(Settings::default(), &history, against, watched) }
    }
}

impl Rule for Ours {
    fn name(&self) -> &'static str {
        "backout"
    }

    fn second(&mut self, look: &mut Look<'_>) -> bool {
        if self.detector.observe(look.bucket).is_none() {
            return false;
        }
        let is_dependency = (look.confirm)(self.detector.questions());
        if is_dependency {
            self.detector.excuse(look.bucket.at);
        }
        !is_dependency
    }
}
