//! The lookout: keeps what runs recorded, and sees a deploy that nobody told of through its soak.
//!
//! Contract: what runs is recorded while it is well, so that a deploy that comes has a way back. The environment is held only
//! while something is written or taken back, never through a soak: whoever wants it can have it, and ends the soak.

use std::sync::Arc;
use std::time::Duration;

use backout_core::id::RunId;
use backout_core::inventory::{Fact, Grade, Graded, facts_digest, has_settled, only_files_differ};
use backout_core::journal::{Announcement, Body, Noticed, RunKind, RunResult, RunStarted};
use backout_core::plan::Request;
use backout_core::policy::{Circumstances, Verdict, quarantined};
use backout_core::port::{Lease, StoreError};

use super::standing::{KINDS, Standing, standing};
use super::trouble::Called;
use super::turn::Turn;
use crate::error::EngineError;
use crate::lease::Heartbeat;
use crate::look::{Survey, observe, red};
use crate::past::{checkpoints, prune, prune_backups};
use crate::recover::Successor;
use crate::run::{Begun, Paused, SeenBefore, begin_noticed, go_on_noticed, record_checkpoint};
use crate::world::World;

/// How long what is on its way is waited for before it is taken as it is.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);
/// How long nothing may move before it counts as arrived.
const QUIET: Duration = Duration::from_secs(1);
/// The same, where configuration files are all that moved: what reads them comes after them.
const QUIET_FILES: Duration = Duration::from_secs(10);
/// Time between two looks whether somebody else has begun something.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Sees to deploys that nobody told of.
pub struct Lookout {
    pub(super) world: World,
    who: Successor,
    last: Option<Survey>,
    pub(super) called: Called,
}

impl Lookout {
    /// Begins to look out.
    #[must_use]
    pub fn new(world: World, who: Successor) -> Self {
        Self { world, who, last: None, called: Called::default() }
    }

    /// Weighs what was surveyed, and does what follows: records what runs, or sees a deploy through its soak.
    /// `announced` is what was said about a deploy, if anything was.
    ///
    /// # Errors
    /// What stops the engine; [`EngineError::Interrupted`] where this process shall stop. A soak that was interrupted begins
    /// anew with the next turn.
    pub async fn turn(&mut self, survey: Survey, announced: Option<&Announcement>) -> Result<Turn, EngineError> {
        let standing = standing(&self.world, &survey, self.last.as_ref()).await?;
        if standing != Standing::Recorded {
            self.called.forget_facts();
        }
        Ok(match standing {
            Standing::Held(by) => {
                // What they do is in their records, so nothing that was seen before them counts.
                self.last = None;
                Turn::Held { by }
            }
            Standing::Open { run, is_ours: false } => {
                self.last = None;
                Turn::Open { run }
            }
            Standing::Open { run, .. } => self.go_on(run).await?,
            Standing::Unsettled(why) => Turn::Unsettled { why },
            Standing::Recorded => {
                let over = self.over(&survey).await?;
                self.last = Some(survey);
                over.map_or(Turn::Recorded, |run| Turn::WellAgain { run })
            }
            Standing::Unrecorded { why } => self.record(survey, why).await?,
            Standing::Deployed { former, changed } => self.see_through((*former, changed), announced).await?,
        })
    }

    async fn record(&mut self, survey: Survey, why: String) -> Result<Turn, EngineError> {
        let heartbeat = match self.hold().await? {
            Ok(heartbeat) => heartbeat,
            Err(by) => return Ok(Turn::Held { by }),
        };
        let failing = survey.checks.iter().find(|check| check.verdict != Verdict::Healthy);
        let (grade, because) = match (failing, self.bad_before(&survey.facts).await?) {
            (None, None) => (Grade::Good, "every check held when it was recorded".to_owned()),
            (Some(check), _) => (Grade::Candidate, format!("{}: {}", check.name, check.what)),
            (None, Some(why)) => (Grade::Candidate, format!("its checks hold, and it went bad before: {why}")),
        };
        let taken =
            record_checkpoint(&self.world, heartbeat.lease(), "what ran while it was watched", (grade, because));
        let taken = taken.await;
        drop(heartbeat.finish().await);
        self.last = Some(survey);
        Ok(Turn::RecordedNow { checkpoint: taken?, grade, why })
    }

    async fn see_through(
        &mut self,
        (former, changed): (Graded, Vec<String>),
        announced: Option<&Announcement>,
    ) -> Result<Turn, EngineError> {
        let heartbeat = match self.hold().await? {
            Ok(heartbeat) => heartbeat,
            Err(by) => return Ok(Turn::Held { by }),
        };
        let run = RunId::mint(self.world.clock.now(), (self.world.salt)());
        let is_about = |announced: &&Announcement| {
            let services = &announced.services;
            services.is_empty() || services.iter().any(|service| changed.iter().any(|it| it == service.as_str()))
        };
        let announced = announced.filter(is_about).cloned();
        let goes_back = self.world.environment.watch.automatic;
        let noticed = Noticed { changed, former: former.checkpoint.id.clone(), goes_back, announced };
        let last = self.last.take();
        let begun = self.begin(heartbeat.lease(), run.clone(), (noticed, former.grade, last)).await;
        drop(heartbeat.finish().await);
        self.wait(run, begun?).await
    }

    /// Grades what ran before by what was seen of it, and begins the run.
    async fn begin(
        &self,
        lease: &Lease,
        run: RunId,
        (noticed, grade, last): (Noticed, Grade, Option<Survey>),
    ) -> Result<Begun, EngineError> {
        let has_held = match &last {
            Some(last) => has_held(last) && self.bad_before(&last.facts).await?.is_none(),
            None => false,
        };
        if has_held && grade == Grade::Candidate {
            let why = "its checks held before the deploy that was noticed".to_owned();
            let graded = Body::Graded { checkpoint: noticed.former.clone(), grade: Grade::Good, why };
            self.world.watcher.recorded(&self.world.store.append(lease, None, &graded).await?);
        }
        let red = |last: &Survey| red(&self.world, &last.samples);
        let before = last.map(|last| SeenBefore { red: red(&last), facts: last.facts, checks: last.checks });
        begin_noticed(&self.world, lease, run, (self.started(noticed), before)).await
    }

    /// Why what runs went bad before, where it is in quarantine.
    async fn bad_before(&self, facts: &[Fact]) -> Result<Option<String>, EngineError> {
        let records = self.world.store.records(&self.world.environment.name, &KINDS).await?;
        let all = quarantined(&checkpoints(&records));
        Ok(all.into_iter().find(|it| it.runs(facts)).map(|it| it.why))
    }

    fn started(&self, noticed: Noticed) -> RunStarted {
        let announced = noticed.announced.as_ref();
        let committed_at = announced.and_then(|announced| announced.committed_at);
        let author = announced.and_then(|announced| announced.author.clone());
        RunStarted {
            reason: announced.and_then(|announced| announced.link.clone()),
            run: RunKind::Noticed(Box::new(noticed)),
            environment: self.world.environment.name.clone(),
            actor: author.unwrap_or_else(|| "somebody who did not tell".to_owned()),
            request: Request::automatic(),
            agreed: None,
            circumstances: Box::new(Circumstances { committed_at, ..Circumstances::default() }),
            observe_ms: u64::try_from(self.world.environment.verify.observe.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Goes on with a soak that another process has left.
    async fn go_on(&mut self, run: RunId) -> Result<Turn, EngineError> {
        let heartbeat = match self.hold().await? {
            Ok(heartbeat) => heartbeat,
            Err(by) => return Ok(Turn::Held { by }),
        };
        let by = (self.who.holder.clone(), self.who.pid);
        let begun = go_on_noticed(&self.world, heartbeat.lease(), run.clone(), by).await;
        drop(heartbeat.finish().await);
        self.wait(run, begun?).await
    }

    /// Sees a run through what it waits for, to its end. It waits without the environment, which others can have meanwhile.
    async fn wait(&mut self, run: RunId, mut begun: Begun) -> Result<Turn, EngineError> {
        loop {
            begun = match begun {
                Begun::Ended(result) => return Ok(Turn::Ended { run, result }),
                Begun::Paused(paused) => self.wait_once(&run, *paused).await?,
            };
        }
    }

    async fn wait_once(&mut self, run: &RunId, paused: Paused) -> Result<Begun, EngineError> {
        let came = tokio::select! {
            came = paused.wait(&self.world) => came,
            other = self.other_run(run) => paused.overtaken(&self.world, &format!("run {}", other?)),
            () = self.world.interrupted() => return Err(EngineError::Interrupted),
        };
        let heartbeat = loop {
            match self.hold().await? {
                Ok(heartbeat) => break heartbeat,
                Err(_) => self.world.clock.sleep(LOOKS_AGAIN_AFTER).await,
            }
        };
        // Whoever had the environment until now may have changed what the verdict is about.
        let came = match self.newest_other_than(run).await? {
            Some(other) => paused.overtaken(&self.world, &format!("run {other}")),
            None => came,
        };
        let begun = paused.go_on(&self.world, heartbeat.lease(), came).await;
        if matches!(begun, Ok(Begun::Ended(RunResult::Kept | RunResult::KeptUnproven))) {
            // What cannot be let go of for the moment is let go of after the next deploy.
            drop(prune(&self.world, heartbeat.lease(), self.world.environment.policy.keep_checkpoints).await);
            drop(prune_backups(&self.world, heartbeat.lease(), None).await);
        }
        drop(heartbeat.finish().await);
        begun
    }

    /// Ends when somebody else has begun a run.
    async fn other_run(&self, mine: &RunId) -> Result<RunId, EngineError> {
        loop {
            self.world.clock.sleep(LOOKS_AGAIN_AFTER).await;
            if let Some(other) = self.newest_other_than(mine).await? {
                return Ok(other);
            }
        }
    }

    async fn newest_other_than(&self, mine: &RunId) -> Result<Option<RunId>, EngineError> {
        let started = self.world.store.records(&self.world.environment.name, &["run_started"]).await?;
        Ok(started.into_iter().next_back().and_then(|record| record.run).filter(|newest| newest != mine))
    }

    /// Takes the environment, or says who has it.
    pub(super) async fn hold(&self) -> Result<Result<Heartbeat, String>, EngineError> {
        let (store, clock) = (Arc::clone(&self.world.store), Arc::clone(&self.world.clock));
        let name = &self.world.environment.name;
        match Heartbeat::acquire(store, clock, name, &self.who.holder, self.who.ttl).await {
            Ok(heartbeat) => Ok(Ok(heartbeat)),
            Err(StoreError::Held { holder, .. }) => Ok(Err(holder)),
            Err(error) => Err(error.into()),
        }
    }
}

/// Waits until what is on its way from what was `known` has arrived, for two minutes at most.
pub async fn arrived_quietly(world: &World, known: &[Fact]) {
    let deadline = world.clock.now() + SETTLES_WITHIN;
    let (mut before, mut since) = (None, world.clock.now());
    while world.clock.now() < deadline {
        let facts = observe(world).await;
        let (digest, now) = (facts_digest(&facts), world.clock.now());
        if before.as_ref() != Some(&digest) || !has_settled(&facts) {
            (before, since) = (Some(digest), now);
        }
        let quiet = if only_files_differ(known, &facts) { QUIET_FILES } else { QUIET };
        if now >= since + quiet {
            return;
        }
        world.clock.sleep(QUIET / 4).await;
    }
}

fn has_held(survey: &Survey) -> bool {
    survey.checks.iter().all(|check| check.verdict == Verdict::Healthy)
}
