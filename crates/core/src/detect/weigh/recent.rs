//! What was counted of late, so that an alarm can say how much worse it is and not only that it is.

use std::collections::VecDeque;

use crate::detect::evidence::{Counts, Evidence, History, Latencies, Signal};
use crate::policy::Worse;

/// As far back as an alarm looks, in seconds.
const SPAN: f64 = 30.0;

/// A signal that brought a tenth of the loudest was heard.
const HEARD: f64 = 10.0;

/// What was counted within the last seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent(VecDeque<(f64, Counts)>);

impl Recent {
    /// Takes in what was counted up to a moment, in seconds.
    pub(super) fn add(&mut self, at: f64, counts: Counts) {
        self.0.push_back((at, counts));
        while self.0.front().is_some_and(|(first, _)| *first < at - SPAN) {
            self.0.pop_front();
        }
    }

    /// How much worse than before it is, by what was heard.
    pub(super) fn worse(&self, evidence: &Evidence, history: Option<&History>) -> Option<Worse> {
        let loudest = evidence.signals.first()?;
        let least = loudest.weight * loudest.value / HEARD;
        let heard = evidence.signals.iter().filter(|signal| signal.weight * signal.value >= least);
        let rises = heard.filter_map(|heard| self.rise(history?, heard.signal));
        let latency_rise = rises.max_by(f64::total_cmp);
        Some(Worse { what: loudest.signal, error_rate: self.error_rate(), latency_rise })
    }

    fn error_rate(&self) -> Option<f64> {
        let sum = |of: fn(&Counts) -> f64| self.0.iter().map(|(_, counts)| of(counts)).sum::<f64>();
        let requests = sum(|counts| counts.requests);
        (requests > 0.0).then(|| sum(Counts::bad) / requests)
    }

    /// How much longer requests take than before, at the quantile that a signal is about. Where some are beyond the last edge
    /// that is measured, it is that much at least.
    fn rise(&self, history: &History, signal: Signal) -> Option<f64> {
        let (quantile, edges) = (signal.quantile()?, history.edges());
        let mut now = Latencies::none(edges);
        self.0.iter().filter_map(|(_, counts)| counts.latencies.as_ref()).for_each(|latencies| now.merge(latencies));
        let before = history.within(quantile)?;
        let last = || edges.cells().checked_sub(2).and_then(|last| edges.upper(last)).filter(|_| now.total() > 0.0);
        let now = now.within(edges, quantile).or_else(last)?;
        Some((now / before - 1.0).max(0.0))
    }
}
