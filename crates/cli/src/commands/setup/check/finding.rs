//! What the doctor finds: one line a thing looked at.

use serde::Serialize;

use crate::ui::{Paint, table};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: String,
    /// What came of it.
    pub(super) result: Outcome,
    /// What was seen.
    pub(super) what: String,
    /// What to do about it.
    pub(super) hint: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Holds,
    /// Worth knowing; stands in nobody's way.
    Note,
    Fails,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Holds => "holds",
            Outcome::Note => "note",
            Outcome::Fails => "FAILS",
        }
    }
}

impl Finding {
    pub(super) fn holds(check: impl Into<String>, what: impl Into<String>) -> Self {
        Self { check: check.into(), result: Outcome::Holds, what: what.into(), hint: None }
    }

    pub(super) fn note(check: impl Into<String>, what: impl Into<String>) -> Self {
        Self { result: Outcome::Note, ..Self::holds(check, what) }
    }

    pub(super) fn fails(check: impl Into<String>, what: impl Into<String>) -> Self {
        Self { result: Outcome::Fails, ..Self::holds(check, what) }
    }

    pub(super) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// All of them as a table, and below it what to do.
pub(super) fn text(findings: &[Finding]) -> String {
    let row = |finding: &Finding| {
        // What a tool said may have several lines; the first says most.
        let what = finding.what.lines().next().unwrap_or_default().to_owned();
        vec![finding.result.word().to_owned(), finding.check.clone(), what]
    };
    let rows: Vec<Vec<String>> = findings.iter().map(row).collect();
    let mut lines = vec![table(&["RESULT", "CHECK", "SEEN"], &rows)];
    let hints: Vec<String> = findings
        .iter()
        .filter_map(|finding| Some(format!("{} {}: {}", Paint::hint("hint:"), finding.check, finding.hint.as_ref()?)))
        .collect();
    if !hints.is_empty() {
        lines.push(String::new());
        lines.extend(hints);
    }
    lines.join("\n")
}
