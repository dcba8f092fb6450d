//! Somebody who watches, and what there is after it.

use std::time::Duration;

use backout_core::detect::{Comparing, Rules};
use backout_core::inventory::{Grade, Graded};
use backout_core::journal::{Body, RunKind, RunResult};
use backout_core::policy::Verdict;
use backout_engine::{
    Lookout, Pace, Successor, Trouble, Turn, Watched, Watching as Between, World, checkpoints, survey, watch,
};

use crate::scenario::{Scenario, TTL, seconds};

/// Watches as one process.
pub(crate) struct Watching {
    world: World,
    lookout: Lookout,
}

impl Watching {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let who = Successor { holder: "a watch".to_owned(), pid: 7, ttl: TTL };
        let world = scenario.another_world();
        Self { lookout: Lookout::new(world.clone(), who), world }
    }

    pub(crate) async fn turn(&mut self) -> Turn {
        let survey = survey(&self.world).await;
        self.lookout.turn(survey, None).await.unwrap()
    }

    /// A turn, and the watch after it, as `backout watch` does it; what came of what that found.
    pub(crate) async fn pass(&mut self, length: Duration) -> (Turn, Option<Trouble>) {
        let seen = survey(&self.world).await;
        let turn = self.lookout.turn(seen.clone(), None).await.unwrap();
        let excused = self.lookout.excused(&seen).await.unwrap();
        let since = self.world.clock.now();
        let rules = Rules {
            triggers: self.world.environment.triggers.clone(),
            required: Vec::new(),
            red_before: excused.red,
            before: excused.facts,
            excused: [].into(),
            own_checks_from: None,
            comparing: Comparing {
                since,
                horizon: length.as_secs_f64(),
                false_alarms: 0.001,
                counted: Vec::new(),
                dependencies: [].into(),
                containers: [].into(),
            },
            bars: Vec::new(),
        };
        let (until, known) = (since + length, Some(seen.facts.as_slice()));
        let between = Between { pace: Pace::AtRest, until, deployed_at: since, known };
        match watch(&self.world, rules, between).await {
            Watched::Judged(watched) if watched.judgement.verdict == Verdict::Unhealthy => {
                (turn, Some(self.lookout.trouble(&watched, &seen.facts).await.unwrap()))
            }
            Watched::Judged(_) | Watched::Moved => (turn, None),
        }
    }

    /// Turn after turn, until a run has ended.
    pub(crate) async fn until_ended(&mut self) -> RunResult {
        for _ in 0..200 {
            if let Turn::Ended { result, .. } = self.turn().await {
                return result;
            }
            self.world.clock.sleep(seconds(1)).await;
        }
        panic!("nothing was noticed");
    }

    /// Turn after turn, until there is nothing to be done any more.
    pub(crate) async fn until_quiet(&mut self) {
        for _ in 0..200 {
            if self.turn().await == Turn::Recorded {
                return;
            }
            self.world.clock.sleep(seconds(1)).await;
        }
        panic!("it does not become quiet");
    }
}

/// Every checkpoint with its grade.
pub(crate) fn graded(scenario: &Scenario) -> Vec<Graded> {
    checkpoints(&scenario.store.all())
}

/// The grades, oldest first.
pub(crate) fn grades(scenario: &Scenario) -> Vec<Grade> {
    graded(scenario).into_iter().map(|graded| graded.grade).collect()
}

/// How the runs about what was noticed ended, oldest first; nothing of those that are open.
pub(crate) fn results(scenario: &Scenario) -> Vec<Option<RunResult>> {
    let all = scenario.store.all();
    let noticed = all.iter().filter(
        |record| matches!(&record.body, Body::RunStarted(started) if matches!(started.run, RunKind::Noticed(_))),
    );
    let result = |run: &Option<_>| {
        all.iter().filter(|record| record.run == *run).find_map(|record| match record.body {
            Body::RunEnded { result, .. } => Some(result),
            _ => None,
        })
    };
    noticed.map(|record| result(&record.run)).collect()
}
