//! The deploy command: started once, waited for, ended where it waits for what cannot come, watched beside where it outlived
//! the process that started it.

use std::time::Duration;

use backout_core::detect::SignalPath;
use backout_core::id::CheckpointId;
use backout_core::inventory::Fact;
use backout_core::journal::{Body, DeployExit};
use backout_core::policy::{Judgement, Quarantined, Refusal, Verdict, named, not_confirmed, not_kept_first};
use futures_util::future::join_all;

use super::drive::Driver;
use super::switch::in_words;
use crate::error::EngineError;
use crate::look::{changed_until_now, in_trouble};
use crate::past::checkpoints;

/// How long a deploy command that outlived its guard may take to end before the watch begins beside it.
const ORPHAN: Duration = Duration::from_secs(3);

/// How long platforms may take to say what the deploy command would start, and git to take a tag: what cannot be said in time is
/// seen after it.
const SAID_WITHIN: Duration = Duration::from_secs(10);

impl Driver<'_> {
    /// The checkpoint in quarantine that the deploy command says it brings back.
    pub(super) async fn named(&self, quarantined: &[Quarantined], before: &[Fact]) -> Option<CheckpointId> {
        let argv = self.world.deployer.argv();
        if quarantined.is_empty() || argv.is_empty() {
            return None;
        }
        let asked = join_all(self.world.platforms.iter().map(|hosted| hosted.platform.would_start(&argv)));
        let starts = tokio::select! {
            starts = asked => starts.into_iter().flatten().collect(),
            () = self.world.clock.sleep(SAID_WITHIN) => return None,
        };
        named(quarantined, before, &starts).map(|it| it.checkpoint.clone())
    }

    /// Why what is checked out may not be deployed yet, where it must have been kept elsewhere first. A drill deploys nothing.
    pub(super) async fn not_kept_first(&self) -> Result<Option<Refusal>, EngineError> {
        let state = self.machine.state();
        let Some(gate) = self.world.environment.guard.kept_first.as_ref() else { return Ok(None) };
        if !state.is_guard() || state.drill().is_some() {
            return Ok(None);
        }
        let here = tokio::select! {
            said = self.world.repository.source() => said.unwrap_or(None),
            () = self.world.clock.sleep(SAID_WITHIN) => None,
        };
        let kinds = ["checkpoint_taken", "checkpoint_released", "graded"];
        let elsewhere = checkpoints(&self.world.store.records(&gate.environment, &kinds).await?);
        Ok(not_kept_first(gate, here.as_ref(), &elsewhere, self.world.clock.now()))
    }

    /// Why the deploy may not begin, where something that must be so before it was not confirmed. A drill deploys nothing.
    pub(super) fn not_confirmed(&self) -> Option<Refusal> {
        let state = self.machine.state();
        let started = state.started.as_ref().filter(|_| state.is_guard() && state.drill().is_none())?;
        not_confirmed(&self.world.environment.guard.asks, &started.circumstances.confirmed)
    }

    /// The last thing before the deploy command. A tag that git does not take stands in the way of nothing, and is told.
    pub(super) async fn arm(&self) -> Result<Body, EngineError> {
        let taken = self.machine.state().last_checkpoint.as_ref().map(|(id, _)| id);
        if let Some(tag) = self.checkpoint(taken).await?.and_then(|checkpoint| checkpoint.tag) {
            self.append_aside(&self.tagged(tag).await).await?;
        }
        Ok(match self.world.deployer.arm(&self.run).await {
            Ok(pid) => Body::Armed { pid },
            Err(error) => self.not_begun("the dead-man's switch could not be armed", &in_words(&error)),
        })
    }

    async fn tagged(&self, tag: String) -> Body {
        let tagged = tokio::select! {
            tagged = self.world.repository.tag(&tag) => tagged.map_err(|error| in_words(&error)),
            () = self.world.clock.sleep(SAID_WITHIN) => Err(format!("git did not answer within {} s", SAID_WITHIN.as_secs())),
        };
        match tagged {
            Ok(commit) => Body::Tagged { tag, commit: Some(commit), why: String::new() },
            Err(why) => Body::Tagged { tag, commit: None, why },
        }
    }

    pub(super) async fn start_deploy(&self) -> Body {
        match self.world.deployer.start().await {
            Ok((pid, started_ticks)) => Body::DeploySpawned { pid, started_ticks },
            Err(error) => Body::DeployEnded { exit: DeployExit::NotStarted { why: in_words(&error) } },
        }
    }

    /// What could not be repaired is told, and the verification says how everything is.
    pub(super) async fn repair(&self) -> Body {
        let Some(drill) = self.machine.state().drill() else { return Body::Repaired { seen: String::new() } };
        let seen = match self.world.deployer.repair(drill).await {
            Ok(seen) => seen,
            Err(error) => format!("it could not be repaired: {}", in_words(&error)),
        };
        Body::Repaired { seen }
    }

    pub(super) async fn await_deploy(&self, pid: u32, started_ticks: u64) -> Body {
        let exit = if self.machine.state().is_resumed {
            self.await_orphan(pid, started_ticks).await
        } else {
            self.await_own(pid, started_ticks).await
        };
        Body::DeployEnded { exit }
    }

    /// A deploy command that waits for what cannot come is ended. A cluster tells when it cannot go on; elsewhere what is
    /// down for a while belongs to a deploy.
    async fn await_own(&self, pid: u32, started_ticks: u64) -> DeployExit {
        let (deployer, state) = (&self.world.deployer, self.machine.state());
        let red_before = state.red_before.iter().cloned().collect();
        let exit = tokio::select! {
            exit = deployer.wait(pid, started_ticks) => return exit,
            why = in_trouble(self.world, (&state.before, &red_before)) => DeployExit::Stopped { why },
            () = self.world.clock.sleep(self.world.environment.guard.deploy_limit) => DeployExit::TimedOut,
        };
        deployer.stop(pid, started_ticks).await;
        exit
    }

    /// A deploy command whose guard is gone may hang on what it has broken, and nobody else looks on: so the environment is
    /// watched while it runs, and where the verdict is bad, the command is ended and what it did counts as half-way.
    async fn await_orphan(&self, pid: u32, started_ticks: u64) -> DeployExit {
        let deployer = &self.world.deployer;
        let ended = deployer.wait(pid, started_ticks);
        tokio::pin!(ended);
        tokio::select! {
            exit = &mut ended => return exit,
            () = self.world.clock.sleep(ORPHAN) => {}
        }
        let exit = tokio::select! {
            exit = ended => return exit,
            exit = self.watch_beside() => exit,
        };
        deployer.stop(pid, started_ticks).await;
        exit
    }

    /// Watches until there is a reason to end the deploy command. A trigger that wants a person is none, nor is what something
    /// explains that the deploy depends on and has not touched.
    async fn watch_beside(&self) -> DeployExit {
        let until = self.world.clock.now() + self.world.environment.guard.deploy_limit;
        while self.world.clock.now() < until {
            let Some(judgement) = self.watch_beside_until(until).await else { continue };
            let Judgement { verdict, wants_person, ref findings, .. } = judgement;
            if verdict == Verdict::Unhealthy && !wants_person && !self.is_explained(&judgement).await {
                let why: Vec<String> = findings.iter().map(|f| format!("{}: {}", f.subject, f.what)).collect();
                return DeployExit::Stopped { why: why.join("; ") };
            }
        }
        DeployExit::TimedOut
    }

    async fn is_explained(&self, judgement: &Judgement) -> bool {
        let down = judgement.down_beside();
        if down.is_empty() {
            return false;
        }
        let changed = changed_until_now(self.world, &self.machine.state().before).await;
        let environment = &self.world.environment;
        let depended = &environment.dependencies(&changed) | &environment.depended_containers(&changed);
        let down: Vec<SignalPath> = down.iter().filter(|signal| depended.contains(*signal)).cloned().collect();
        let is_explained = !environment.reasons(&changed, &down).is_empty();
        if is_explained {
            self.world.clock.sleep(ORPHAN).await;
        }
        is_explained
    }
}
