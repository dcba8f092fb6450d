//! Whatever the world answers, and whenever it is interrupted, a run stays legal: every prefix of its records can be
//! replayed, the replay agrees with the run that wrote them, and the run ends.

use std::collections::BTreeSet;

use backout_core::id::{RunId, StepId};
use backout_core::inventory::{DatabasesAfter, Fact, Seen};
use backout_core::journal::{
    ActStage, Body, DeployExit, FORMAT, FallbackSwitching, MaintenanceOutcome, Means, Noticed, Observation,
    ObservationResult, Record, RunKind, StepOutcome, chain,
};
use backout_core::plan::{Action, Mode, Plan, Request, StepClass};
use backout_core::policy::{
    ApprovalsOutcome, Case, Check, Choice, Decision, Judgement, Needed, Refusal, RefusalName, Rules, Verdict, Weighed,
    weigh,
};
use backout_core::run::{Act, Effect, Run, State, StepStatus};
use proptest::prelude::*;

use super::world::{Spec, at, environment, make_plan, request, requests, specs, started};

/// A driver whose answers are drawn from a list of numbers.
struct Fate {
    spec: Spec,
    draws: Vec<u8>,
    records: Vec<Record>,
    executed: Vec<(usize, StepId, u32)>,
    minted: u32,
}

impl Fate {
    fn draw(&mut self, below: u8) -> u8 {
        self.draws.pop().unwrap_or(0) % below
    }

    fn append(&mut self, effects: &[Effect]) -> Option<Act> {
        let mut wanted = None;
        for effect in effects {
            assert!(wanted.is_none(), "an act is the last of the effects");
            match effect {
                Effect::Record(body) => self.records.push(Record {
                    seq: i64::try_from(self.records.len()).unwrap() + 1,
                    format: FORMAT,
                    at: at(7),
                    environment: environment(),
                    run: Some(RunId::new("run-1").unwrap()),
                    hash: chain(None, &[body.kind()]),
                    body: body.clone(),
                }),
                Effect::Do(act) => wanted = Some(act.clone()),
            }
        }
        wanted
    }

    fn live(&mut self, kind: RunKind, request: Request) -> Run {
        let (mut run, effects) = Run::begin(started(kind, request), at(7)).unwrap();
        let mut wanted = self.append(&effects);
        for _ in 0..2_000 {
            if run.result().is_some() {
                return run;
            }
            let event = match self.draw(24) {
                1 => {
                    let effects = run.handle(Body::AbortRequested { by: "ops".to_owned() }, at(7)).unwrap();
                    assert_eq!(self.append(&effects), None, "an aside is answered with records alone");
                    continue;
                }
                2 | 3 => {
                    run = Run::replay(&self.records).unwrap();
                    Body::TakenOver { by: "another".to_owned(), pid: 2 }
                }
                _ => self.answer(wanted.as_ref().expect("an open run wants something"), run.state()),
            };
            let effects = run.handle(event.clone(), at(7)).unwrap();
            assert_eq!(effects[0], Effect::Record(event));
            wanted = self.append(&effects);
        }
        panic!("the run does not end: {:?}", self.records.iter().rev().take(8).map(|r| &r.body).collect::<Vec<_>>());
    }

    fn answer(&mut self, act: &Act, state: &State) -> Body {
        match act {
            Act::LookBefore => self.before(),
            Act::Capture(_) => {
                self.minted += 1;
                let mut checkpoint = self.spec.checkpoint(|service| service.now, self.spec.files_now);
                checkpoint.id = format!("cp-{}", self.minted).parse().unwrap();
                Body::CheckpointTaken { checkpoint: Box::new(checkpoint) }
            }
            Act::Arm => Body::Armed { pid: 1 },
            Act::StartDeploy if self.draw(5) == 1 => {
                Body::DeployEnded { exit: DeployExit::NotStarted { why: "no such file".to_owned() } }
            }
            Act::StartDeploy => Body::DeploySpawned { pid: 9, started_ticks: 1 },
            Act::AwaitDeploy { .. } => Body::DeployEnded { exit: self.exit() },
            Act::LookAfter => {
                let facts = self.facts();
                let changed = if self.draw(3) == 1 { Vec::new() } else { vec![Spec::name(0)] };
                Body::AfterSeen { facts, changed, data: DatabasesAfter::default() }
            }
            Act::Watch | Act::AwaitFix { .. } => Body::Judged { judgement: self.judgement() },
            Act::Decide => Body::Decided { decision: self.decision(state) },
            Act::FallBack { name } => self.switched(name),
            Act::Plan => match state.wish(&[self.spec.then()]) {
                Ok(request) => self.plan(&request),
                Err(refusal) => Body::Refused { refusals: vec![refusal] },
            },
            Act::AwaitApprovals { .. } => Body::ApprovalsEnded { outcome: self.said() },
            Act::Execute { step, attempt } => {
                let last = self.records.iter().rev().find(|r| matches!(r.body, Body::StepIntended { .. })).unwrap();
                assert_eq!(last.body, Body::StepIntended { step: *step, attempt: *attempt });
                assert!(
                    !self.executed.contains(&(state.tried.len(), *step, *attempt)),
                    "step {step}, try {attempt}, is done twice"
                );
                self.executed.push((state.tried.len(), *step, *attempt));
                let is_gate = matches!(state.plan.as_ref().unwrap().step(*step).unwrap().action, Action::Gate { .. });
                let outcome = self.outcome(is_gate);
                Body::StepEnded { step: *step, attempt: *attempt, outcome, took_ms: 1 }
            }
            Act::Reobserve { step, attempt } => {
                let seen = "looked".to_owned();
                let outcome = match self.draw(8) {
                    0 => StepOutcome::Unclear { why: seen },
                    1..4 => StepOutcome::AlreadyThere { seen },
                    _ => StepOutcome::NotThere { seen },
                };
                Body::StepEnded { step: *step, attempt: *attempt, outcome, took_ms: 1 }
            }
            Act::Undo { step } => Body::UndoEnded { step: *step, outcome: self.outcome(false) },
            Act::Verify => Body::Verified { checks: self.checks(), facts: self.facts(), red: Vec::new() },
            Act::Repair => Body::Repaired { seen: String::new() },
            Act::Observe => Body::Observed { observation: self.observation() },
            Act::Maintain => {
                Body::MaintenanceEnded { on: true, outcome: MaintenanceOutcome::Done { seen: Vec::new() } }
            }
        }
    }

    fn said(&mut self) -> ApprovalsOutcome {
        let (ann, ben) = ("ann".to_owned(), "ben".to_owned());
        match self.draw(4) {
            0 => ApprovalsOutcome::Declined { by: ann, reason: None },
            1 => ApprovalsOutcome::TooLate { by: [ann].into() },
            _ => ApprovalsOutcome::Given { by: [ann, ben].into() },
        }
    }

    fn before(&mut self) -> Body {
        Body::BeforeSeen {
            facts: self.facts(),
            red: Vec::new(),
            checks: self.checks(),
            has_good_checkpoint: self.draw(4) != 1,
            means: Means {
                attempts: u32::from(self.draw(3)) + 1,
                plan_b: self.draw(2) == 1,
                maintenance: self.draw(2) == 1,
            },
            quarantined: Vec::new(),
            named: None,
            not_kept: None,
            not_confirmed: None,
        }
    }

    fn facts(&mut self) -> Vec<Fact> {
        let mut facts = self.spec.world().facts(1);
        if self.draw(6) == 1 {
            facts[0].seen = Seen::Unknown { why: "no answer".to_owned() };
        }
        facts
    }

    fn verdict(&mut self) -> Verdict {
        [Verdict::Healthy, Verdict::Unhealthy, Verdict::Unmeasurable, Verdict::Inconclusive][usize::from(self.draw(4))]
    }

    fn checks(&mut self) -> Vec<Check> {
        let what = "seen".to_owned();
        vec![Check {
            name: "a.up".to_owned(),
            verdict: self.verdict(),
            what,
            was_red_before: self.draw(4) == 1,
            is_advisory: self.draw(4) == 1,
        }]
    }

    fn observation(&mut self) -> Observation {
        use ObservationResult::{Held, Left, Unseen, WentBad};
        let result = [Held, WentBad, Left, Unseen][usize::from(self.draw(4))];
        Observation { result, after_ms: 1, findings: Vec::new() }
    }

    fn exit(&mut self) -> DeployExit {
        match self.draw(6) {
            0..3 => DeployExit::Code { code: 0 },
            3 => DeployExit::Code { code: 1 },
            4 => DeployExit::Signal { signal: 9 },
            _ => DeployExit::Unseen,
        }
    }

    /// Any choice but to keep it; what was fallen back to already is not offered again.
    fn decision(&mut self, state: &State) -> Decision {
        let choice = Choice::WORDS[usize::from(self.draw(6))].1;
        let fallbacks: Vec<String> = ["app", "environment"].map(str::to_owned).into();
        let fallbacks: Vec<String> = fallbacks.into_iter().filter(|name| !state.fallbacks.contains_key(name)).collect();
        let choice = if choice == Choice::FallBack && fallbacks.is_empty() { Choice::RollBack } else { choice };
        let weighed = *weigh(&Case::new(at(3)), &Rules::default()).weighed.unwrap();
        let weighed = Weighed { fix_by: Some(at(9)), fallbacks, ..weighed };
        Decision { weighed: Some(Box::new(weighed)), ..Decision::plain(choice, Vec::new(), Vec::new()) }
    }

    fn switched(&mut self, name: &str) -> Body {
        let last = self.records.iter().rev().find_map(|record| match &record.body {
            Body::FallbackSwitched { switching } => Some(switching),
            _ => None,
        });
        assert!(
            last.is_some_and(|last| last.name == name && last.stage == ActStage::Intended),
            "{name} was not announced"
        );
        let what = "so it is".to_owned();
        let stage = if self.draw(3) == 1 { ActStage::Failed { why: what } } else { ActStage::Done { seen: what } };
        let switching = FallbackSwitching { name: name.to_owned(), on: true, by: "the run".to_owned(), stage };
        Body::FallbackSwitched { switching: Box::new(switching) }
    }

    fn judgement(&mut self) -> Judgement {
        let (verdict, wants_person) = (self.verdict(), self.draw(5) == 1);
        Judgement {
            verdict,
            at: at(3),
            first_bad_at: None,
            findings: Vec::new(),
            wants_person,
            fired: None,
            own_check: None,
        }
    }

    fn plan(&mut self, request: &Request) -> Body {
        let mut plan = make_plan(request, &self.spec.then(), &self.spec.world(), &self.spec.depends_on());
        match self.draw(6) {
            1 => Body::Refused { refusals: vec![stale()] },
            2 => {
                plan.blocked_by = vec![stale()];
                Body::PlanMade { plan: Box::new(plan) }
            }
            people => {
                plan.blocked_by = Vec::new();
                let what = "the environment goes back".to_owned();
                let needed = Needed { people: 2, what, within_ms: u64::from(people) };
                plan.approvals = (people > 3).then_some(needed);
                Body::PlanMade { plan: Box::new(plan) }
            }
        }
    }

    fn outcome(&mut self, is_gate: bool) -> StepOutcome {
        let what = "so it is".to_owned();
        match self.draw(12) {
            0..3 => StepOutcome::Failed { why: what },
            3 => StepOutcome::Unclear { why: what },
            4 if is_gate => StepOutcome::Recovered { seen: what },
            5 if is_gate => StepOutcome::Worsened { seen: what },
            _ => StepOutcome::Done { seen: what },
        }
    }
}

fn kinds() -> impl Strategy<Value = RunKind> {
    let noticed = any::<bool>().prop_map(|goes_back| {
        let former = "cp-0".parse().unwrap();
        RunKind::Noticed(Box::new(Noticed { changed: vec!["a".to_owned()], former, goes_back, announced: None }))
    });
    let guard = RunKind::Guard { command: vec!["deploy".to_owned()] };
    prop_oneof![Just(guard), Just(RunKind::Rollback), noticed]
}

fn stale() -> Refusal {
    Refusal { name: RefusalName::StaleFacts, what: "it moved".to_owned(), hint: "plan again".to_owned() }
}

/// What a replay cannot know: whether whoever wrote the records is still at it.
fn without_doubt(state: &State) -> State {
    let mut state = state.clone();
    state.is_resumed = true;
    for status in state.steps.values_mut() {
        if let StepStatus::Intended { attempt } = status {
            *status = StepStatus::InDoubt { attempt: *attempt };
        }
    }
    state
}

fn plan_of(records: &[Record]) -> Option<&Plan> {
    records.iter().rev().find_map(|record| match &record.body {
        Body::PlanMade { plan } => Some(&**plan),
        _ => None,
    })
}

fn check_order(records: &[Record]) -> Result<(), TestCaseError> {
    let place = |wanted: fn(&Body) -> bool| {
        records.iter().enumerate().filter(|(_, r)| wanted(&r.body)).map(|(i, _)| i).collect::<Vec<_>>()
    };
    let deploys = place(|body| matches!(body, Body::DeployIntended));
    let steps = place(|body| matches!(body, Body::StepIntended { .. }));
    let captured = place(|body| matches!(body, Body::CheckpointTaken { .. }));
    prop_assert!(deploys.len() <= 1, "a deploy command is never run a second time");
    let spawned = place(|body| matches!(body, Body::DeploySpawned { .. })).len();
    prop_assert!(spawned <= 1, "{spawned} deploys");
    if let Some(abort) = place(|body| matches!(body, Body::AbortRequested { .. })).first() {
        prop_assert!(deploys.iter().chain(&steps).all(|i| i < abort), "nothing is begun after an abort");
    }
    for change in deploys.iter().chain(&steps) {
        prop_assert!(captured.iter().any(|i| i < change), "nothing is changed before the way back is recorded");
    }
    let ids = steps.iter().map(|i| match &records[*i].body {
        Body::StepIntended { step, attempt } => (*step, *attempt),
        _ => unreachable!(),
    });
    let mut last = StepId(1);
    for (step, attempt) in ids {
        prop_assert!(step >= last, "steps are done in order");
        last = step;
        let plan = plan_of(records).unwrap();
        prop_assert!(attempt <= plan.step(step).unwrap().attempts + 4, "a step is not tried for ever");
        prop_assert!(plan.blocked_by.is_empty(), "a blocked plan does not run");
    }
    for record in records {
        if let Body::UndoIntended { step } = record.body {
            let step = plan_of(records).unwrap().step(step).unwrap();
            let can_be_undone = !step.action.is_read_only() && step.class != StepClass::Irreversible;
            prop_assert!(can_be_undone, "step {} is undone", step.id);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_prefix_of_any_run_replays_and_agrees_with_the_run(
        spec in specs(), request in requests(), kind in kinds(), forced in any::<bool>(),
        draws in proptest::collection::vec(any::<u8>(), 0..160),
    ) {
        let mut request = request;
        if forced {
            request.forced.insert(RefusalName::NoGoodCheckpoint);
        }
        let mut fate = Fate { spec, draws, records: Vec::new(), executed: Vec::new(), minted: 0 };
        let run = fate.live(kind, request);
        let records = &fate.records;
        for end in 0..=records.len() {
            prop_assert!(Run::replay(&records[..end]).is_ok(), "{end} of {} records", records.len());
        }
        let replayed = Run::replay(records).unwrap();
        prop_assert_eq!(without_doubt(replayed.state()), without_doubt(run.state()));
        check_order(records)?;
    }

    #[test]
    fn a_record_that_cannot_follow_changes_nothing(
        spec in specs(), kind in kinds(), draws in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        let mut fate = Fate { spec, draws, records: Vec::new(), executed: Vec::new(), minted: 0 };
        fate.live(kind, request());
        let records = &fate.records;
        let kinds: BTreeSet<&str> = records.iter().map(|record| record.body.kind()).collect();
        let pool: Vec<&Body> =
            kinds.iter().map(|kind| &records.iter().find(|r| r.body.kind() == *kind).unwrap().body).collect();
        for end in 0..=records.len() {
            for body in &pool {
                let mut run = Run::replay(&records[..end]).unwrap();
                let before = run.clone();
                if run.handle((*body).clone(), at(7)).is_err() {
                    prop_assert_eq!(&run, &before);
                } else {
                    prop_assert!(end < records.len(), "{} follows the end", body.kind());
                }
            }
        }
    }
}

#[test]
fn an_emergency_is_among_the_requests() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = (0..50).map(|_| requests().new_tree(&mut runner).unwrap());
    let modes = drawn.map(|tree| proptest::strategy::ValueTree::current(&tree).mode);
    assert!(modes.into_iter().any(|mode| mode == Mode::Emergency));
}
