//! What becomes of a deploy that was noticed, station by station.

use backout_core::inventory::{DatabasesAfter, Grade};
use backout_core::journal::{Body, Means, Noticed, RunKind, RunResult};
use backout_core::policy::{Choice, Decision, Judgement, Verdict};
use backout_core::run::{Act, CapturePurpose, Effect, Run};

use super::machine::spec;
use super::world::{Spec, at, make_plan, request, started};

struct Story {
    run: Run,
    wrote: Vec<Body>,
    wants: Option<Act>,
}

impl Story {
    fn begin(goes_back: bool) -> Self {
        let former = "cp-0".parse().unwrap();
        let noticed = Noticed { changed: vec!["a".to_owned()], former, goes_back, announced: None };
        let (run, effects) = Run::begin(started(RunKind::Noticed(Box::new(noticed)), request()), at(0)).unwrap();
        let mut story = Self { run, wrote: Vec::new(), wants: None };
        story.take(effects);
        story
    }

    fn take(&mut self, effects: Vec<Effect>) {
        self.wants = None;
        for effect in effects {
            match effect {
                Effect::Record(body) => self.wrote.push(body),
                Effect::Do(act) => self.wants = Some(act),
            }
        }
    }

    fn then(mut self, body: Body) -> Self {
        let effects = self.run.handle(body, at(0)).unwrap();
        self.take(effects);
        self
    }

    fn seen(self, is_changed: bool) -> Self {
        let changed = if is_changed { vec![Spec::name(0)] } else { Vec::new() };
        let facts = spec().world().facts(1);
        self.then(Body::BeforeSeen {
            facts: facts.clone(),
            red: Vec::new(),
            checks: Vec::new(),
            has_good_checkpoint: true,
            means: Means::default(),
            quarantined: Vec::new(),
            named: None,
            not_kept: None,
            not_confirmed: None,
        })
        .then(Body::AfterSeen { facts, changed, data: DatabasesAfter::default() })
    }

    fn soaked(goes_back: bool, verdict: Verdict, wants_person: bool) -> Self {
        let story = Self::begin(goes_back).seen(true).then(taken(1));
        assert_eq!(story.wants, Some(Act::Watch));
        let judgement = Judgement {
            verdict,
            at: at(3),
            first_bad_at: None,
            findings: Vec::new(),
            wants_person,
            fired: None,
            own_check: None,
        };
        let story = story.then(Body::Judged { judgement });
        if story.wants != Some(Act::Decide) {
            return story;
        }
        let choice = if wants_person { Choice::Hold } else { Choice::RollBack };
        story.then(Body::Decided { decision: Decision::plain(choice, Vec::new(), Vec::new()) })
    }

    fn grades(&self) -> Vec<Grade> {
        let graded = self.wrote.iter().filter_map(|body| match body {
            Body::Graded { grade, .. } => Some(*grade),
            _ => None,
        });
        graded.collect()
    }
}

fn taken(n: u32) -> Body {
    let mut checkpoint = spec().then().checkpoint;
    checkpoint.id = format!("cp-{n}").parse().unwrap();
    Body::CheckpointTaken { checkpoint: Box::new(checkpoint) }
}

#[test]
fn what_is_new_is_a_recorded_candidate_before_it_is_watched() {
    let story = Story::begin(true).seen(true);
    assert_eq!(story.wants, Some(Act::Capture(CapturePurpose::Noticed)));
    let story = story.then(taken(1));
    assert_eq!((story.grades(), story.wants), (vec![Grade::Candidate], Some(Act::Watch)));
}

#[test]
fn what_is_as_it_was_again_ends_the_run() {
    assert_eq!(Story::begin(true).seen(false).run.result(), Some(RunResult::NothingChanged));
}

#[test]
fn what_held_is_good_and_what_could_not_be_proven_stays_a_candidate() {
    let good = Story::soaked(false, Verdict::Healthy, false);
    assert_eq!((good.grades(), good.run.result()), (vec![Grade::Candidate, Grade::Good], Some(RunResult::Kept)));
    let unproven = Story::soaked(true, Verdict::Unmeasurable, false);
    assert_eq!((unproven.grades(), unproven.run.result()), (vec![Grade::Candidate], Some(RunResult::KeptUnproven)));
}

#[test]
fn what_went_bad_is_quarantined_and_stays_unless_going_back_is_allowed() {
    let held = Story::soaked(false, Verdict::Unhealthy, false);
    assert_eq!((held.grades(), held.run.result()), (vec![Grade::Candidate, Grade::Bad], Some(RunResult::Held)));
    let asked = Story::soaked(true, Verdict::Unhealthy, true);
    assert_eq!((asked.grades(), asked.run.result()), (vec![Grade::Candidate], Some(RunResult::Held)));
    let back = Story::soaked(true, Verdict::Unhealthy, false);
    assert_eq!((back.grades(), back.wants), (vec![Grade::Candidate, Grade::Bad], Some(Act::Plan)));
}

#[test]
fn switch_stands_by_before_the_first_step_back() {
    let plan = make_plan(&request(), &spec().then(), &spec().world(), &spec().depends_on());
    let back = Story::soaked(true, Verdict::Unhealthy, false).then(Body::PlanMade { plan: Box::new(plan) });
    let back = back.then(taken(2));
    assert_eq!((back.wants.clone(), back.grades().last()), (Some(Act::Arm), Some(&Grade::Bad)));
    let back = back.then(Body::Armed { pid: 4 });
    assert!(matches!(back.wants, Some(Act::Execute { .. })), "{:?}", back.wants);
}

#[test]
fn soak_that_another_deploy_overtakes_ends_without_a_grade() {
    let story = Story::begin(true).seen(true).then(taken(1));
    let summary = "another deploy came".to_owned();
    let story = story.then(Body::RunEnded { result: RunResult::KeptUnproven, summary });
    assert_eq!((story.grades(), story.run.result()), (vec![Grade::Candidate], Some(RunResult::KeptUnproven)));
}

#[test]
fn how_it_was_before_ends_where_what_ran_before_was_last_seen() {
    let story = Story::begin(false);
    assert_eq!(story.run.state().before_until(), None);
    let seen = story.seen(true);
    let last = seen.run.state().before.iter().map(|fact| fact.observed_at).max();
    assert!(last.is_some());
    assert_eq!(seen.run.state().before_until(), last);
}
