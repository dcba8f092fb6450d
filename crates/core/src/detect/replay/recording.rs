//! Recordings: everything that a judge heard in one watch, in order.
//!
//! Contract: a judge with the same rules that hears the same says the same. What could not change its mind is left out: a
//! fact that is as it was, and samples that no trigger, no requirement, no bar and no dependency is about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::detect::{Bar, Judge, News, Rules, SignalPath};
use crate::id::ServiceName;
use crate::inventory::Fact;
use crate::policy::Judgement;

/// The format of recordings that this version writes, and the newest that it reads.
///
/// | format | what a verdict says beside its reasons                        |
/// |--------|---------------------------------------------------------------|
/// | 1      | of a limit that fired: its last sample                        |
/// | 2      | of a comparison with before as well: how much worse it is; of a limit, which dependencies were down beside it |
/// | 3      | of an instance's own health check as well: which dependencies were down beside it |
pub const FORMAT: u32 = 3;

/// What a watch heard, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptWatch {
    /// [`FORMAT`] when it was written.
    pub format: u32,
    /// What the judge went by.
    pub rules: Rules,
    /// What it heard.
    pub news: Vec<News>,
    /// When the watch ended without a verdict; none where there was one before.
    pub concluded_at: Option<Timestamp>,
    /// What the judge said.
    pub judgement: Judgement,
}

/// A judge, and a list of what it hears.
#[derive(Debug, Clone)]
pub struct Recorder {
    judge: Judge,
    rules: Rules,
    matters: BTreeSet<SignalPath>,
    facts: BTreeMap<ServiceName, Fact>,
    news: Vec<News>,
}

impl Recorder {
    /// A judge with these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let triggers = rules.triggers.iter().map(|trigger| &trigger.signal);
        let required = rules.required.iter().chain(rules.bars.iter().map(Bar::signal));
        let all = triggers.chain(required).chain(&rules.red_before).chain(&rules.comparing.dependencies);
        let (matters, facts) = (all.cloned().collect(), BTreeMap::new());
        Self { judge: Judge::new(rules.clone()), rules, matters, facts, news: Vec::new() }
    }

    /// Has the judge hear something, and keeps it. Answers as the judge does.
    pub fn hear(&mut self, news: News) -> Option<Judgement> {
        let said = self.judge.hear(&news);
        // A fact that is as it was can bring a verdict nevertheless: health checks may count from a certain moment on.
        if self.matters(&news) || said.is_some() {
            self.news.push(news);
        }
        said
    }

    /// See [`Judge::explained`]; what was asked is kept.
    pub fn explained(&mut self, judgement: Judgement, asked: News) -> Judgement {
        let judgement = self.judge.explained(judgement, &asked);
        self.news.push(asked);
        judgement
    }

    /// See [`Judge::is_waiting`].
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.judge.is_waiting()
    }

    /// See [`Judge::questions`].
    #[must_use]
    pub fn questions(&self) -> u32 {
        self.judge.questions()
    }

    /// The whole watch, which ended with a verdict.
    #[must_use]
    pub fn ended(self, judgement: Judgement) -> KeptWatch {
        let Self { rules, news, .. } = self;
        KeptWatch { format: FORMAT, rules, news, concluded_at: None, judgement }
    }

    /// The whole watch, which ended without one.
    #[must_use]
    pub fn concluded(self, now: Timestamp) -> KeptWatch {
        let judgement = self.judge.conclude(now);
        KeptWatch { concluded_at: Some(now), ..self.ended(judgement) }
    }

    fn matters(&mut self, news: &News) -> bool {
        match news {
            News::Sample(sample) => self.matters.contains(&sample.signal),
            News::Fact(fact) => {
                let before = self.facts.insert(fact.service.clone(), fact.clone());
                before.is_none_or(|before| Fact { observed_at: fact.observed_at, ..before } != *fact)
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Comparing, replay};
    use crate::inventory::{Health, Instance, InstanceState, Running, Seen, Version};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn fact(service: &str, health: Health, second: i64) -> Fact {
        let (code, spec) = (format!("{service}:v1"), String::new());
        let instance = Instance {
            id: "1".to_owned(),
            name: format!("{service}-1"),
            version: Version { code, spec },
            state: InstanceState::Running,
            health,
            since: None,
            restarts: 0,
        };
        let running = Running {
            label: String::new(),
            wanted: 1,
            instances: vec![instance],
            unready: Vec::new(),
            trouble: None,
            busy: None,
            next: None,
        };
        let service = ServiceName::new(service).unwrap();
        Fact { service, observed_at: at(second), seen: Seen::Present(running), files: BTreeMap::new() }
    }

    /// A watch of `app`, which needs `db`; health checks count from the tenth second on.
    fn watched(news: &[Fact]) -> KeptWatch {
        let container = |service: &str| format!("{service}.container.up").parse().unwrap();
        let comparing = Comparing { containers: [container("db")].into(), ..Comparing::nothing(at(0)) };
        let rules = Rules {
            triggers: Vec::new(),
            required: Vec::new(),
            red_before: BTreeSet::new(),
            before: vec![fact("app", Health::Healthy, 0), fact("db", Health::Healthy, 0)],
            excused: [ServiceName::new("db").unwrap()].into(),
            own_checks_from: Some(at(10)),
            comparing,
            bars: Vec::new(),
        };
        let mut recorder = Recorder::new(rules);
        let said = news.iter().find_map(|fact| recorder.hear(News::Fact(fact.clone())));
        match said {
            Some(judgement) => recorder.ended(judgement),
            None => recorder.concluded(at(60)),
        }
    }

    #[test]
    fn a_health_check_that_fails_beside_a_dependency_is_said_again_as_it_was_in_every_format() {
        let unwell = |service, second| fact(service, Health::Unhealthy, second);
        let watch = watched(&[unwell("db", 1), unwell("app", 2), unwell("app", 8), unwell("app", 11)]);
        let own = watch.judgement.own_check.as_ref().unwrap();
        assert_eq!((watch.judgement.at, own.dependencies_down.len()), (at(11), 1), "not before the tenth second");
        assert_eq!(replay(&watch, &[]).unwrap().judgement, watch.judgement);
        let then =
            KeptWatch { format: 2, judgement: Judgement { own_check: None, ..watch.judgement.clone() }, ..watch };
        assert_eq!(replay(&then, &[]).unwrap().judgement, then.judgement);
    }

    #[test]
    fn what_was_ill_before_explains_nothing() {
        let mut watch = watched(&[fact("db", Health::Unhealthy, 1), fact("app", Health::Unhealthy, 11)]);
        watch.rules.before = vec![fact("app", Health::Healthy, 0), fact("db", Health::Unhealthy, 0)];
        let said = replay(&watch, &[]).unwrap().judgement;
        assert!(said.own_check.unwrap().dependencies_down.is_empty());
    }
}
