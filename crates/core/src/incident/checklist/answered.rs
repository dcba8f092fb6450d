//! Checklists with their answers: a person's word counts most, then what the journal shows.

use schemars::JsonSchema;
use serde::Serialize;

use super::item::{Checklists, Part};
use crate::incident::entry::Answer;
use crate::incident::facts::{Facts, Shown};
use crate::incident::mask::Mask;
use crate::incident::standing::Incident;

/// The checklists of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answered {
    /// In the order to go through them.
    pub items: Vec<Ticked>,
    /// How many are open.
    pub open: usize,
}

/// One item with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ticked {
    /// When it is due.
    pub part: Part,
    /// What it is answered by.
    pub id: String,
    /// What holds once it is done.
    pub text: String,
    /// How it is.
    pub state: State,
    /// What shows it, or what a person said.
    pub why: Option<String>,
    /// Who answered, where a person did.
    pub by: Option<String>,
}

/// How an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The journal shows it, or a person said so.
    Done,
    /// A person said that it is not, and will not be.
    NotDone,
    /// There is nothing to do.
    NotNeeded,
    /// A person must see to it.
    Open,
}

impl State {
    /// As a person said that it is.
    fn said(holds: bool) -> Self {
        if holds { Self::Done } else { Self::NotDone }
    }

    /// As it stands before the item.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Done => "[x]",
            Self::NotDone => "[!]",
            Self::NotNeeded => "[-]",
            Self::Open => "[ ]",
        }
    }
}

/// Goes through the checklists.
pub(in crate::incident) fn answered(
    incident: &Incident,
    checklists: &Checklists,
    facts: &Facts<'_>,
    mask: &Mask,
) -> Answered {
    let items: Vec<Ticked> = checklists
        .0
        .iter()
        .map(|item| {
            let (state, why, by) = match (incident.answers.get(&item.id), facts.manual.get(item.id.as_str())) {
                (Some((answer, by, note)), _) => (State::said(*answer == Answer::Yes), note.clone(), Some(by.clone())),
                (None, Some(answer)) => (State::said(answer.holds), None, Some(answer.by.clone())),
                (None, None) => match item.evidence.map_or(Shown::Nothing, |evidence| facts.shown(evidence)) {
                    Shown::Yes(why) => (State::Done, Some(mask.apply(&why)), None),
                    Shown::NotNeeded(why) => (State::NotNeeded, Some(why), None),
                    Shown::Nothing => (State::Open, None, None),
                },
            };
            Ticked { part: item.part, id: item.id.clone(), text: item.text.clone(), state, why, by }
        })
        .collect();
    let open = items.iter().filter(|item| item.state == State::Open).count();
    Answered { items, open }
}
