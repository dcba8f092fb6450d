//! Observing the environment after it went back: until the time is over, something new goes bad, or a person ends it.
//!
//! Contract: nothing is ever changed here. What was red when the environment was verified is no news until it has been well
//! once. Whoever goes on with a run goes on observing for what is left of the time.

use std::time::Duration;

use backout_core::detect::Rules;
use backout_core::journal::{Body, Observation, ObservationResult};
use backout_core::policy::{Check, Finding, Judgement, Verdict};
use backout_core::run::State;
use jiff::Timestamp;

use super::soak::rules;
use crate::look::{Pace, Watched, Watching, log_checks, survey, watch};
use crate::run::drive::Driver;
use crate::world::World;

/// Time between two looks at the logs.
const LOGS_EVERY: Duration = Duration::from_secs(15);

/// One observation of an environment that is back. It needs no lease: nothing is changed and nothing recorded.
pub(in crate::run) struct Observing<'a> {
    pub(in crate::run) world: &'a World,
    pub(in crate::run) state: &'a State,
}

impl Driver<'_> {
    pub(in crate::run) async fn observe(&self) -> Body {
        let observing = Observing { world: self.world, state: self.machine.state() };
        tokio::select! {
            biased;
            body = observing.through() => body,
            () = self.world.interrupted() => observing.left(),
        }
    }
}

impl Observing<'_> {
    /// Observes until the time is over or something new goes bad.
    pub(in crate::run) async fn through(&self) -> Body {
        let clock = &self.world.clock;
        let until = self.since() + self.state.observing.map_or(Duration::ZERO, |(_, ms)| Duration::from_millis(ms));
        if self.state.is_resumed && clock.now() >= until {
            // Nobody looked to the end; what can be seen now is seen.
            let findings = self.at_the_end().await;
            let result = if is_news(&findings) { ObservationResult::WentBad } else { ObservationResult::Unseen };
            return self.observed(result, findings);
        }
        let judgement = tokio::select! {
            biased;
            judgement = self.watch_after(until) => judgement,
            judgement = self.watch_logs() => Some(judgement),
        };
        let Some(judgement) = judgement else { return self.left() };
        let mut findings = judgement.findings;
        if judgement.verdict != Verdict::Unhealthy {
            // What could not be measured is told, and is no news.
            findings.iter_mut().for_each(|finding| finding.was_before = true);
            findings.extend(self.at_the_end().await);
        }
        let result = if is_news(&findings) { ObservationResult::WentBad } else { ObservationResult::Held };
        self.observed(result, findings)
    }

    /// The end where somebody wants the environment before the time is over.
    pub(in crate::run) fn left(&self) -> Body {
        self.observed(ObservationResult::Left, Vec::new())
    }

    fn since(&self) -> Timestamp {
        self.state.observing.map_or_else(|| self.world.clock.now(), |(since, _)| since)
    }

    fn observed(&self, result: ObservationResult, findings: Vec<Finding>) -> Body {
        let after = self.world.clock.now().duration_since(self.since()).as_millis();
        Body::Observed { observation: Observation { result, after_ms: u64::try_from(after).unwrap_or(0), findings } }
    }

    /// The verdict; nothing where something else is deployed than what was brought back.
    async fn watch_after(&self, until: Timestamp) -> Option<Judgement> {
        let (state, now) = (self.state, self.world.clock.now());
        let rules = Rules {
            red_before: state.red_after.iter().cloned().collect(),
            before: state.facts.clone(),
            bars: self.world.environment.verify.bars.clone(),
            ..rules(self.world, state, (now, until))
        };
        // Counted signals are compared with the time before the deploy: that is what the environment went back to.
        let deployed_at = state.before_until().unwrap_or(now);
        // What a run has brought back is its own; after a noticed deploy somebody may deploy again without telling.
        let known = state.is_noticed().then_some(state.facts.as_slice());
        match watch(self.world, rules, Watching { pace: Pace::AtRest, until, deployed_at, known }).await {
            Watched::Judged(watched) => Some(watched.judgement),
            Watched::Moved => None,
        }
    }

    /// Ends with the first log that has more lines than it may.
    async fn watch_logs(&self) -> Judgement {
        loop {
            self.world.clock.sleep(LOGS_EVERY).await;
            let now = self.world.clock.now();
            if let Some(finding) = self.logs().await.into_iter().next() {
                return Judgement { findings: vec![finding], ..Judgement::plain(Verdict::Unhealthy, now) };
            }
        }
    }

    /// What does not hold at the end although it is required, and was not so when the environment was verified.
    async fn at_the_end(&self) -> Vec<Finding> {
        let before = &self.state.checks;
        let was_bad =
            |check: &Check| before.iter().any(|was| was.name == check.name && was.verdict == Verdict::Unhealthy);
        let checks = survey(self.world).await.checks;
        let new = checks.into_iter().filter(|check| check.blocks() && !was_bad(check));
        new.map(finding).chain(self.logs().await).collect()
    }

    async fn logs(&self) -> Vec<Finding> {
        let checks = log_checks(self.world, &self.state.logs).await;
        checks.into_iter().filter(Check::blocks).map(finding).collect()
    }
}

fn finding(check: Check) -> Finding {
    Finding { subject: check.name, what: check.what, was_before: false }
}

fn is_news(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| !finding.was_before)
}
