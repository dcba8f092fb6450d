//! What each wanted act is, in terms of the world. Nothing is decided here.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::detect::{Judge, Rules};
use backout_core::id::{ServiceName, StepId};
use backout_core::inventory::{Checkpoint, Fact, Version, changed_between};
use backout_core::journal::{Body, DeployExit, RunResult, StepOutcome};
use backout_core::plan::{Step, safety};
use backout_core::policy::Verdict;
use backout_core::run::{Act as Wanted, CapturePurpose};

use crate::capture::{Care, capture};
use crate::collect::observe;
use crate::drive::Driver;
use crate::error::EngineError;
use crate::execute::Before;
use crate::history::checkpoints;
use crate::prepare::{Prepared, prepare};
use crate::switch::in_words;
use crate::verify::{Expected, arrived, red, required, survey};
use crate::watch::{Pace, watch};

/// How long a deploy command that outlived its guard is waited for before the watch begins beside it.
const ORPHAN: Duration = Duration::from_secs(3);

impl Driver<'_> {
    pub(crate) async fn act(&self, wanted: Wanted) -> Result<Body, EngineError> {
        match wanted {
            Wanted::LookBefore => self.look_before().await,
            Wanted::Capture(purpose) => self.capture(purpose).await,
            Wanted::Arm => Ok(match self.world.deployer.arm(&self.run).await {
                Ok(pid) => Body::Armed { pid },
                Err(error) => not_begun("the dead-man's switch could not be armed", &in_words(&error)),
            }),
            Wanted::StartDeploy => Ok(match self.world.deployer.start().await {
                Ok((pid, started_ticks)) => Body::DeploySpawned { pid, started_ticks },
                Err(error) => Body::DeployEnded { exit: DeployExit::NotStarted { why: in_words(&error) } },
            }),
            Wanted::AwaitDeploy { pid, started_ticks } => Ok(self.await_deploy(pid, started_ticks).await),
            Wanted::LookAfter => Ok(self.look_after().await),
            Wanted::Watch => Ok(self.watch().await),
            Wanted::Plan => self.plan().await,
            Wanted::Execute { step, attempt } => self.execute(step, attempt).await,
            Wanted::Reobserve { step, attempt } => self.reobserve(step, attempt).await,
            Wanted::Undo { step } => self.undo(step).await,
            Wanted::Verify => self.verify().await,
        }
    }

    async fn look_before(&self) -> Result<Body, EngineError> {
        let survey = survey(self.world).await;
        let records = self.world.store.records(&self.world.environment.name, &[]).await?;
        let has_good_checkpoint = backout_core::inventory::last_known_good(&checkpoints(&records)).is_some();
        let red = red(self.world, &survey.samples);
        Ok(Body::BeforeSeen { facts: survey.facts, red, checks: survey.checks, has_good_checkpoint })
    }

    async fn capture(&self, purpose: CapturePurpose) -> Result<Body, EngineError> {
        let (why, care) = match purpose {
            CapturePurpose::BeforeDeploy => ("what ran before a deploy", Care::Complete),
            CapturePurpose::BeforeRollback => ("what ran before a rollback", Care::BestEffort),
            CapturePurpose::Kept => ("what a deploy led to", Care::Complete),
        };
        let taken = capture(self.world, Some(&self.run), why, care).await;
        if purpose == CapturePurpose::BeforeRollback
            && let Some(body) = self.replan_if_moved().await?
        {
            return Ok(body);
        }
        Ok(match (taken, purpose) {
            (Ok(checkpoint), _) => Body::CheckpointTaken { checkpoint: Box::new(checkpoint) },
            (Err(error), CapturePurpose::Kept) => Body::RunEnded {
                result: RunResult::KeptUnproven,
                summary: format!("the deploy was kept, and could not be recorded: {}", in_words(&error)),
            },
            (Err(error), _) => not_begun("what runs could not be recorded", &in_words(&error)),
        })
    }

    /// A plan is void when the world has moved. An automatic run plans again; a person is told.
    async fn replan_if_moved(&self) -> Result<Option<Body>, EngineError> {
        let Some(plan) = &self.machine.state().plan else { return Ok(None) };
        let facts = observe(self.world).await;
        let Some(refusal) = safety::stale_facts(&plan.facts, &facts) else { return Ok(None) };
        if plan.request.is_automatic {
            return self.plan().await.map(Some);
        }
        Ok(Some(Body::Refused { refusals: vec![refusal] }))
    }

    async fn await_deploy(&self, pid: u32, started_ticks: u64) -> Body {
        let deployer = &self.world.deployer;
        if self.machine.state().is_resumed {
            tokio::select! {
                exit = deployer.wait(pid, started_ticks) => return Body::DeployEnded { exit },
                () = self.world.clock.sleep(ORPHAN) => return Body::DeployEnded { exit: DeployExit::Unseen },
            }
        }
        let exit = tokio::select! {
            exit = deployer.wait(pid, started_ticks) => exit,
            () = self.world.clock.sleep(self.world.environment.guard.deploy_limit) => {
                deployer.stop(pid, started_ticks).await;
                DeployExit::TimedOut
            }
        };
        Body::DeployEnded { exit }
    }

    async fn look_after(&self) -> Body {
        let facts = observe(self.world).await;
        let changed = changed_between(&self.machine.state().before, &facts);
        Body::AfterSeen { facts, changed }
    }

    async fn watch(&self) -> Body {
        let state = self.machine.state();
        let guard = &self.world.environment.guard;
        let judge = Judge::new(Rules {
            triggers: self.world.environment.triggers.clone(),
            required: required(self.world),
            red_before: state.red_before.iter().cloned().collect(),
            before: state.before.clone(),
        });
        let until = state.after_at.unwrap_or_else(|| self.world.clock.now()) + guard.soak;
        Body::Judged { judgement: watch(self.world, judge, Pace::AtLeast(guard.every), until).await }
    }

    /// A deploy command that still runs would race with the way back: it is ended first.
    async fn plan(&self) -> Result<Body, EngineError> {
        let state = self.machine.state();
        if let (Some((pid, started_ticks)), Some(DeployExit::Unseen)) = (state.deploy, &state.exit) {
            self.world.deployer.stop(pid, started_ticks).await;
        }
        let Some(started) = &state.started else { return Ok(Body::Refused { refusals: Vec::new() }) };
        let prepared = prepare(self.world, &started.request, &suspect(&state.after, &state.changed)).await?;
        Ok(match prepared {
            Prepared::Refused(refusals) => Body::Refused { refusals },
            Prepared::Plan(plan) if !plan.blocked_by.is_empty() => Body::Refused { refusals: plan.blocked_by },
            Prepared::Plan(plan) => match safety::target_is_what_runs(&plan) {
                Some(refusal) => Body::Refused { refusals: vec![refusal] },
                None => Body::PlanMade { plan },
            },
        })
    }

    async fn execute(&self, id: StepId, attempt: u32) -> Result<Body, EngineError> {
        let state = self.machine.state();
        let red: Vec<String> = state.red_before.iter().map(ToString::to_string).collect();
        let before = Before { checks: &state.checks_before, red: &red };
        let begun = self.world.clock.now();
        let outcome = match self.step(id) {
            Some(step) => self.as_act().execute(step, &before).await,
            None => StepOutcome::Unclear { why: "the plan has no such step".to_owned() },
        };
        Ok(Body::StepEnded { step: id, attempt, outcome, took_ms: self.since(begun) })
    }

    async fn reobserve(&self, id: StepId, attempt: u32) -> Result<Body, EngineError> {
        let begun = self.world.clock.now();
        let outcome = match self.step(id) {
            Some(step) => self.as_act().reobserve(step).await,
            None => StepOutcome::Unclear { why: "the plan has no such step".to_owned() },
        };
        Ok(Body::StepEnded { step: id, attempt, outcome, took_ms: self.since(begun) })
    }

    async fn undo(&self, id: StepId) -> Result<Body, EngineError> {
        let present = self.checkpoint(self.machine.state().present.as_ref()).await?;
        let outcome = match self.step(id) {
            Some(step) => self.as_act().undo(step, present.as_ref()).await,
            None => StepOutcome::Unclear { why: "the plan has no such step".to_owned() },
        };
        Ok(Body::UndoEnded { step: id, outcome })
    }

    async fn verify(&self) -> Result<Body, EngineError> {
        let state = self.machine.state();
        let target = self.checkpoint(state.plan.as_ref().map(|plan| &plan.target)).await?;
        let was_red = |verdict| verdict != Verdict::Healthy && state.exit.is_some();
        let red_before =
            state.checks_before.iter().filter(|check| was_red(check.verdict)).map(|check| check.name.clone()).collect();
        let services = state.plan.as_ref().map(|plan| plan.changed()).unwrap_or_default();
        let survey = arrived(self.world, &Expected { target: target.as_ref(), services, red_before }).await;
        Ok(Body::Verified { checks: survey.checks, facts: survey.facts })
    }

    fn step(&self, id: StepId) -> Option<&Step> {
        self.machine.state().plan.as_ref()?.step(id)
    }

    async fn checkpoint(&self, id: Option<&backout_core::id::CheckpointId>) -> Result<Option<Checkpoint>, EngineError> {
        let Some(id) = id else { return Ok(None) };
        let records = self.world.store.records(&self.world.environment.name, &["checkpoint_taken"]).await?;
        Ok(checkpoints(&records).into_iter().map(|graded| graded.checkpoint).find(|checkpoint| checkpoint.id == *id))
    }

    fn since(&self, begun: jiff::Timestamp) -> u64 {
        u64::try_from(self.world.clock.now().duration_since(begun).as_millis()).unwrap_or(0)
    }
}

fn not_begun(what: &str, why: &str) -> Body {
    Body::RunEnded { result: RunResult::Refused, summary: format!("{what}, so nothing was changed: {why}") }
}

/// What the deploy put there: the versions under suspicion.
fn suspect(after: &[Fact], changed: &[ServiceName]) -> BTreeMap<ServiceName, Version> {
    let of_changed = after.iter().filter(|fact| changed.contains(&fact.service));
    of_changed.filter_map(|fact| Some((fact.service.clone(), fact.version()?.clone()))).collect()
}
