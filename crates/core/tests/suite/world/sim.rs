//! A driver of runs in a world in memory. It can be killed at any record, before or after the act that the record announces.

use std::collections::BTreeMap;

use backout_core::id::{RunId, ServiceName};
use backout_core::inventory::{Checkpoint, DatabasesAfter, Graded};
use backout_core::journal::{
    Body, DeployExit, FORMAT, MaintenanceOutcome, Means, Observation, ObservationResult, Record, RunKind, RunResult,
    RunStarted, StepOutcome, chain,
};
use backout_core::plan::{Action, Request, Step, check, safety};
use backout_core::policy::{Check, Choice, Decision, Judgement, Verdict};
use backout_core::run::{Act, CapturePurpose, Effect, GateVerdict, Run, gate};

use super::live::{World, at, environment};
use super::spec::{Ran, Spec, make_plan};

/// What goes wrong, in terms of the world alone, so that it goes wrong in the same way for a run that is resumed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// How often the switch of a service fails, and whether it leaves nothing running.
    pub(crate) failing: BTreeMap<ServiceName, (u32, bool)>,
    /// Undoing fails as well.
    pub(crate) undo_fails: bool,
    /// The services that the deploy command puts another version of there.
    pub(crate) deployed: Vec<(ServiceName, u8)>,
    /// Its exit code.
    pub(crate) code: i32,
    /// What may be done where the way back is not verified.
    pub(crate) means: Means,
}

/// When the driver is killed: after so many records, and whether the act that follows is still done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    pub(crate) records: usize,
    pub(crate) is_act_done: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Drove {
    Ended(RunResult),
    Crashed,
}

#[derive(Debug, Clone)]
pub(crate) struct Sim {
    pub(crate) spec: Spec,
    pub(crate) world: World,
    pub(crate) script: Script,
    pub(crate) journal: Vec<Record>,
    /// Switches that were executed although the world was there already, and starts of a second deploy.
    pub(crate) faults: Vec<String>,
    pub(crate) deploys: u32,
    crash: Option<Crash>,
    checkpoints: Vec<Checkpoint>,
}

pub(crate) fn rollback(request: Request) -> RunStarted {
    RunStarted { observe_ms: 60_000, ..started(RunKind::Rollback, request) }
}

pub(crate) fn started(run: RunKind, request: Request) -> RunStarted {
    RunStarted {
        run,
        environment: environment(),
        actor: "test".to_owned(),
        reason: None,
        request,
        agreed: None,
        circumstances: Box::default(),
        observe_ms: 0,
    }
}

impl Sim {
    pub(crate) fn new(spec: &Spec, script: Script, crash: Option<Crash>) -> Self {
        Self {
            spec: spec.clone(),
            world: spec.world(),
            script,
            journal: Vec::new(),
            faults: Vec::new(),
            deploys: 0,
            crash,
            checkpoints: vec![spec.then().checkpoint],
        }
    }

    pub(crate) fn begin(&mut self, started: RunStarted) -> Drove {
        let (run, effects) = Run::begin(started, self.now()).unwrap();
        self.drive(run, effects)
    }

    /// Goes on where the journal ends, as another process, which is not killed.
    pub(crate) fn resume(&mut self) -> Drove {
        self.go_on(None)
    }

    /// The same, and is killed as well.
    pub(crate) fn resume_until(&mut self, crash: Crash) -> Drove {
        self.go_on(Some(crash))
    }

    fn go_on(&mut self, crash: Option<Crash>) -> Drove {
        self.crash = crash;
        let mut run = Run::replay(&self.journal).unwrap();
        if let Some(result) = run.result() {
            return Drove::Ended(result);
        }
        let effects = run.handle(Body::TakenOver { by: "test".to_owned(), pid: 2 }, self.now()).unwrap();
        self.drive(run, effects)
    }

    fn now(&self) -> jiff::Timestamp {
        at(10 + i64::try_from(self.journal.len()).unwrap())
    }

    fn drive(&mut self, mut run: Run, mut effects: Vec<Effect>) -> Drove {
        loop {
            let mut act = None;
            for effect in effects {
                match effect {
                    Effect::Record(body) => {
                        if !self.append(body) {
                            return Drove::Crashed;
                        }
                    }
                    Effect::Do(wanted) => act = Some(wanted),
                }
            }
            if let Some(result) = run.result() {
                return Drove::Ended(result);
            }
            let act = act.expect("a run that is open wants something done");
            if self.crash.is_some_and(|crash| crash.records == 0 && !crash.is_act_done) {
                return Drove::Crashed;
            }
            let Some(body) = self.perform(&act, &mut run) else { return Drove::Crashed };
            effects = run.handle(body, self.now()).unwrap();
        }
    }

    fn append(&mut self, body: Body) -> bool {
        match &mut self.crash {
            Some(crash) if crash.records == 0 => return false,
            Some(crash) => crash.records -= 1,
            None => {}
        }
        let seq = i64::try_from(self.journal.len()).unwrap() + 1;
        self.journal.push(record(seq, body));
        true
    }

    /// Appends what comes in between; `false` where the process is dead.
    fn aside(&mut self, run: &mut Run, body: Body) -> bool {
        let effects = run.handle(body, self.now()).unwrap();
        effects.into_iter().all(|effect| match effect {
            Effect::Record(body) => self.append(body),
            Effect::Do(act) => panic!("{act:?} is wanted while something is being done"),
        })
    }

    fn perform(&mut self, act: &Act, run: &mut Run) -> Option<Body> {
        Some(match act {
            Act::LookBefore => Body::BeforeSeen {
                facts: self.world.facts(1),
                red: Vec::new(),
                checks: self.world.checks(),
                has_good_checkpoint: true,
                means: self.script.means,
                quarantined: Vec::new(),
                named: None,
                not_kept: None,
                not_confirmed: None,
            },
            Act::Capture(purpose) => Body::CheckpointTaken { checkpoint: Box::new(self.capture(*purpose)) },
            Act::Arm => Body::Armed { pid: 7 },
            Act::StartDeploy => self.deploy(),
            Act::AwaitDeploy { .. } if run.state().is_resumed => Body::DeployEnded { exit: DeployExit::Unseen },
            Act::AwaitDeploy { .. } => Body::DeployEnded { exit: DeployExit::Code { code: self.script.code } },
            Act::LookAfter => {
                let facts = self.world.facts(2);
                let changed = backout_core::inventory::changed_between(&run.state().before, &facts);
                Body::AfterSeen { facts, changed, data: DatabasesAfter::default() }
            }
            Act::Decide => {
                Body::Decided { decision: Decision::plain(Choice::RollBack, vec!["bad".to_owned()], Vec::new()) }
            }
            Act::AwaitFix { .. } | Act::FallBack { .. } | Act::AwaitApprovals { .. } => {
                panic!("{act:?} does not follow from going back")
            }
            Act::Watch => Body::Judged { judgement: self.judgement() },
            Act::Plan => match run.state().wish(&[self.spec.then()]) {
                Ok(request) => self.plan(&request),
                Err(refusal) => Body::Refused { refusals: vec![refusal] },
            },
            Act::Execute { step, attempt } => {
                let step = run.state().plan.as_ref()?.step(*step)?.clone();
                let outcome = self.execute(&step, run)?;
                Body::StepEnded { step: step.id, attempt: *attempt, outcome, took_ms: 1 }
            }
            Act::Reobserve { step, attempt } => {
                let outcome = self.reobserve(run.state().plan.as_ref()?.step(*step)?);
                Body::StepEnded { step: *step, attempt: *attempt, outcome, took_ms: 1 }
            }
            Act::Undo { step } => {
                let present = run.state().present.clone()?;
                let service = run.state().plan.as_ref()?.step(*step)?.action.service()?.clone();
                Body::UndoEnded { step: *step, outcome: self.undo(&present, &service) }
            }
            Act::Verify => self.verify(run),
            Act::Maintain => {
                Body::MaintenanceEnded { on: true, outcome: MaintenanceOutcome::Done { seen: Vec::new() } }
            }
            Act::Repair => Body::Repaired { seen: String::new() },
            Act::Observe => Body::Observed {
                observation: Observation { result: ObservationResult::Held, after_ms: 60_000, findings: Vec::new() },
            },
        })
    }

    fn capture(&mut self, purpose: CapturePurpose) -> Checkpoint {
        let index = |service: &ServiceName| (0..6).find(|i| Spec::name(*i) == *service).unwrap();
        let ran = |service: &ServiceName| {
            let live = self.world.services.get(service)?.as_ref()?;
            Some(Ran { version: live.version.code[1..].parse().unwrap(), replicas: live.replicas })
        };
        let mut spec = self.spec.clone();
        for service in self.world.services.keys() {
            spec.services[index(service)].now = ran(service);
        }
        let content =
            |path: &str| (0..2u8).find(|content| self.world.files.get(path) == Some(&super::live::digest_of(*content)));
        let files = super::spec::PATHS.map(content);
        let mut checkpoint = spec.checkpoint(|service| service.now, files);
        checkpoint.id = format!("cp-{purpose:?}-{}", self.checkpoints.len()).parse().unwrap();
        self.checkpoints.push(checkpoint.clone());
        checkpoint
    }

    fn deploy(&mut self) -> Body {
        self.deploys += 1;
        for (service, version) in self.script.deployed.clone() {
            let Some(live) = self.world.services.get(&service).cloned().flatten() else { continue };
            let paths: Vec<String> = live.read.keys().cloned().collect();
            self.world.run(&service, Some(Ran { version, replicas: live.replicas }), &paths);
        }
        Body::DeploySpawned { pid: 9, started_ticks: 9 }
    }

    fn judgement(&self) -> Judgement {
        let bad = self.world.checks().iter().any(|check| check.verdict == Verdict::Unhealthy);
        Judgement {
            verdict: if bad { Verdict::Unhealthy } else { Verdict::Healthy },
            at: at(3),
            first_bad_at: None,
            findings: Vec::new(),
            wants_person: false,
            fired: None,
            own_check: None,
        }
    }

    fn plan(&self, request: &Request) -> Body {
        let target: Graded = self.spec.then();
        let depends_on = self.spec.depends_on();
        let plan = make_plan(request, &target, &self.world, &depends_on);
        assert_eq!(check::check(&plan, &depends_on), []);
        match safety::target_is_what_runs(&plan).filter(|_| !request.is_automatic) {
            Some(refusal) => Body::Refused { refusals: vec![refusal] },
            None => Body::PlanMade { plan: Box::new(plan) },
        }
    }

    fn execute(&mut self, step: &Step, run: &mut Run) -> Option<StepOutcome> {
        let done = StepOutcome::Done { seen: "done".to_owned() };
        let failed = StepOutcome::Failed { why: "broken".to_owned() };
        Some(match &step.action {
            Action::KeepEvidence { service } => {
                let body = Body::EvidenceKept { service: service.clone(), items: Vec::new() };
                return self.aside(run, body).then_some(done);
            }
            Action::Switch(switch) => {
                if self.world.is_done(switch) {
                    self.faults.push(format!("`{}` is switched to where it is", switch.to.service));
                }
                for file in &switch.files {
                    self.put_back(run, file)?;
                }
                if self.fails(&switch.to.service) {
                    failed
                } else {
                    self.world.switch(&switch.to);
                    done
                }
            }
            Action::RestoreFiles { files, .. } => {
                for file in files {
                    self.put_back(run, file)?;
                }
                done
            }
            Action::Stop { service, .. } => {
                self.world.stop(service);
                done
            }
            Action::Data(_) | Action::Flush { .. } => done,
            Action::AwaitHealthy { service, .. } => {
                if self.world.is_well(service) {
                    done
                } else {
                    failed
                }
            }
            Action::Gate { .. } => match gate(&run.state().checks_before, &self.world.checks()) {
                GateVerdict::GoOn => done,
                GateVerdict::Recovered => StepOutcome::Recovered { seen: "all hold".to_owned() },
                GateVerdict::Worsened(seen) => StepOutcome::Worsened { seen },
            },
        })
    }

    fn put_back(&mut self, run: &mut Run, file: &backout_core::inventory::FileRef) -> Option<()> {
        let body = Body::FileReplaced { path: file.path.clone(), was: None };
        self.aside(run, body).then(|| self.world.put_back(file))
    }

    fn fails(&mut self, service: &ServiceName) -> bool {
        match self.script.failing.get_mut(service) {
            Some((times, is_half_way)) if *times > 0 => {
                *times = times.saturating_sub(u32::from(*times != u32::MAX));
                if *is_half_way {
                    self.world.stop(service);
                }
                true
            }
            _ => false,
        }
    }

    fn reobserve(&self, step: &Step) -> StepOutcome {
        let is_there = match &step.action {
            Action::Switch(switch) => self.world.is_done(switch),
            Action::RestoreFiles { files, .. } => files.iter().all(|file| self.world.is_back(file)),
            Action::Stop { service, .. } => self.world.services.get(service).is_none_or(Option::is_none),
            Action::KeepEvidence { .. } | Action::AwaitHealthy { .. } | Action::Gate { .. } => false,
            Action::Data(_) | Action::Flush { .. } => false,
        };
        let seen = "looked".to_owned();
        if is_there { StepOutcome::AlreadyThere { seen } } else { StepOutcome::NotThere { seen } }
    }

    fn undo(&mut self, present: &backout_core::id::CheckpointId, service: &ServiceName) -> StepOutcome {
        if self.script.undo_fails {
            return StepOutcome::Failed { why: "the port is taken".to_owned() };
        }
        let checkpoint = self.checkpoints.iter().find(|checkpoint| checkpoint.id == *present).unwrap().clone();
        match checkpoint.artifacts.get(service) {
            None => self.world.stop(service),
            Some(artifact) => {
                for file in &artifact.files {
                    self.world.put_back(file);
                }
                if !self.world.is_at(artifact) {
                    self.world.switch(artifact);
                }
            }
        }
        StepOutcome::Done { seen: "what ran before runs again".to_owned() }
    }

    fn verify(&self, run: &Run) -> Body {
        let mut checks = self.world.checks();
        if let Some(plan) = &run.state().plan {
            let switches = plan.steps.iter().filter_map(|step| match &step.action {
                Action::Switch(switch) => Some(switch),
                _ => None,
            });
            checks.extend(switches.map(|switch| Check {
                name: format!("{} runs the target", switch.to.service),
                verdict: if self.world.is_at(&switch.to) { Verdict::Healthy } else { Verdict::Unhealthy },
                what: "as it is".to_owned(),
                was_red_before: false,
                is_advisory: false,
            }));
        }
        Body::Verified { checks, facts: self.world.facts(4), red: Vec::new() }
    }
}

fn record(seq: i64, body: Body) -> Record {
    Record {
        seq,
        format: FORMAT,
        at: at(10 + seq - 1),
        environment: environment(),
        run: Some(RunId::new("run-1").unwrap()),
        hash: chain(None, &[body.kind()]),
        body,
    }
}
