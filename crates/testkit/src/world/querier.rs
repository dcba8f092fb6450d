//! A server of numbers in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_core::config::{CountedSignal, PromSignal};
use backout_core::detect::{QueryAnswer, Snapshot, WrittenAnswer, snapshots};
use backout_core::id::SignalName;
use backout_core::port::{Clock, Over, Pending, Querier};
use jiff::Timestamp;

/// Requests that a service had, from a moment on.
#[derive(Debug, Clone, Copy)]
struct Traffic {
    from: f64,
    per_second: f64,
    failing: f64,
}

/// Answers with the numbers it was given; a signal without one has no data. Clones share them.
#[derive(Clone)]
pub struct MemoryQuerier {
    clock: Arc<dyn Clock>,
    numbers: Arc<Mutex<BTreeMap<SignalName, f64>>>,
    traffic: Arc<Mutex<BTreeMap<SignalName, Vec<Traffic>>>>,
    asked: Arc<Mutex<Vec<Vec<SignalName>>>>,
    takes: Arc<Mutex<Duration>>,
}

impl MemoryQuerier {
    /// A server without any data.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, numbers: Arc::default(), traffic: Arc::default(), asked: Arc::default(), takes: Arc::default() }
    }

    /// From now on a signal has this number; `None` takes its data away.
    pub fn set(&self, signal: &SignalName, number: Option<f64>) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        match number {
            Some(number) => numbers.insert(signal.clone(), number),
            None => numbers.remove(signal),
        };
    }

    /// From so many seconds from now on a signal counts so many requests a second, of which such a share (0 to 1) fails.
    pub fn counts(&self, signal: &SignalName, in_seconds: f64, per_second: f64, failing: f64) {
        let from = seconds(self.clock.now()) + in_seconds;
        let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.entry(signal.clone()).or_default().push(Traffic { from, per_second, failing });
    }

    /// From now on nobody answers for a signal of counters.
    pub fn forgets(&self, signal: &SignalName) {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).remove(signal);
    }

    /// How long every round of questions takes from now on.
    pub fn takes(&self, duration: Duration) {
        *self.takes.lock().unwrap_or_else(PoisonError::into_inner) = duration;
    }

    /// The rounds of questions until now.
    #[must_use]
    pub fn asked(&self) -> Vec<Vec<SignalName>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Querier for MemoryQuerier {
    fn ask<'a>(&'a self, signals: &'a [PromSignal]) -> Pending<'a, Vec<QueryAnswer>> {
        Box::pin(async move {
            let round = signals.iter().map(|signal| signal.name.clone()).collect();
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(round);
            let takes = *self.takes.lock().unwrap_or_else(PoisonError::into_inner);
            self.clock.sleep(takes).await;
            let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let answer = |signal: &PromSignal| match numbers.get(&signal.name) {
                Some(value) => QueryAnswer::Number { value: *value, samples: None },
                None => QueryAnswer::Nothing { why: "the query has no data".to_owned() },
            };
            signals.iter().map(answer).collect()
        })
    }

    fn count<'a>(
        &'a self,
        signal: &'a CountedSignal,
        over: Option<Over>,
    ) -> Pending<'a, Result<Vec<Snapshot>, String>> {
        Box::pin(async move {
            let takes = *self.takes.lock().unwrap_or_else(PoisonError::into_inner);
            self.clock.sleep(takes).await;
            let traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner).get(&signal.name).cloned();
            let traffic = traffic.ok_or("connection refused")?;
            let times: Vec<f64> = match over {
                None => vec![seconds(self.clock.now())],
                Some(Over { from, to, step }) => {
                    let step = step.as_secs_f64();
                    let times = std::iter::successors(Some(seconds(from)), |at| Some(at + step));
                    times.take_while(|at| *at <= seconds(to)).collect()
                }
            };
            let body = written(&traffic, &times);
            snapshots(&WrittenAnswer { status: 200, location: None, body: body.as_bytes(), is_cut: false })
        })
    }
}

/// What a server answers about these times.
fn written(traffic: &[Traffic], times: &[f64]) -> String {
    let series = |of: &str, share: fn(&Traffic) -> f64| {
        let points: Vec<String> = times
            .iter()
            .filter(|at| traffic.first().is_some_and(|first| **at >= first.from))
            .map(|at| format!("[{at}, \"{}\"]", counted(traffic, *at, share).floor()))
            .collect();
        let metric = format!("{{\"__name__\": \"{of}\", \"backout_of\": \"{of}\"}}");
        format!("{{\"metric\": {metric}, \"values\": [{}]}}", points.join(", "))
    };
    let all = [series("requests", |_| 1.0), series("errors", |traffic| traffic.failing)].join(", ");
    format!("{{\"status\": \"success\", \"data\": {{\"resultType\": \"matrix\", \"result\": [{all}]}}}}")
}

/// How many there have been by a time.
fn counted(traffic: &[Traffic], at: f64, share: fn(&Traffic) -> f64) -> f64 {
    let ends = traffic.iter().skip(1).map(|next| next.from).chain([f64::INFINITY]);
    let each = traffic
        .iter()
        .zip(ends)
        .map(|(traffic, end)| (end.min(at) - traffic.from).max(0.0) * traffic.per_second * share(traffic));
    each.sum()
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
