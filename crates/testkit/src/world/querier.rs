//! A server of numbers in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_core::config::PromSignal;
use backout_core::detect::QueryAnswer;
use backout_core::id::SignalName;
use backout_core::port::{Clock, Pending, Querier};

/// Answers with the numbers it was given; a signal without one has no data. Clones share them.
#[derive(Clone)]
pub struct MemoryQuerier {
    clock: Arc<dyn Clock>,
    numbers: Arc<Mutex<BTreeMap<SignalName, f64>>>,
    asked: Arc<Mutex<Vec<Vec<SignalName>>>>,
    takes: Arc<Mutex<Duration>>,
}

impl MemoryQuerier {
    /// A server without any data.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, numbers: Arc::default(), asked: Arc::default(), takes: Arc::default() }
    }

    /// From now on a signal has this number; `None` takes its data away.
    pub fn set(&self, signal: &SignalName, number: Option<f64>) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        match number {
            Some(number) => numbers.insert(signal.clone(), number),
            None => numbers.remove(signal),
        };
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
}
