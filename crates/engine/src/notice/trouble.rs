//! What goes bad while nothing is deployed: people are called, once, and told when it is over.
//!
//! Contract: nothing is changed. A verdict of a watch counts only once nothing moves any more and it still is so: a restart by
//! hand, or a deploy that is on its way, calls nobody. What people were called for is in the journal, so that a watch that is
//! started again calls nobody a second time.

use std::collections::BTreeSet;

use backout_core::detect::{KeptWatch, SignalPath};
use backout_core::id::RunId;
use backout_core::inventory::{Fact, deployed_between};
use backout_core::journal::{Body, RunKind, RunResult, RunStarted, TROUBLE_KINDS, open_trouble};
use backout_core::maintenance::Mode;
use backout_core::plan::Request;
use backout_core::policy::{Aftermath, Call, Circumstances};

use super::lookout::{Lookout, arrived_quietly};
use crate::error::EngineError;
use crate::look::{Survey, ask_all, red, survey};
use crate::maintain::maintenance_standing;
use crate::run::begin_trouble;
use crate::store::{RUN_KINDS, runs};

/// What a watch between two turns holds against nobody.
#[derive(Debug, Clone, PartialEq)]
pub struct Excused {
    /// Signals that are red, and for which people were called.
    pub red: BTreeSet<SignalPath>,
    /// What ran when it was seen last.
    pub facts: Vec<Fact>,
}

/// What came of a verdict while nothing was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A run about it has ended: people are called, unless the policy only observes it.
    Recorded {
        /// Which.
        run: RunId,
        /// How it ended.
        result: RunResult,
    },
    /// Nobody is called.
    Spared {
        /// Why.
        why: String,
    },
}

/// What people were called for, as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// Signals that were red then, and still are.
    red: BTreeSet<SignalPath>,
    /// Whether this process has looked before.
    is_begun: bool,
    /// Whether what is red at the next look was part of it.
    is_fresh: bool,
    /// What ran at the last look, where nothing was deployed since.
    facts: Option<Vec<Fact>>,
    /// Whether all was well when a watch began, and that came to no verdict.
    is_quiet: bool,
    /// Whether people were called for something that is not over.
    is_open: bool,
}

impl Called {
    /// Something else than looking on was done: what was seen before is no measure of what is seen now.
    pub(super) fn forget_facts(&mut self) {
        self.facts = None;
    }
}

impl Lookout {
    /// What the next watch holds against nobody: what people were called for and did not hold in between, and nothing else. What
    /// goes bad in the very moment of a look is found by the watch after it.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn excused(&mut self, seen: &Survey) -> Result<Excused, EngineError> {
        let red: BTreeSet<SignalPath> = red(&self.world, &seen.samples).into_iter().collect();
        if !self.called.is_begun {
            let name = &self.world.environment.name;
            // A watch before this one may have called for what is red now.
            let records = self.world.store.records(name, &TROUBLE_KINDS).await?;
            let is_open = open_trouble(&records).is_some();
            (self.called.is_begun, self.called.is_fresh, self.called.is_open) = (true, is_open, is_open);
        }
        if std::mem::take(&mut self.called.is_fresh) {
            self.called.red = red;
            self.called.facts = None;
        } else {
            self.called.red.retain(|signal| red.contains(signal));
        }
        let facts = self.called.facts.replace(seen.facts.clone()).unwrap_or_else(|| seen.facts.clone());
        self.called.is_quiet = !self.is_bad(seen);
        Ok(Excused { red: self.called.red.clone(), facts })
    }

    /// Whether people were called for something that is not over, as far as this process knows.
    #[must_use]
    pub fn has_called(&self) -> bool {
        self.called.is_open
    }

    /// Sees to a verdict of a watch between two turns: calls people where it lasts and nothing was deployed. `known` is what ran
    /// when the watch began.
    ///
    /// # Errors
    /// What stops the engine; [`EngineError::Interrupted`] where this process shall stop.
    pub async fn trouble(&mut self, watched: &KeptWatch, known: &[Fact]) -> Result<Trouble, EngineError> {
        self.called.is_quiet = false;
        let looked = async {
            arrived_quietly(&self.world, known).await;
            tokio::join!(survey(&self.world), ask_all(&self.world))
        };
        let (mut seen, asked) = tokio::select! {
            looked = looked => looked,
            () = self.world.interrupted() => return Err(EngineError::Interrupted),
        };
        seen.samples.extend(asked);
        let is_measured_once = watched.judgement.fired.as_ref().is_none_or(|fired| fired.worse.is_none());
        let aftermath = Aftermath {
            is_deployed: !deployed_between(known, &seen.facts).is_empty(),
            is_maintained: maintenance_standing(&self.world).await?.mode != Mode::Off,
            is_still_bad: !is_measured_once || self.is_bad(&seen),
        };
        match aftermath.call() {
            Call::Nobody { why } => Ok(Trouble::Spared { why: why.to_owned() }),
            Call::People => self.call(watched).await,
        }
    }

    /// Calls people, by a run that changes nothing. What goes bad while somebody holds the environment is theirs.
    async fn call(&mut self, watched: &KeptWatch) -> Result<Trouble, EngineError> {
        let heartbeat = match self.hold().await? {
            Ok(heartbeat) => heartbeat,
            Err(by) => return Ok(Trouble::Spared { why: format!("held by {by}: what goes bad is theirs") }),
        };
        let name = &self.world.environment.name;
        let open = runs(&self.world.store.records(name, &RUN_KINDS).await?).into_iter().rfind(|it| it.ending.is_none());
        let called = match open {
            Some(open) => Ok(Trouble::Spared { why: format!("run {} has not ended", open.id) }),
            None => {
                let run = RunId::mint(self.world.clock.now(), (self.world.salt)());
                let begun =
                    begin_trouble(&self.world, heartbeat.lease(), run.clone(), (self.went_down(), watched)).await;
                begun.map(|result| Trouble::Recorded { run, result })
            }
        };
        drop(heartbeat.finish().await);
        if let Ok(Trouble::Recorded { result, .. }) = &called {
            let is_open = matches!(result, RunResult::Held | RunResult::FixForward);
            (self.called.is_fresh, self.called.is_open) = (true, self.called.is_open || is_open);
        }
        called
    }

    fn went_down(&self) -> RunStarted {
        RunStarted {
            run: RunKind::WentDown,
            environment: self.world.environment.name.clone(),
            actor: "`backout watch`".to_owned(),
            reason: None,
            request: Request::automatic(),
            agreed: None,
            circumstances: Box::new(Circumstances::default()),
            observe_ms: 0,
        }
    }

    /// Tells that it is over, where people were called and everything has held through a whole watch.
    pub(super) async fn over(&mut self, seen: &Survey) -> Result<Option<RunId>, EngineError> {
        if !self.called.is_open || !self.called.is_quiet || self.is_bad(seen) {
            return Ok(None);
        }
        let name = &self.world.environment.name;
        let Some(run) = open_trouble(&self.world.store.records(name, &TROUBLE_KINDS).await?) else {
            self.called.is_open = false;
            return Ok(None);
        };
        let Ok(heartbeat) = self.hold().await? else { return Ok(None) };
        let over = Body::WellAgain { what: "everything that is required holds again".to_owned() };
        let told = self.world.record(heartbeat.lease(), Some(&run), &over).await;
        drop(heartbeat.finish().await);
        told?;
        self.called.is_open = false;
        Ok(Some(run))
    }

    /// Whether something is red, or does not hold.
    fn is_bad(&self, seen: &Survey) -> bool {
        !red(&self.world, &seen.samples).is_empty() || seen.checks.iter().any(|check| check.blocks())
    }
}
