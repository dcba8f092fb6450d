//! Verifying a way back: what must run runs, what is required holds, and then the checks that are made once.

use std::time::Duration;

use backout_core::journal::{Body, LogsSince};
use backout_core::plan::Step;
use backout_core::policy::{Check, Verdict};
use backout_core::run::{State, StepStatus};

use crate::error::EngineError;
use crate::look::{
    Expected, Survey, advice, arrived, ask_all, bars, log_checks, manual_checks, mark_logs, red, smoke_checks,
};
use crate::run::drive::Driver;

/// How long a signal may take to come back where nothing is observed afterwards: rates look minutes back.
const COMES_DOWN_WITHIN: Duration = Duration::from_secs(120);
/// Time between two looks at them.
const PAUSE: Duration = Duration::from_secs(5);

impl Driver<'_> {
    pub(in crate::run) async fn verify(&self) -> Result<Body, EngineError> {
        let state = self.machine.state();
        let logs = self.marked_logs().await?;
        let target = self.checkpoint(state.plan.as_ref().map(|plan| &plan.target)).await?;
        // What a person takes back was red before: that is why.
        let failed_before =
            state.checks_before.iter().filter(|check| state.has_deploy() && check.verdict == Verdict::Unhealthy);
        let red_before = failed_before.map(|check| check.name.clone()).collect();
        let is_stopped = matches!(state.stopped, Some((false, _)));
        let expected = Expected { target: target.as_ref(), steps: to_be_there(state), red_before, is_stopped };
        let mut survey = arrived(self.world, &expected).await;
        let advice = advice(self.world, &survey.samples);
        survey.checks.extend(advice);
        if state.plan.is_some() && !is_stopped && !survey.checks.iter().any(Check::blocks) {
            self.check_once(&mut survey, &logs).await;
        }
        let red = red(self.world, &survey.samples);
        Ok(Body::Verified { checks: survey.checks, facts: survey.facts, red })
    }

    /// From where it counts what is logged. Where files ended once what was last changed was done is recorded if it is not yet.
    async fn marked_logs(&self) -> Result<LogsSince, EngineError> {
        let mut logs = self.machine.state().logs.clone();
        if logs.files.is_none() && self.world.environment.verify.logs.is_some() {
            let files = mark_logs(self.world).await;
            self.append_aside(&Body::LogsMarked { files: files.clone() }).await?;
            logs.files = Some(files);
        }
        Ok(logs)
    }

    /// Only what holds otherwise is worth a smoke check: each is made once.
    async fn check_once(&self, survey: &mut Survey, logs: &LogsSince) {
        survey.checks.extend(smoke_checks(self.world).await);
        survey.checks.extend(log_checks(self.world, logs).await);
        if self.is_to_be_observed() {
            survey.samples.extend(ask_all(self.world).await);
        }
        survey.checks.extend(self.bars().await);
        survey.checks.extend(manual_checks(self.world, &[]));
    }

    /// What signals must come back to. Where the environment is observed afterwards, it is told here and judged there.
    async fn bars(&self) -> Vec<Check> {
        let deadline = self.world.clock.now() + COMES_DOWN_WITHIN;
        let is_judged_later = self.is_to_be_observed();
        loop {
            let checks = bars(self.world).await;
            let is_waited_for = !is_judged_later && checks.iter().any(|check| check.verdict == Verdict::Unhealthy);
            if !is_waited_for || self.world.clock.now() >= deadline {
                return checks.into_iter().map(|check| Check { is_advisory: is_judged_later, ..check }).collect();
            }
            self.world.clock.sleep(PAUSE).await;
        }
    }

    fn is_to_be_observed(&self) -> bool {
        self.machine.state().started.as_ref().is_some_and(|started| started.observe_ms > 0)
    }
}

/// The steps whose targets must be there: all of them, or, where health recovered before they were through, those done.
fn to_be_there(state: &State) -> Vec<&Step> {
    let has_recovered = matches!(state.stopped, Some((true, _)));
    let is_done = |step: &&Step| !has_recovered || state.steps.get(&step.id) == Some(&StepStatus::Done);
    state.plan.iter().flat_map(|plan| &plan.steps).filter(is_done).collect()
}
