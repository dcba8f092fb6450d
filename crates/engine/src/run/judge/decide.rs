//! Asking the policy, waiting for a fix, and falling back. What to do is decided by the policy.

use std::time::Duration;

use backout_core::journal::{ActStage, Body, FallbackSwitching, fallbacks_on};
use backout_core::policy::{Verdict, weigh};
use jiff::Timestamp;

use crate::error::EngineError;
use crate::look::observe;
use crate::run::drive::Driver;
use crate::run::switch::in_words;

/// Time between two watches for a fix, so that what fails at once is not asked without a break.
const PAUSE: Duration = Duration::from_secs(1);

impl Driver<'_> {
    /// Puts the run's case to the policy. What is on already is nothing to fall back to.
    pub(in crate::run) async fn decide(&self) -> Result<Body, EngineError> {
        let environment = &self.world.environment;
        let on = fallbacks_on(&self.world.store.records(&environment.name, &["fallback_switched"]).await?);
        let mut case = self.machine.state().case(environment, self.world.clock.now());
        case.fallbacks.retain(|name| !on.contains_key(name));
        Ok(Body::Decided { decision: weigh(&case, &environment.policy.rules) })
    }

    /// Watches until the environment has been healthy for long enough. What is healthy at `by` is watched to the end, so
    /// that it can have been so for long enough; anything else has its last watch then. A fix that is deployed meanwhile is
    /// watched from its own beginning.
    pub(in crate::run) async fn await_fix(&self, by: Timestamp) -> Result<Body, EngineError> {
        let guarded = &self.world.environment;
        let long_enough = guarded.policy.rules.fixed_after.unwrap_or(guarded.guard.soak);
        loop {
            let (facts, now) = (observe(self.world).await, self.world.clock.now());
            let known = (now < by).then_some(facts.as_slice());
            if let Some((judgement, watched)) = self.soak().judged(now + long_enough, known).await {
                self.keep(watched.as_deref()).await;
                let is_fixed = judgement.verdict == Verdict::Healthy;
                if is_fixed {
                    self.append_aside(&Body::FixSeen { facts }).await?;
                }
                if is_fixed || self.world.clock.now() >= by {
                    return Ok(Body::Judged { judgement });
                }
            }
            self.world.clock.sleep(PAUSE).await;
        }
    }

    /// Switches a fallback on. To switch it twice comes to the same, so one that was in doubt is switched once more.
    pub(in crate::run) async fn fall_back(&self, name: String) -> Body {
        let stage = match self.world.environment.fallbacks.get(&name) {
            None => ActStage::Failed { why: format!("the configuration has no fallback `{name}` any more") },
            Some(fallback) => match self.world.switchboard.switch(&name, fallback, true).await {
                Ok(seen) => ActStage::Done { seen },
                Err(error) => ActStage::Failed { why: in_words(&error) },
            },
        };
        let switching = Box::new(FallbackSwitching { name, on: true, by: "the run".to_owned(), stage });
        Body::FallbackSwitched { switching }
    }
}
