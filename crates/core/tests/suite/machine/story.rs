//! A run told record by record, and what it wants next.

use backout_core::inventory::{DatabasesAfter, Fact, Seen};
use backout_core::journal::{Body, DeployExit, FORMAT, Means, Record, RunKind, RunStarted, StepOutcome, chain};
use backout_core::plan::{Plan, Request};
use backout_core::policy::{Check, Choice, Decision, Judgement, Verdict};
use backout_core::run::{Act, Effect, Run};

use crate::world::{Ran, ServiceSpec, Spec, at, environment, make_plan, request, started};

/// A run with the records it wanted written.
pub(super) struct Story {
    pub(super) run: Run,
    pub(super) records: Vec<Record>,
    pub(super) wants: Option<Act>,
}

impl Story {
    pub(super) fn begin(kind: RunKind, request: Request) -> Self {
        Self::of(started(kind, request))
    }

    pub(super) fn of(started: RunStarted) -> Self {
        let (run, effects) = Run::begin(started, at(0)).unwrap();
        let mut story = Self { run, records: Vec::new(), wants: None };
        story.take(effects);
        story
    }

    pub(super) fn guard() -> Self {
        Self::begin(RunKind::Guard { command: vec!["deploy".to_owned()] }, request())
    }

    pub(super) fn take(&mut self, effects: Vec<Effect>) {
        self.wants = None;
        for effect in effects {
            match effect {
                Effect::Do(act) => self.wants = Some(act),
                Effect::Record(body) => self.records.push(Record {
                    seq: 1,
                    format: FORMAT,
                    at: at(0),
                    environment: environment(),
                    run: None,
                    hash: chain(None, &[]),
                    body,
                }),
            }
        }
    }

    pub(super) fn then(mut self, body: Body) -> Self {
        let effects = self.run.handle(body, at(0)).unwrap();
        self.take(effects);
        self
    }

    /// Something that comes in between; what was wanted stays wanted.
    pub(super) fn meanwhile(mut self, body: Body) -> Self {
        let wanted = self.wants.clone();
        let effects = self.run.handle(body, at(0)).unwrap();
        self.take(effects);
        assert_eq!(self.wants, None);
        self.wants = wanted;
        self
    }

    pub(super) fn resumed(mut self) -> Self {
        self.run = Run::replay(&self.records).unwrap();
        self.then(Body::TakenOver { by: "another".to_owned(), pid: 2 })
    }

    /// A guard that is about to run its deploy command.
    pub(super) fn armed() -> Self {
        Self::guard().then(before(Verdict::Healthy, false)).then(taken(1)).then(Body::Armed { pid: 1 })
    }

    pub(super) fn deployed(exit: DeployExit, facts: Vec<Fact>, is_changed: bool) -> Self {
        let changed = if is_changed { vec![Spec::name(0)] } else { Vec::new() };
        Self::armed()
            .then(Body::DeploySpawned { pid: 1, started_ticks: 1 })
            .then(Body::DeployEnded { exit })
            .then(Body::AfterSeen { facts, changed, data: DatabasesAfter::default() })
    }

    /// A rollback whose first step is about to be done: keep evidence, switch, await.
    pub(super) fn executing() -> Self {
        Self::going_back(started(RunKind::Rollback, request()))
    }

    pub(super) fn going_back(started: RunStarted) -> Self {
        let story = Self::of(started).then(before(Verdict::Unhealthy, true));
        story.then(Body::PlanMade { plan: Box::new(a_plan()) }).then(taken(1))
    }

    pub(super) fn step(self, step: u32, attempt: u32, outcome: StepOutcome) -> Self {
        self.then(Body::StepEnded { step: backout_core::id::StepId(step), attempt, outcome, took_ms: 1 })
    }

    pub(super) fn execute(step: u32, attempt: u32) -> Option<Act> {
        Some(Act::Execute { step: backout_core::id::StepId(step), attempt })
    }

    pub(super) fn summary(&self) -> &str {
        match &self.records.last().unwrap().body {
            Body::RunEnded { summary, .. } => summary,
            other => panic!("the run goes on: {other:?}"),
        }
    }

    pub(super) fn wrote(&self, kind: &str) -> bool {
        self.records.iter().any(|record| record.body.kind() == kind)
    }
}

pub(crate) fn spec() -> Spec {
    let ran = |version| Some(Ran { version, replicas: 1 });
    let service = ServiceSpec {
        needs: 0,
        now: ran(1),
        then: ran(0),
        files: 0,
        restarts: 0,
        can_start_first: false,
        platform: 0,
        ended: false,
    };
    Spec { services: vec![service], files_now: [None; 3], files_then: [None; 3] }
}

pub(super) fn a_plan() -> Plan {
    make_plan(&request(), &spec().then(), &spec().world(), &spec().depends_on())
}

pub(super) fn check(verdict: Verdict) -> Check {
    Check { name: "f.up".to_owned(), verdict, what: "503".to_owned(), was_red_before: false, is_advisory: false }
}

pub(super) fn before(verdict: Verdict, has_good_checkpoint: bool) -> Body {
    Body::BeforeSeen {
        facts: Vec::new(),
        red: Vec::new(),
        checks: vec![check(verdict)],
        has_good_checkpoint,
        means: Means::default(),
        quarantined: Vec::new(),
        named: None,
        not_kept: None,
        not_confirmed: None,
    }
}

pub(super) fn taken(n: u32) -> Body {
    let mut checkpoint = spec().then().checkpoint;
    checkpoint.id = format!("cp-{n}").parse().unwrap();
    Body::CheckpointTaken { checkpoint: Box::new(checkpoint) }
}

pub(super) fn verified(checks: Vec<Check>) -> Body {
    Body::Verified { checks, facts: spec().world().facts(1), red: Vec::new() }
}

pub(super) fn done() -> StepOutcome {
    StepOutcome::Done { seen: "it runs".to_owned() }
}

pub(super) fn failed() -> StepOutcome {
    StepOutcome::Failed { why: "the port is taken".to_owned() }
}

pub(super) fn not_there() -> StepOutcome {
    StepOutcome::NotThere { seen: "nothing".to_owned() }
}

pub(super) fn unseen() -> Vec<Fact> {
    let mut facts = spec().world().facts(1);
    facts[0].seen = Seen::Unknown { why: "no answer".to_owned() };
    facts
}

pub(super) fn judged(verdict: Verdict, wants_person: bool) -> Body {
    let judgement = Judgement {
        verdict,
        at: at(1),
        first_bad_at: None,
        findings: Vec::new(),
        wants_person,
        fired: None,
        own_check: None,
    };
    Body::Judged { judgement }
}

pub(super) fn rolling_back() -> Body {
    Body::Decided { decision: Decision::plain(Choice::RollBack, vec!["it is bad".to_owned()], Vec::new()) }
}

pub(super) fn abort() -> Body {
    Body::AbortRequested { by: "ops".to_owned() }
}
