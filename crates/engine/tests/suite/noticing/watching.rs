//! Somebody who watches, and what there is after it.

use backout_core::inventory::{Grade, Graded};
use backout_core::journal::{Body, RunKind, RunResult};
use backout_engine::{Lookout, Successor, Turn, World, checkpoints, survey};

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
