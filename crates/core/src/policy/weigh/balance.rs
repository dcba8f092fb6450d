//! The policy: from a case and the rules to a decision.
//!
//! Contract: a pure function. The same case under the same rules gives the same decision, and every rule that is about the
//! case is named in it, for or against.
//!
//! | what leads                                  | what is chosen                                            |
//! |---------------------------------------------|-----------------------------------------------------------|
//! | nothing is bad                              | keep                                                      |
//! | a trigger that asks for a person            | hold                                                      |
//! | the first row of the matrix that holds      | what it says                                              |
//! | no row: the tree                            | what it comes to                                          |
//! | neither                                     | what is usual: roll back                                  |
//!
//! | what was chosen so                          | and                                   | becomes           |
//! |---------------------------------------------|---------------------------------------|-------------------|
//! | fall back                                   | there is nothing to fall back to      | what is usual     |
//! | roll back unless fixed                      | the time is over                      | roll back         |
//! | to go back, now or later                    | an exception holds                    | what that says    |
//! | to go back, now or later                    | it is fixed soon and is not lasting   | fix forward       |
//! | to go back, now or later                    | a freeze is on, or a limit is reached | hold              |

use jiff::Timestamp;

use super::voice::{Voice, obstacles, of_row};
use crate::policy::{Case, Choice, Decision, Row, Rules, Severity, Weighed};

/// What to do about a case, how bad it is, and every rule that speaks for it or against it.
#[must_use]
pub fn weigh(case: &Case, rules: &Rules) -> Decision {
    let (severity, severity_by) = rules.severity(case);
    let rows: Vec<&Row> = rules.rows.iter().filter(|row| row.when.holds(case, Some(severity))).collect();
    let mut voices = Vec::new();
    voices.extend(rows.iter().map(|row| of_row(row, &format!("the matrix {}, row", rules.matrix), case, severity)));
    voices.extend(tree(case, rules, severity).filter(|_| rows.is_empty()));
    let mut choice = lead(case, &mut voices, rules);
    if choice == Choice::FallBack && case.fallbacks.is_empty() {
        voices.push(Voice::new(case.usual, "there is nothing to fall back to that is not on already"));
        choice = case.usual;
    }
    let obstacles = obstacles(case, rules, severity);
    if let (true, Some(first)) = (choice.goes_back(), obstacles.first()) {
        choice = first.choice;
    }
    voices.extend(obstacles);
    let mut fix_by = None;
    if choice == Choice::RollBackUnlessFixed {
        fix_by = rows.iter().find(|row| row.then == choice).and_then(|row| case.since.checked_add(row.within?).ok());
        if fix_by.is_none_or(|by| by <= case.at) {
            voices.push(Voice::new(Choice::RollBack, "the time that a fix was waited for is over"));
            (choice, fix_by) = (Choice::RollBack, None);
        }
    }
    decision(choice, &voices, weighed(case, rules, (severity, severity_by), fix_by))
}

/// The choice of what leads. What leads without a rule gets a voice of its own.
fn lead(case: &Case, voices: &mut Vec<Voice>, rules: &Rules) -> Choice {
    match (case.usual, voices.first()) {
        (Choice::Keep, _) => voices.insert(0, Voice::new(Choice::Keep, "nothing is bad that was not so before")),
        (Choice::Hold, _) => voices.insert(0, Voice::new(Choice::Hold, "what fired asks for a person")),
        (_, Some(first)) => return first.choice,
        (usual, None) => {
            let text = format!("no row of the matrix {} is about it, and what fired asks for this", rules.matrix);
            voices.push(Voice::new(usual, text));
        }
    }
    case.usual
}

fn tree(case: &Case, rules: &Rules, severity: Severity) -> Option<Voice> {
    let (choice, answers) = rules.tree.as_ref()?.walk(case, severity);
    Some(Voice::new(choice, format!("the decision tree {}: {}", rules.matrix, answers.join("; "))))
}

fn weighed(
    case: &Case,
    rules: &Rules,
    (severity, severity_by): (Severity, String),
    fix_by: Option<Timestamp>,
) -> Weighed {
    let objective = rules.objectives.get(&severity).copied().unwrap_or_default();
    let after = |time: Option<std::time::Duration>| case.since.checked_add(time?).ok();
    Weighed {
        severity,
        severity_by,
        fix_by,
        fallbacks: Vec::new(),
        decide_by: after(objective.decide),
        restore_by: after(objective.restore),
        case: case.clone(),
    }
}

/// The voices on either side. What was found speaks for what is usual.
fn decision(choice: Choice, voices: &[Voice], mut weighed: Weighed) -> Decision {
    let case = &weighed.case;
    let found = case.findings.iter().map(|finding| Voice::new(case.usual, finding.clone()));
    let all: Vec<Voice> = found.chain(voices.iter().cloned()).collect();
    let side =
        |is_for: bool| all.iter().filter(move |voice| voice.is_for(choice) == is_for).map(|voice| voice.text.clone());
    let reasons_for = side(true).collect();
    let reasons_against = side(false).chain(case.excused.iter().cloned()).collect();
    if choice == Choice::FallBack {
        weighed.fallbacks.clone_from(&weighed.case.fallbacks);
    }
    Decision { choice, reasons_for, reasons_against, weighed: Some(Box::new(weighed)) }
}
