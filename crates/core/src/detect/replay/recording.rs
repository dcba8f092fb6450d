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
pub const FORMAT: u32 = 2;

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
        if self.matters(&news) {
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
