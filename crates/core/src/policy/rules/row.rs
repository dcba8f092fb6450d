//! The rows of a decision matrix, and the branches of a decision tree.

use std::time::Duration;

use serde::Serialize;

use super::When;
use crate::policy::{Case, Choice, Severity};

/// One row: what to do with a case that it is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// Which cases it is about.
    pub when: When,
    /// What to do.
    pub then: Choice,
    /// How long a fix is waited for; only of [`Choice::RollBackUnlessFixed`].
    pub within: Option<Duration>,
}

/// A question of a decision tree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Branch {
    /// What is asked.
    pub ask: When,
    /// What follows from yes.
    pub yes: Next,
    /// What follows from no.
    pub no: Next,
}

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// It is decided.
    Choice(Choice),
    /// Another question.
    Ask(Box<Branch>),
}

impl Branch {
    /// What it comes to, and the answers on the way.
    #[must_use]
    pub fn walk(&self, case: &Case, severity: Severity) -> (Choice, Vec<String>) {
        let (mut branch, mut answers) = (self, Vec::new());
        loop {
            let is_so = branch.ask.holds(case, Some(severity));
            answers.push(answer(&branch.ask, is_so));
            match if is_so { &branch.yes } else { &branch.no } {
                Next::Choice(choice) => return (*choice, answers),
                Next::Ask(next) => branch = next,
            }
        }
    }
}

fn answer(ask: &When, is_so: bool) -> String {
    let mut asked: Vec<String> = ask.severity.iter().map(ToString::to_string).collect();
    asked.extend(ask.impact.iter().map(|impact| impact.to_string().replace('_', " ")));
    asked.extend(ask.fix_within.map(|within| format!("fixed within {} min", within.as_secs() / 60)));
    asked.extend(ask.tags.keys().cloned());
    let asked = if asked.is_empty() { "the question".to_owned() } else { asked.join(" or ") };
    format!("{asked}: {}", if is_so { "yes" } else { "no" })
}
