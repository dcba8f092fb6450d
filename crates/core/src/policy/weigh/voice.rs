//! Voices: what each rule says about a case.

use crate::policy::{Case, Choice, Row, Rules, Severity};

/// What one rule, finding or limit asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Voice {
    pub(super) choice: Choice,
    pub(super) text: String,
}

impl Voice {
    pub(super) fn new(choice: Choice, text: impl Into<String>) -> Self {
        Self { choice, text: text.into() }
    }

    /// Whether it speaks for a choice.
    pub(super) fn is_for(&self, choice: Choice) -> bool {
        self.choice == choice || (self.choice.goes_back() && choice.goes_back())
    }
}

/// What a row says.
pub(super) fn of_row(row: &Row, what: &str, case: &Case, severity: Severity) -> Voice {
    let words = row.when.in_words(case, severity);
    let because = if words.is_empty() { String::new() } else { format!(": {words}") };
    Voice::new(row.then, format!("{what} `{}`{because}", row.name))
}

/// What keeps a case from going back, in the order in which it counts: exceptions, a quick fix, freezes, limits.
pub(super) fn obstacles(case: &Case, rules: &Rules, severity: Severity) -> Vec<Voice> {
    let mut voices = Vec::new();
    let holding = rules.exceptions.iter().filter(|row| row.when.holds(case, Some(severity)));
    voices.extend(holding.map(|row| of_row(row, "not to be rolled back,", case, severity)));
    voices.extend(quick_fix(case, rules));
    let freezes = rules.freeze.iter().filter(|freeze| freeze.holds_up(severity, case.at));
    voices.extend(
        freezes.map(|freeze| {
            Voice::new(Choice::Hold, format!("the freeze `{}` leaves going back to a person", freeze.name))
        }),
    );
    voices.extend(case.objections.iter().map(|objection| Voice::new(Choice::Hold, objection.clone())));
    voices
}

fn quick_fix(case: &Case, rules: &Rules) -> Option<Voice> {
    let (within, fix) = (rules.fix_forward_within?, case.fix_within()?);
    (fix <= within && !case.is_lasting()).then(|| {
        let text =
            format!("it can be fixed within {} s; up to {} s that is waited for", fix.as_secs(), within.as_secs());
        Voice::new(Choice::FixForward, text)
    })
}
