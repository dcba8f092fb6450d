//! What each wanted act is, in terms of the world. Nothing is decided here.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::id::{CheckpointId, StepId};
use backout_core::inventory::{Checkpoint, Origin, Seen, last_known_good};
use backout_core::journal::{Around, Body, RunResult, StepOutcome};
use backout_core::plan::{Step, safety};
use backout_core::policy::{Refusal, quarantined};
use backout_core::port::PortError;
use backout_core::run::{Act as Wanted, CapturePurpose};

use super::capture::{Care, Purpose, capture, moved_since};
use super::drive::Driver;
use super::last_resort::means;
use super::step::Before;
use super::switch::in_words;
use crate::error::EngineError;
use crate::look::{
    all_seen, ask_all, changed_since, look_at_databases, nor_was_it_there, observe, red, settled, snapshot,
};
use crate::past::{checkpoints, unpin};
use crate::prepare::{Prepared, prepare};

/// How long a guard waits for what is just starting before it says how things were.
const SETTLES_WITHIN: Duration = Duration::from_secs(10);
/// How often an automatic run plans anew because the world has moved, before it leaves that to a person.
const PLANS: usize = 5;

impl Driver<'_> {
    pub(super) async fn act(&self, wanted: Wanted) -> Result<Body, EngineError> {
        match wanted {
            Wanted::LookBefore if self.machine.state().is_noticed() => self.before_noticed().await,
            Wanted::LookBefore => self.look_before().await,
            Wanted::Capture(CapturePurpose::BeforeRollback) => {
                self.beside_signals(Around::Before, self.capture(CapturePurpose::BeforeRollback)).await
            }
            Wanted::Capture(purpose) => self.capture(purpose).await,
            Wanted::Arm => self.arm().await,
            Wanted::StartDeploy => Ok(self.start_deploy().await),
            Wanted::AwaitDeploy { pid, started_ticks } => Ok(self.await_deploy(pid, started_ticks).await),
            Wanted::LookAfter if self.machine.state().is_noticed() => self.after_noticed().await,
            Wanted::LookAfter => self.look_after().await,
            Wanted::Decide => self.decide().await,
            Wanted::AwaitFix { by } => self.await_fix(by).await,
            Wanted::FallBack { name } => Ok(self.fall_back(name).await),
            Wanted::Watch => Ok(self.watch().await),
            Wanted::Plan => self.plan().await,
            Wanted::AwaitApprovals { by } => self.await_approvals(by).await,
            Wanted::Execute { step, attempt } => self.execute(step, attempt).await,
            Wanted::Reobserve { step, attempt } => self.reobserve(step, attempt).await,
            Wanted::Undo { step } => self.undo(step).await,
            Wanted::Verify if self.machine.state().plan.is_some() => {
                self.beside_signals(Around::After, self.verify()).await
            }
            Wanted::Verify => self.verify().await,
            Wanted::Maintain => self.maintain().await,
            Wanted::Observe => Ok(self.observe().await),
            Wanted::Repair => Ok(self.repair().await),
        }
    }

    /// Does something while what the signals say is kept.
    async fn beside_signals(
        &self,
        around: Around,
        act: impl Future<Output = Result<Body, EngineError>>,
    ) -> Result<Body, EngineError> {
        let keep = async {
            let samples = snapshot(self.world).await;
            match samples.is_empty() {
                true => Ok(()),
                false => self.append_aside(&Body::SignalsKept { around, samples }).await,
            }
        };
        let (kept, done) = tokio::join!(keep, act);
        kept.and(done)
    }

    async fn look_before(&self) -> Result<Body, EngineError> {
        // A deploy can wait for what still starts; a person who goes back cannot.
        let within = if self.machine.state().is_guard() { SETTLES_WITHIN } else { Duration::ZERO };
        // A person who goes back does not wait for servers that are asked about a deploy.
        let asked = async { if self.machine.state().is_guard() { ask_all(self.world).await } else { Vec::new() } };
        let (mut survey, asked) = tokio::join!(settled(self.world, within), asked);
        let records = self.world.store.records(&self.world.environment.name, &[]).await?;
        let graded = checkpoints(&records);
        let good = last_known_good(&graded);
        if let Some(good) = good {
            nor_was_it_there(&mut survey, &good.checkpoint, |fact| fact.seen == Seen::Absent);
        }
        survey.checks.extend(self.smoke_before().await);
        survey.samples.extend(asked);
        let red = red(self.world, &survey.samples);
        let has_good_checkpoint = good.is_some();
        let quarantined = quarantined(&graded);
        let named = if self.machine.state().is_guard() { self.named(&quarantined, &survey.facts).await } else { None };
        let not_kept = self.not_kept_first().await?.map(Box::new);
        Ok(Body::BeforeSeen {
            facts: survey.facts,
            red,
            checks: survey.checks,
            has_good_checkpoint,
            means: means(self.world, self.machine.state().drill().is_some()),
            quarantined,
            named,
            not_kept,
            not_confirmed: self.not_confirmed().map(Box::new),
        })
    }

    async fn capture(&self, purpose: CapturePurpose) -> Result<Body, EngineError> {
        let (why, care, origin) = match purpose {
            CapturePurpose::BeforeDeploy => ("what ran before a deploy", Care::Complete, Origin::Before),
            CapturePurpose::BeforeRollback => ("what ran before a rollback", Care::BestEffort, Origin::Before),
            CapturePurpose::Kept => ("what a deploy led to", Care::Complete, Origin::Deployed),
            CapturePurpose::Noticed => ("what a deploy led to that nobody had told of", Care::Complete, Origin::Found),
        };
        let backups = match purpose {
            CapturePurpose::BeforeDeploy => match self.back_up().await? {
                Ok(backups) => backups,
                Err(error) => return Ok(self.not_begun("a restore point could not be taken", &in_words(&error))),
            },
            CapturePurpose::BeforeRollback | CapturePurpose::Kept | CapturePurpose::Noticed => BTreeMap::new(),
        };
        let is_tagged = purpose == CapturePurpose::BeforeDeploy && self.machine.state().drill().is_none();
        let taken = capture(self.world, Some(&self.run), &Purpose { why, care, origin, is_tagged, backups }).await;
        let taken = match taken {
            Ok(checkpoint) if purpose != CapturePurpose::BeforeRollback => self.unless_moved(checkpoint, purpose).await,
            taken => taken,
        };
        if purpose == CapturePurpose::BeforeRollback
            && let Some(body) = self.replan_if_moved().await?
        {
            if let Ok(checkpoint) = &taken {
                self.forget(checkpoint).await;
            }
            return Ok(body);
        }
        Ok(match (taken, purpose) {
            (Ok(checkpoint), _) => Body::CheckpointTaken { checkpoint: Box::new(checkpoint) },
            (Err(error), CapturePurpose::Kept) => Body::RunEnded {
                result: RunResult::KeptUnproven,
                summary: format!("the deploy was kept, and could not be recorded: {}", in_words(&error)),
            },
            (Err(error), CapturePurpose::Noticed) => Body::RunEnded {
                result: RunResult::KeptUnproven,
                summary: format!("what was noticed could not be recorded: {}", in_words(&error)),
            },
            (Err(error), _) => self.not_begun("what runs could not be recorded", &in_words(&error)),
        })
    }

    /// A checkpoint is graded by what was seen of the very versions that it has.
    async fn unless_moved(&self, checkpoint: Checkpoint, purpose: CapturePurpose) -> Result<Checkpoint, PortError> {
        let state = self.machine.state();
        let seen = if purpose == CapturePurpose::BeforeDeploy { &state.before } else { &state.after };
        let Some(service) = moved_since(seen, &checkpoint) else { return Ok(checkpoint) };
        self.forget(&checkpoint).await;
        let what = format!("`{service}` was changed by somebody else while it was recorded");
        Err(PortError::new(what).hint("wait until nobody else deploys, then run the same command again"))
    }

    /// Nobody will know of this checkpoint. Pins that cannot be taken away cost some space, not the way back.
    async fn forget(&self, checkpoint: &Checkpoint) {
        drop(unpin(self.world, checkpoint).await);
    }

    /// A plan is void when the world has moved, unless planning again leads to the very same steps. An automatic run goes
    /// on with the new plan; a person, who agreed to the old one, is told.
    async fn replan_if_moved(&self) -> Result<Option<Body>, EngineError> {
        let Some(plan) = &self.machine.state().plan else { return Ok(None) };
        let facts = observe(self.world).await;
        let databases =
            look_at_databases(self.world).await.into_iter().map(|fact| (fact.database.clone(), fact)).collect();
        let moved = safety::stale_facts(&plan.facts, &facts);
        let Some(refusal) = moved.or_else(|| safety::stale_data(plan.data_facts.as_ref(), &databases)) else {
            return Ok(None);
        };
        match self.plan().await? {
            Body::PlanMade { plan: again } if again.steps == plan.steps => Ok(None),
            again if plan.request.is_automatic && self.plans_made().await? < PLANS => Ok(Some(again)),
            _ => Ok(Some(Body::Refused { refusals: vec![refusal] })),
        }
    }

    async fn plans_made(&self) -> Result<usize, EngineError> {
        let records = self.world.store.run(&self.run).await?;
        Ok(records.iter().filter(|record| matches!(record.body, Body::PlanMade { .. })).count())
    }

    /// The end of a run that cannot begin to change anything. After a deploy that went bad, that needs a person.
    pub(super) fn not_begun(&self, what: &str, why: &str) -> Body {
        if !self.machine.state().tried.is_empty() {
            let summary = format!("{what}, so going back was not tried again: {why}");
            return Body::RunEnded { result: RunResult::NotVerified, summary };
        }
        if self.machine.state().has_deploy() {
            let summary = format!("{what}, so what was deployed is still there: {why}");
            return Body::RunEnded { result: RunResult::Held, summary };
        }
        Body::RunEnded { result: RunResult::Refused, summary: format!("{what}, so nothing was changed: {why}") }
    }

    async fn look_after(&self) -> Result<Body, EngineError> {
        let (facts, changed) = changed_since(self.world, &self.machine.state().before).await;
        let data = self.databases_after().await?;
        if !changed.is_empty() || !data.changed.is_empty() {
            self.keep_vaults().await?;
        }
        Ok(Body::AfterSeen { facts, changed, data })
    }

    /// Nobody would ask again for an automatic run that is refused because a platform is out of sight for a moment.
    async fn plan(&self) -> Result<Body, EngineError> {
        let state = self.machine.state();
        let Some(started) = &state.started else { return Ok(Body::Refused { refusals: Vec::new() }) };
        if started.request.is_automatic {
            all_seen(self.world).await;
        }
        let records = self.world.store.records(&self.world.environment.name, &[]).await?;
        let wish = match state.wish(&checkpoints(&records)) {
            Ok(wish) => wish,
            Err(refusal) => return Ok(Body::Refused { refusals: vec![refusal] }),
        };
        Ok(match prepare(self.world, &wish, &state.suspect()).await? {
            Prepared::Refused(refusals) => Body::Refused { refusals },
            Prepared::Plan(mut plan) => {
                state.excuse(&mut plan);
                let stale = started.agreed.as_ref().and_then(|agreed| safety::stale_plan(agreed, &plan));
                let refusals: Vec<Refusal> = stale.into_iter().chain(plan.blocked_by.iter().cloned()).collect();
                if refusals.is_empty() { Body::PlanMade { plan } } else { Body::Refused { refusals } }
            }
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

    fn step(&self, id: StepId) -> Option<&Step> {
        self.machine.state().plan.as_ref()?.step(id)
    }

    pub(super) async fn checkpoint(&self, id: Option<&CheckpointId>) -> Result<Option<Checkpoint>, EngineError> {
        let Some(id) = id else { return Ok(None) };
        let records = self.world.store.records(&self.world.environment.name, &["checkpoint_taken"]).await?;
        Ok(checkpoints(&records).into_iter().map(|graded| graded.checkpoint).find(|checkpoint| checkpoint.id == *id))
    }

    fn since(&self, begun: jiff::Timestamp) -> u64 {
        u64::try_from(self.world.clock.now().duration_since(begun).as_millis()).unwrap_or(0)
    }
}
