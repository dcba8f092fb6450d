//! Somebody who looks on.

use std::sync::{Arc, Mutex, PoisonError};

use backout_core::detect::Sample;
use backout_core::journal::Record;
use backout_core::port::{Progress, Watcher};

/// Keeps what it was told. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct RecordingWatcher {
    told: Arc<Mutex<(Vec<Record>, Vec<Sample>)>>,
    finishing: Arc<Mutex<Vec<String>>>,
}

impl RecordingWatcher {
    /// The records it was told of.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// The samples it was told of.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// What it was told is finished first.
    #[must_use]
    pub fn finishing(&self) -> Vec<String> {
        self.finishing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Watcher for RecordingWatcher {
    fn finishing(&self, what: &str) {
        self.finishing.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_owned());
    }

    fn recorded(&self, record: &Record) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).0.push(record.clone());
    }

    fn sampled(&self, sample: &Sample) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).1.push(sample.clone());
    }
}

/// Nobody who looks on while a database is worked on.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn moved(&self, _: &str, _: u64, _: Option<u64>) {}
}
