//! Kinds of ways back: by itself, by hand, in an emergency, or in a drill.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::story::Story;
use super::summary::{Share, Spread};
use crate::journal::{RunKind, RunResult, RunStarted};
use crate::plan::Mode;
use crate::report::DrillReport;

/// How a way back came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A deploy went bad, and went back without anybody asking for it.
    Itself,
    /// A person wanted it.
    ByHand,
    /// A person wanted it in a hurry.
    Emergency,
    /// A rehearsal.
    Drill,
}

/// What the ways back of one kind were like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Figures {
    /// Those that were verified.
    pub verified: Share,
    /// From the decision to verified.
    pub to_go_back: Option<Spread>,
    /// From the first bad sample, of a drill from what it broke, to verified.
    pub to_recover: Option<Spread>,
}

impl Kind {
    /// The kind of a run, if it goes back.
    ///
    /// | run                       | in a hurry | kind      |
    /// |---------------------------|------------|-----------|
    /// | a drill                   |            | drill     |
    /// | any other                 | yes        | emergency |
    /// | a rollback                | no         | by hand   |
    /// | guarded, noticed, watched | no         | by itself |
    #[must_use]
    pub fn of(started: &RunStarted) -> Self {
        match (&started.run, started.request.mode) {
            (RunKind::Drill(_), _) => Self::Drill,
            (_, Mode::Emergency) => Self::Emergency,
            (RunKind::Rollback, _) => Self::ByHand,
            (RunKind::Guard { .. } | RunKind::Noticed(_) | RunKind::WentDown, _) => Self::Itself,
        }
    }

    /// The words for it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Itself => "by itself",
            Self::ByHand => "by hand",
            Self::Emergency => "emergency",
            Self::Drill => "drill",
        }
    }
}

/// How a way back ended, and how long it took to go back and to recover.
type Ended = (RunResult, Option<i64>, Option<i64>);

/// The figures of each kind of which there was any way back.
pub(super) fn by_kind(
    back: &[&Story],
    drills: &[DrillReport],
    (since, until): (Timestamp, Timestamp),
) -> BTreeMap<Kind, Figures> {
    let mut all: BTreeMap<Kind, Vec<Ended>> = BTreeMap::new();
    for story in back {
        let ended = (story.result, story.times.to_go_back_ms, story.times.to_recover_ms);
        all.entry(story.kind).or_default().push(ended);
    }
    let went_back = |drill: &&DrillReport| matches!(drill.result, RunResult::RolledBack | RunResult::NotVerified);
    for drill in drills.iter().filter(|drill| (since..=until).contains(&drill.at)).filter(went_back) {
        all.entry(Kind::Drill).or_default().push((drill.result, drill.to_go_back_ms, drill.in_all_ms));
    }
    let figures = |those: Vec<Ended>| {
        let mut verified = Share::default();
        those.iter().for_each(|(result, ..)| verified.count(*result == RunResult::RolledBack));
        Figures {
            verified,
            to_go_back: Spread::of(those.iter().filter_map(|(_, back, _)| *back).collect()),
            to_recover: Spread::of(those.iter().filter_map(|(.., recover)| *recover).collect()),
        }
    };
    all.into_iter().map(|(kind, those)| (kind, figures(those))).collect()
}
