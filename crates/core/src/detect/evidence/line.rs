//! A line of evidence: one signal, its test, and what was seen of it of late.

use super::before::{Cut, Edges, Latencies};
use super::bucket::{Bucket, Counts};
use super::settings::Settings;
use super::signal::Signal;
use super::statistic::{Beside, Counted, Restarts, UpDown};

/// One signal with its test.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) signal: Signal,
    /// Its share of the budget: all lines together have 1.
    pub(crate) weight: f64,
    pub(crate) test: Test,
    pub(crate) recent: Recent,
}

#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// Failing requests against those before.
    Failing(Counted),
    /// Failing requests against those of the old version beside.
    FailingBeside(Beside),
    /// Requests beyond an edge against those before that would be, were they as much slower as is tolerated.
    Slow(usize, Counted),
    /// The same against those of the old version beside, which are told by a cut of their own.
    SlowBeside(usize, Cut, Beside),
    Probe(UpDown),
    Restarts(Restarts),
}

/// What was seen within the last minute or so.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Recent {
    pub(crate) all: f64,
    pub(crate) bad: f64,
}

impl Recent {
    fn add(&mut self, span: f64, all: f64, bad: f64) {
        let kept = (-span / 30.0).exp();
        self.all = self.all * kept + all;
        self.bad = self.bad * kept + bad;
    }
}

impl Line {
    /// Weighs a bucket, or lets its time pass where the signal was not measured in it.
    pub(crate) fn weigh(&mut self, settings: &Settings, edges: &Edges, bucket: &Bucket) {
        if self.measured(settings, edges, bucket).is_none() {
            self.pass(settings, bucket.at);
        }
    }

    fn measured(&mut self, settings: &Settings, edges: &Edges, bucket: &Bucket) -> Option<()> {
        let (at, span) = (bucket.at, bucket.span);
        let (all, bad) = match &mut self.test {
            Test::Failing(test) => {
                let new = failing(bucket.new.as_ref()?);
                test.bucket(settings, at, new);
                new
            }
            Test::FailingBeside(test) => {
                let new = failing(bucket.new.as_ref()?);
                test.bucket(settings, (at, span), new, failing(bucket.old.as_ref()?));
                new
            }
            Test::Slow(edge, test) => {
                let new = beyond(bucket.new.as_ref()?, |latencies| latencies.above(*edge))?;
                test.bucket(settings, at, new);
                new
            }
            Test::SlowBeside(edge, cut, test) => {
                let new = beyond(bucket.new.as_ref()?, |latencies| latencies.above(*edge))?;
                let cut = cut.moved(edges, edges.upper(*edge)? / settings.slowness(at));
                let old = beyond(bucket.old.as_ref()?, |latencies| latencies.slower(cut))?;
                test.bucket(settings, (at, span), new, old);
                new
            }
            Test::Probe(test) => {
                let is_up = bucket.up?;
                test.bucket(settings, (at, span), is_up);
                (1.0, if is_up { 0.0 } else { 1.0 })
            }
            Test::Restarts(test) => {
                let restarts = f64::from(bucket.restarts?);
                test.bucket(settings, (at, span), restarts);
                (0.0, restarts)
            }
        };
        self.recent.add(span, all, bad);
        Some(())
    }

    /// Lets time pass without looking.
    pub(crate) fn pass(&mut self, settings: &Settings, at: f64) {
        match &mut self.test {
            Test::Failing(test) | Test::Slow(_, test) => test.pass(settings, at),
            Test::FailingBeside(test) | Test::SlowBeside(_, _, test) => test.pass(settings, at),
            Test::Probe(test) => test.pass(settings, at),
            Test::Restarts(test) => test.pass(settings, at),
        }
    }

    /// The evidence of this line alone.
    pub(crate) fn value(&self) -> f64 {
        match &self.test {
            Test::Failing(test) | Test::Slow(_, test) => test.value(),
            Test::FailingBeside(test) | Test::SlowBeside(_, _, test) => test.value(),
            Test::Probe(test) => test.value(),
            Test::Restarts(test) => test.value(),
        }
    }

    /// The share of bad requests that is tolerated so many seconds after the deploy, where one is known.
    pub(crate) fn tolerated(&self, at: f64) -> Option<f64> {
        match &self.test {
            Test::Failing(test) | Test::Slow(_, test) => Some(test.tolerated(at)),
            _ => None,
        }
    }

    pub(crate) fn forget(&mut self) {
        match &mut self.test {
            Test::Failing(test) | Test::Slow(_, test) => test.forget(),
            Test::FailingBeside(test) | Test::SlowBeside(_, _, test) => test.forget(),
            Test::Probe(test) => test.forget(),
            Test::Restarts(test) => test.forget(),
        }
    }
}

fn failing(counts: &Counts) -> (f64, f64) {
    (counts.requests, counts.bad())
}

/// All requests whose latency is known, and those of them that are slow.
fn beyond(counts: &Counts, slow: impl Fn(&Latencies) -> f64) -> Option<(f64, f64)> {
    let latencies = counts.latencies.as_ref()?;
    Some((latencies.total(), slow(latencies)))
}
