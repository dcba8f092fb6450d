//! Weighing one trigger.

use jiff::Timestamp;

use super::comparing::{Comparing, Counting};
use super::recent::Recent;
use crate::config::{Tolerated, Trigger};
use crate::detect::evidence::{Against, Bucket, Counts, Detector, Edges, Evidence, History, Watched};
use crate::detect::{Resource, Settings, Tally};
use crate::policy::Worse;

/// One trigger, and the evidence so far.
#[derive(Debug, Clone)]
pub(super) struct Weighing {
    pub(super) trigger: Trigger,
    pub(super) settings: Settings,
    /// What counts for it; none where it is about a probe.
    pub(super) counting: Option<Counting>,
    pub(super) history: Option<Past>,
    pub(super) detector: Option<Detector>,
    /// What came before the history did.
    waiting: Vec<Tally>,
    /// For how long something was measured, and for how long nothing was held against the deploy, in seconds.
    pub(super) measured: f64,
    pub(super) held: f64,
    /// Why nothing was measured the last time that nothing was.
    pub(super) why: Option<String>,
    /// An alarm that nobody has confirmed yet.
    pub(super) alarm: Option<Evidence>,
    /// Why an alarm was taken back.
    pub(super) excused: Option<String>,
    last: Option<f64>,
    /// What was counted of late.
    recent: Recent,
    /// How many restarts were told at the last look.
    restarts: f64,
}

/// How it was before the deploy.
#[derive(Debug, Clone)]
pub(super) struct Past {
    pub(super) history: History,
    /// Memory in use at most, in bytes.
    memory: f64,
}

impl Weighing {
    /// One trigger of so many. A probe has no history but how it was last.
    pub(super) fn new(comparing: &Comparing, trigger: &Trigger, tolerated: Tolerated, of: usize) -> Self {
        let counting = comparing.counting(trigger).cloned();
        let min_samples = counting.as_ref().map_or(0, |counting| counting.min_samples);
        Self {
            trigger: trigger.clone(),
            settings: comparing.settings(of, tolerated, min_samples),
            counting,
            history: None,
            detector: None,
            waiting: Vec::new(),
            measured: 0.0,
            held: 0.0,
            why: None,
            alarm: None,
            excused: None,
            last: None,
            recent: Recent::default(),
            restarts: 0.0,
        }
    }

    /// Takes in how it was before, the oldest first; what came since is weighed then.
    pub(super) fn before(&mut self, looks: &[Tally], since: Timestamp) {
        if self.history.is_some() {
            return;
        }
        let edges = Edges::new(looks.iter().flat_map(Tally::edges).collect());
        let buckets: Vec<Bucket> = looks.iter().map(|tally| tally.bucket(seconds(since), &edges)).collect();
        let requests = |of: fn(&Bucket) -> &Option<Counts>| -> f64 {
            buckets.iter().filter_map(|bucket| of(bucket).as_ref()).map(|counts| counts.requests).sum()
        };
        // A canary had no requests then: what the old version did is how it was.
        let by_old = requests(|bucket| &bucket.new) == 0.0 && requests(|bucket| &bucket.old) > 0.0;
        let mut history = History::new(edges);
        for bucket in &buckets {
            let new = if by_old { bucket.old.clone() } else { bucket.new.clone() };
            history.add(&Bucket { new, ..bucket.clone() });
        }
        let memory = looks.iter().filter_map(|tally| tally.memory).fold(0.0, f64::max);
        self.history = Some(Past { history, memory });
    }

    /// Takes in what was counted. Answers with the evidence where that is enough.
    pub(super) fn counted(&mut self, tally: &Tally, since: Timestamp, is_held: bool) -> Option<Evidence> {
        self.waiting.push(tally.clone());
        self.history.as_ref()?;
        let waiting = std::mem::take(&mut self.waiting);
        waiting.iter().find_map(|tally| self.weigh(tally, since, is_held))
    }

    fn weigh(&mut self, tally: &Tally, since: Timestamp, is_held: bool) -> Option<Evidence> {
        let past = self.history.as_ref()?;
        let bucket = tally.bucket(seconds(since), past.history.edges());
        if let Some(counts) = &bucket.new {
            self.measured += bucket.span;
            self.recent.add(tally.at, counts.clone());
        }
        if self.detector.is_none() && bucket.new.is_some() {
            self.detector = Some(self.detector(past, &bucket));
        }
        self.observe(Bucket { dependency_down: is_held, ..bucket })
    }

    /// With the old version beside it where that has requests: how traffic is split is learned from the first look.
    fn detector(&self, past: &Past, bucket: &Bucket) -> Detector {
        let requests = |counts: &Option<Counts>| counts.as_ref().map_or(1.0, |counts| counts.requests + 1.0);
        let (new, old) = (requests(&bucket.new), requests(&bucket.old));
        let is_beside = self.counting.as_ref().is_some_and(|counting| counting.is_beside);
        let share = new / (new + old);
        let against = if is_beside { Against::Beside { share, latencies: false } } else { Against::Before };
        let limit = self.counting.as_ref().and_then(|counting| counting.memory_limit);
        let watched = Watched { memory: limit.map(|limit| (limit, past.memory)), ..Watched::default() };
        Detector::new(self.settings.clone(), &past.history, against, watched)
    }

    /// Takes in whether the probe answered.
    pub(super) fn looked(
        &mut self,
        at: Timestamp,
        since: Timestamp,
        (is_up, is_held): (bool, bool),
    ) -> Option<Evidence> {
        let now = seconds(at) - seconds(since);
        let span = self.last.replace(now).map_or(0.0, |last| now - last);
        if self.detector.is_none() {
            let watched = Watched { only_probe: true, ..Watched::default() };
            let mut history = History::new(Edges::new(Vec::new()));
            history.add(&Bucket { span: 1.0, up: Some(true), ..Bucket::default() });
            self.detector = Some(Detector::new(self.settings.clone(), &history, Against::Before, watched));
            self.history = Some(Past { history, memory: 0.0 });
        }
        if span <= 0.0 {
            return None;
        }
        self.measured += span;
        self.observe(Bucket { at: now - span, span, up: Some(is_up), dependency_down: is_held, ..Bucket::default() })
    }

    /// Takes in what a service uses: memory in bytes with its limit, or restarts since the deploy with how many instances there
    /// are. How busy it is condemns nobody here.
    pub(super) fn used(
        &mut self,
        at: Timestamp,
        since: Timestamp,
        (resource, value, of): (Resource, f64, Option<f64>),
        is_held: bool,
    ) -> Option<Evidence> {
        let watched = match resource {
            Resource::Cpu => return None,
            Resource::Memory => Watched { memory: Some((of?, 0.0)), ..Watched::default() },
            Resource::Restarts => Watched { instances: Some(of.unwrap_or(1.0)), ..Watched::default() },
        };
        let now = seconds(at) - seconds(since);
        let span = now - self.last.replace(now).unwrap_or(0.0);
        if self.detector.is_none() {
            let (watched, history) = (Watched { only_probe: true, ..watched }, History::new(Edges::new(Vec::new())));
            self.detector = Some(Detector::new(self.settings.clone(), &history, Against::Before, watched));
        }
        if span <= 0.0 {
            return None;
        }
        self.measured += span;
        let bucket = Bucket { at: now - span, span, dependency_down: is_held, ..Bucket::default() };
        let bucket = match resource {
            Resource::Restarts => {
                let rise = (value - std::mem::replace(&mut self.restarts, value)).max(0.0);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, not below 0")]
                let restarts = Some(rise as u32);
                Bucket { restarts, ..bucket }
            }
            _ => Bucket { memory: Some(value), ..bucket },
        };
        self.observe(bucket)
    }

    fn observe(&mut self, bucket: Bucket) -> Option<Evidence> {
        let can_be_compared = self.can_be_compared();
        let detector = self.detector.as_mut()?;
        if bucket.dependency_down {
            self.held += bucket.span;
        }
        if self.alarm.is_some() {
            return None;
        }
        let found = detector.observe(&bucket).filter(|_| can_be_compared)?;
        self.alarm = Some(found.clone());
        Some(found)
    }

    /// How much worse than before it is, by this evidence.
    pub(super) fn worse(&self, evidence: &Evidence) -> Option<Worse> {
        self.recent.worse(evidence, self.history.as_ref().map(|past| &past.history))
    }

    /// Whether there is enough to compare with: the old version beside, or enough of how it was before.
    pub(super) fn can_be_compared(&self) -> bool {
        let Some(counting) = &self.counting else { return true };
        let before = self.history.as_ref().map_or(0.0, |past| past.history.requests());
        counting.is_beside || before >= f64::from(counting.min_samples)
    }

    /// Takes an alarm back: it was something else.
    pub(super) fn excuse(&mut self, at: Timestamp, since: Timestamp, why: String) {
        if self.alarm.take().is_some() {
            if let Some(detector) = self.detector.as_mut() {
                detector.excuse(seconds(at) - seconds(since));
            }
            self.excused = Some(why);
        }
    }
}

/// Seconds since the epoch.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age")]
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
