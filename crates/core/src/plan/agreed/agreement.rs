//! A plan that somebody agreed to, as the run remembers it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Point, steps};
use crate::data::Ladder;
use crate::id::Digest;
use crate::plan::{Plan, Request};

/// A plan that somebody agreed to: its digest, and what it consists of, so that it can be said what is different now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agreed {
    /// Equal for plans that mean the same.
    pub digest: Digest,
    /// What it was made from and what it says, by subject: `` `web` ``, `steps`.
    pub points: BTreeMap<String, Point>,
}

impl Agreed {
    /// What it means to agree to a plan.
    ///
    /// | of the plan                                                    | is in the digest                       |
    /// |----------------------------------------------------------------|----------------------------------------|
    /// | the target                                                     | yes                                    |
    /// | versions that run, files on disk, of the services in its scope | yes                                    |
    /// | how many instances, their names, health, states and restarts   | no; where it matters, a step is        |
    /// | databases: which, schema, what was applied                     | yes                                    |
    /// | steps: what, their order, class and attempts                   | yes                                    |
    /// | steps: estimates, limits, minted names                         | no                                     |
    /// | a new instance started before or after the old one stops       | no: it follows from how well that runs |
    /// | the way back of a database, and which tables lose rows         | yes                                    |
    /// | how many rows                                                  | no: `--accept-loss` says how many      |
    /// | refusals that are overridden                                   | by name                                |
    /// | what was asked for                                             | but for who approved, and the target   |
    /// | times, reasons in words, what blocks it                        | no                                     |
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut points = plan.made_from.clone();
        points.extend(steps::points(plan));
        points.extend(plan.data.iter().map(way_back));
        points.insert("target".to_owned(), Point::new(format!("`{}`", plan.target), &plan.target));
        points.insert("what is asked for".to_owned(), Point::new("as it was typed", &wish(&plan.request)));
        let overridden: BTreeSet<&str> = plan.overridden.iter().map(|refusal| refusal.name.as_str()).collect();
        if !overridden.is_empty() {
            let words = overridden.iter().copied().collect::<Vec<_>>().join(", ");
            points.insert("refusals that are overridden".to_owned(), Point::new(words, &overridden));
        }
        let meanings: BTreeMap<&String, &Digest> = points.iter().map(|(about, point)| (about, &point.digest)).collect();
        let digest = Point::new("", &meanings).digest;
        Self { digest, points }
    }

    /// What is different now, one sentence each without a full stop; empty where nothing is.
    #[must_use]
    pub fn differences(&self, now: &Agreed) -> Vec<String> {
        let subjects: BTreeSet<&String> = self.points.keys().chain(now.points.keys()).collect();
        subjects.into_iter().filter_map(|about| change(about, self.points.get(about), now.points.get(about))).collect()
    }
}

fn change(about: &str, was: Option<&Point>, is: Option<&Point>) -> Option<String> {
    let words = |point: Option<&Point>| point.map_or("none", |point| point.words.as_str()).to_owned();
    match (was, is) {
        (Some(was), Some(is)) if was.digest == is.digest => None,
        (Some(was), Some(is)) if was.words == is.words => Some(format!("{about}: {}, and not as it was", is.words)),
        _ => Some(format!("{about}: {} -> {}", words(was), words(is))),
    }
}

/// The way back of a database, and which tables it takes rows from or brings deleted ones back to.
fn way_back(ladder: &Ladder) -> (String, Point) {
    let tables = ladder.loss.iter().flat_map(|loss| &loss.tables).filter(|table| table.rows() > 0);
    let losing: BTreeMap<String, (bool, bool)> =
        tables.map(|table| (table.table.to_string(), (table.written > 0, table.deleted > 0))).collect();
    let names: Vec<&str> = losing.keys().map(String::as_str).collect();
    let words = match names.as_slice() {
        [] => ladder.rung.to_string(),
        names => format!("{}, with rows of {} at stake", ladder.rung, names.join(", ")),
    };
    (format!("way back of database `{}`", ladder.database), Point::new(words, &(ladder.rung, losing)))
}

/// What is asked for; the target that it came to and who approved stand for themselves.
fn wish(request: &Request) -> Request {
    let mut wish = Request { target: None, named: Vec::new(), ..request.clone() };
    wish.data.approved_by.clear();
    wish
}
