//! The detector: evidence of all signals of one service through one watch, and the moment at which it is enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::before::{Boundary, Edges, History};
use super::bucket::Bucket;
use super::line::{Line, Recent, Test};
use super::settings::Settings;
use super::signal::Signal;
use super::statistic::{Beside, Counted, FAILING, Memory, Restarts, SLOW, Split, UpDown};
use super::words;

/// What the new version is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Against {
    /// How it was before: the new version took all traffic over.
    Before,
    /// The old version beside, of which the new one takes a share of the traffic.
    Beside {
        /// The share that the new version is meant to get: 0 to 1.
        share: f64,
        /// Whether the old version's latencies are measured as well; if not, they are compared with those before.
        latencies: bool,
    },
}

/// What is measured, beside what the history has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watched {
    /// How many instances there are, where their restarts are counted.
    pub instances: Option<f64>,
    /// Whether nobody counts requests: only a probe is asked.
    pub only_probe: bool,
    /// The limit of the memory in bytes, where its use is measured, and how much was in use before at most.
    pub memory: Option<(f64, f64)>,
}

/// For how long after a dependency came back nothing is held against the deploy, in seconds.
const HOLD: f64 = 30.0;

/// How often a dependency may answer and still be what is wrong: seven of ten questions.
const ANSWERED: f64 = 0.7;

/// The share of the budget for false alarms that may be spent on such a dependency that happens to answer all: 0 to 1.
const ON_DEPENDENCIES: f64 = 0.1;

/// No dependency is asked more questions at once: they take two seconds at most.
const MOST_QUESTIONS: u32 = 60;

/// Weighs buckets through one watch.
#[derive(Debug, Clone)]
pub struct Detector {
    settings: Settings,
    edges: Edges,
    lines: Vec<Line>,
    memory: Option<Memory>,
    held_until: f64,
    requests: f64,
    /// How often what was held against the deploy was taken back.
    excused: u32,
}

/// The evidence at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// When, in seconds since the deploy.
    pub at: f64,
    /// The evidence of all signals together: 1 says nothing; its inverse is an always-valid p-value.
    pub value: f64,
    /// What it takes.
    pub needed: f64,
    /// Requests of the new version so far.
    pub requests: f64,
    /// What each signal says, the loudest first.
    pub signals: Vec<SignalEvidence>,
}

/// What one signal says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignalEvidence {
    /// The signal.
    pub signal: Signal,
    /// Its evidence, before its share of the budget is applied.
    pub value: f64,
    /// Its share of the budget: 0 to 1.
    pub weight: f64,
    /// In a sentence.
    pub what: String,
}

impl Detector {
    /// A detector that has seen nothing of the new version yet.
    #[must_use]
    pub fn new(settings: Settings, history: &History, against: Against, watched: Watched) -> Self {
        let mut lines: Vec<Line> = tests(&settings, history, against, watched)
            .into_iter()
            .map(|(signal, test)| Line { signal, weight: signal.weight(), test, recent: Recent::default() })
            .collect();
        let all: f64 = lines.iter().map(|line| line.weight).sum();
        for line in &mut lines {
            line.weight /= all;
        }
        let memory = watched.memory.map(|(limit, before)| Memory::new(limit, before));
        let edges = history.edges().clone();
        Self { settings, edges, lines, memory, held_until: f64::NEG_INFINITY, requests: 0.0, excused: 0 }
    }

    /// Weighs a bucket; they come in order. Answers with the evidence as soon as it is enough to call the deploy bad.
    ///
    /// While something that the service depends on is down, and a little longer, nothing is held against the deploy.
    pub fn observe(&mut self, bucket: &Bucket) -> Option<Evidence> {
        if bucket.dependency_down {
            self.held_until = bucket.at + bucket.span + HOLD;
        }
        self.requests += bucket.new.as_ref().map_or(0.0, |counts| counts.requests);
        if bucket.at < self.held_until {
            self.lines.iter_mut().for_each(|line| line.pass(&self.settings, bucket.at));
            return None;
        }
        self.lines.iter_mut().for_each(|line| line.weigh(&self.settings, &self.edges, bucket));
        let leak = self.memory.as_mut().zip(bucket.memory).and_then(|(memory, used)| memory.bucket(bucket.at, used));
        if let Some(leak) = leak {
            let mut evidence = self.evidence(bucket.at);
            let what = words::leak(leak);
            evidence.signals.insert(0, SignalEvidence { signal: Signal::Memory, value: f64::MAX, weight: 0.0, what });
            return Some(evidence);
        }
        (self.value() >= self.settings.needed()).then(|| self.evidence(bucket.at))
    }

    /// Takes back what was held against the deploy: it was a dependency. Nothing is held against it for a while.
    pub fn excuse(&mut self, at: f64) {
        self.lines.iter_mut().for_each(Line::forget);
        self.held_until = at + HOLD;
        self.excused = self.excused.saturating_add(1);
    }

    /// How many questions each dependency has to answer, all of them, before evidence that is enough now may count as the
    /// deploy's own.
    ///
    /// A tenth of the budget for false alarms is kept for this, of which the first time spends half, the second a quarter, and
    /// so on: a dependency that answers seven of ten passes for one that is well with at most that chance through the whole
    /// watch, however often it is asked.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number above 0")]
    pub fn questions(&self) -> u32 {
        let halvings = f64::from(self.excused) + 1.0;
        let chance = (self.settings.false_alarms * ON_DEPENDENCIES).ln() - halvings * std::f64::consts::LN_2;
        ((chance / ANSWERED.ln()).ceil().max(1.0) as u32).min(MOST_QUESTIONS)
    }

    /// How much memory it takes, in bytes, but for the edges, which all detectors of a service share.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.lines.capacity() * size_of::<Line>() + self.memory.as_ref().map_or(0, Memory::held)
    }

    /// The evidence of all signals together.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.lines.iter().map(|line| line.weight * line.value()).sum()
    }

    /// Requests of the new version so far.
    #[must_use]
    pub fn requests(&self) -> f64 {
        self.requests
    }

    /// What is said so many seconds after the deploy, and why.
    #[must_use]
    pub fn evidence(&self, at: f64) -> Evidence {
        let of = |line: &Line| SignalEvidence {
            signal: line.signal,
            value: line.value(),
            weight: line.weight,
            what: words::line(line, &self.edges, at),
        };
        let mut signals: Vec<SignalEvidence> = self.lines.iter().map(of).collect();
        signals.sort_by(|a, b| (b.weight * b.value).total_cmp(&(a.weight * a.value)));
        Evidence { at, value: self.value(), needed: self.settings.needed(), requests: self.requests, signals }
    }
}

fn tests(settings: &Settings, history: &History, against: Against, watched: Watched) -> Vec<(Signal, Test)> {
    let mut tests = Vec::new();
    if !watched.only_probe {
        tests.push((Signal::Errors, errors(settings, history, against)));
    }
    for signal in [Signal::LatencyP50, Signal::LatencyP90, Signal::LatencyP99] {
        let edge = signal.quantile().and_then(|quantile| history.reached(quantile, settings.slower));
        tests.extend(edge.map(|edge| (signal, latency(settings, history, edge, against))));
    }
    tests.extend(history.blips().map(|blips| (Signal::Probe, Test::Probe(UpDown::new(blips)))));
    let restarts = |instances| Test::Restarts(Restarts::new(history.restarts(), instances));
    tests.extend(watched.instances.map(|instances| (Signal::Restarts, restarts(instances))));
    tests
}

fn errors(settings: &Settings, history: &History, against: Against) -> Test {
    let before = history.errors();
    match against {
        Against::Before => Test::Failing(Counted::new(Boundary::of_errors(settings, before), &FAILING)),
        Against::Beside { share, .. } => {
            // A cold start may fail five times as often.
            let split = Split { share, tolerance: settings.tolerance, cold: 5.0, noise: before.noise };
            Test::FailingBeside(Beside::new(split, &FAILING))
        }
    }
}

fn latency(settings: &Settings, history: &History, edge: usize, against: Against) -> Test {
    let seconds = history.edges().upper(edge).unwrap_or(f64::INFINITY);
    let before = |slower: f64| history.slower(seconds / slower);
    match against {
        Against::Before | Against::Beside { latencies: false, .. } => {
            Test::Slow(edge, Counted::new(Boundary::of_latency(settings, before), &SLOW))
        }
        Against::Beside { share, .. } => {
            let split = Split { share, tolerance: 1.0, cold: 0.0, noise: before(settings.slower).noise };
            Test::SlowBeside(edge, history.edges().cut(seconds), Beside::new(split, &SLOW))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_that_a_dependency_was_to_blame_it_is_asked_more_so_that_the_budget_holds() {
        let settings = Settings::default();
        let history = History::new(Edges::fine());
        let mut detector = Detector::new(settings.clone(), &history, Against::Before, Watched::default());
        let mut chance = 0.0;
        let asked: Vec<u32> = (0..60)
            .map(|minute| {
                let questions = detector.questions();
                chance += ANSWERED.powf(f64::from(questions));
                detector.excuse(f64::from(minute) * HOLD);
                questions
            })
            .collect();
        assert_eq!(asked[..3], [28, 30, 32]);
        assert_eq!(asked.last(), Some(&MOST_QUESTIONS));
        assert!(chance <= settings.false_alarms * ON_DEPENDENCIES, "{chance}");
    }
}
