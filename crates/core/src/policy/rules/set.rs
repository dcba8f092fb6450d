//! Everything that a policy goes by.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{Branch, Freeze, Objective, Row, When};
use crate::policy::{Case, Severity, Tags};

/// The rules of one environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Rules {
    /// Where the matrix is from: the name of a preset, or `own`.
    pub matrix: String,
    /// How bad what is: the first that holds counts.
    pub severities: Vec<(Severity, When)>,
    /// The decision matrix: the first row that holds counts.
    pub rows: Vec<Row>,
    /// The decision tree, which is asked where no row holds.
    pub tree: Option<Branch>,
    /// When not to go back, whatever the matrix says: the first that holds counts.
    pub exceptions: Vec<Row>,
    /// What somebody can fix within this is fixed forward, unless it is lasting.
    pub fix_forward_within: Option<Duration>,
    /// When nothing goes back without a person.
    pub freeze: Vec<Freeze>,
    /// How long it may take, by severity.
    pub objectives: BTreeMap<Severity, Objective>,
    /// What is always said.
    pub tags: Tags,
    /// How long it must be healthy again to count as fixed; `None` is as long as a soak.
    pub fixed_after: Option<Duration>,
}

impl Rules {
    /// How bad a case is, and the rule that says so. A person's word counts more than any rule; where nobody and nothing
    /// says, it is `P2`: something fired.
    #[must_use]
    pub fn severity(&self, case: &Case) -> (Severity, String) {
        if let Some(severity) = case.severity {
            return (severity, format!("{severity}: a person says so"));
        }
        let found = self.severities.iter().find(|(_, when)| when.holds(case, None));
        match found.map(|(severity, when)| (*severity, when.in_words(case, *severity))) {
            Some((severity, words)) if words.is_empty() => (severity, format!("{severity}: so is everything")),
            Some((severity, words)) => (severity, format!("{severity}: {words}")),
            None => (Severity::P2, "P2: no rule says how bad it is".to_owned()),
        }
    }
}
