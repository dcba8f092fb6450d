//! What people said about a plan that waits for them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Needed, is_enough, people};
use crate::id::{Digest, RunId};
use crate::journal::{Body, Record};

/// What one person says about a plan that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// The plan's digest.
    pub plan: Digest,
    /// The name that was given.
    pub by: String,
    /// Who typed it: `anna@web1`.
    pub from: String,
    /// Whether they agree. One who does not ends the run.
    pub agrees: bool,
    /// Why, where that was said.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How waiting for people ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ApprovalsOutcome {
    /// Enough people agreed.
    Given {
        /// Who.
        by: BTreeSet<String>,
    },
    /// Somebody does not agree.
    Declined {
        /// Who.
        by: String,
        /// Why, where that was said.
        reason: Option<String>,
    },
    /// The time was over.
    TooLate {
        /// Who had agreed.
        by: BTreeSet<String>,
    },
}

/// How it stands with the agreement to a plan, by the records that say so.
///
/// | what was said of this very plan   | outcome  |
/// |-----------------------------------|----------|
/// | somebody does not agree           | declined |
/// | as many people agree as must      | given    |
/// | otherwise                         | none yet |
#[must_use]
pub fn approvals_outcome(records: &[Record], asked: &Asked<'_>) -> Option<ApprovalsOutcome> {
    let said = || said(records, asked);
    if let Some(no) = said().find(|approval| !approval.agrees) {
        return Some(ApprovalsOutcome::Declined { by: no.by.clone(), reason: no.reason.clone() });
    }
    let by = agreed(records, asked);
    is_enough(by.len(), asked.needed.people).then_some(ApprovalsOutcome::Given { by })
}

/// Who has agreed, one name for each person.
#[must_use]
pub fn agreed(records: &[Record], asked: &Asked<'_>) -> BTreeSet<String> {
    let yes = said(records, asked).filter(|approval| approval.agrees).map(|approval| approval.by.as_str());
    people(asked.named.iter().map(String::as_str).chain(yes), asked.starter)
}

/// What people are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The run.
    pub run: &'a RunId,
    /// Who started it.
    pub starter: &'a str,
    /// The plan's digest.
    pub plan: &'a Digest,
    /// How many must agree.
    pub needed: &'a Needed,
    /// Who was named when the run was started.
    pub named: &'a BTreeSet<String>,
}

fn said<'a>(records: &'a [Record], asked: &'a Asked<'_>) -> impl Iterator<Item = &'a Approval> + 'a {
    records.iter().filter(|record| record.run.as_ref() == Some(asked.run)).filter_map(|record| match &record.body {
        Body::Approved { approval } if approval.plan == *asked.plan => Some(approval),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::EnvironmentName;
    use jiff::Timestamp;

    fn said(run: &str, plan: &Digest, by: &str, agrees: bool) -> Record {
        let approval = Approval { plan: plan.clone(), by: by.to_owned(), from: "x@y".to_owned(), agrees, reason: None };
        Record {
            seq: 1,
            format: 1,
            at: Timestamp::UNIX_EPOCH,
            environment: EnvironmentName::new("production").unwrap(),
            run: Some(RunId::new(run).unwrap()),
            body: Body::Approved { approval },
            hash: Digest::of(b""),
        }
    }

    fn outcome(records: &[Record], named: &[&str]) -> Option<ApprovalsOutcome> {
        let needed = Needed { people: 2, what: "the environment goes back".to_owned(), within_ms: 1 };
        let named = named.iter().map(|name| (*name).to_owned()).collect();
        let (run, plan) = (RunId::new("run-1").unwrap(), Digest::of(b"plan"));
        approvals_outcome(
            records,
            &Asked { run: &run, starter: "ada@web1", plan: &plan, needed: &needed, named: &named },
        )
    }

    #[test]
    fn two_people_are_two_whatever_else_was_said() {
        let plan = Digest::of(b"plan");
        let yes = |by| said("run-1", &plan, by, true);
        assert_eq!(outcome(&[yes("ben")], &[]), None);
        assert_eq!(outcome(&[yes("ben"), yes(" Ben ")], &["BEN"]), None, "one person is one person");
        assert_eq!(outcome(&[yes("ada"), yes("Ada@web1")], &["ADA"]), None, "who started it is one person at most");
        let both = ["ada", "ben"].map(str::to_owned).into();
        assert_eq!(outcome(&[yes("ada"), yes("ben")], &[]), Some(ApprovalsOutcome::Given { by: both }));
        assert!(outcome(&[yes("ben")], &["carl"]).is_some(), "who was named counts");
        let other = [said("run-1", &Digest::of(b"other"), "ben", true), said("run-2", &plan, "carl", true)];
        assert_eq!(outcome(&other, &["dora"]), None, "another plan, or another run");
    }

    #[test]
    fn one_who_does_not_agree_is_enough() {
        let plan = Digest::of(b"plan");
        let records = ["ben", "carl"].map(|by| said("run-1", &plan, by, true));
        let all = [records.as_slice(), &[said("run-1", &plan, "dora", false)]].concat();
        let declined = ApprovalsOutcome::Declined { by: "dora".to_owned(), reason: None };
        assert_eq!(outcome(&all, &[]), Some(declined));
    }
}
