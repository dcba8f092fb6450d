//! What rows say that a team has configured: the keys and pieces of configuration that they name are in its example.

use backout_testkit::written::{Code, State, codes};
use serde_json::{Map, Value};

use super::page::{RUNBOOKS, all_rows, example};

#[test]
fn what_a_row_says_to_be_configured_is() {
    let (mut wrong, mut looked_for) = (Vec::new(), 0);
    for (runbook, example) in RUNBOOKS.map(|runbook| (runbook, example(runbook))) {
        for row in all_rows().iter().filter(|row| row.runbook == runbook && row.state == State::Config) {
            for code in codes(&row.cell) {
                let (text, is_there) = match &code {
                    Code::Key(words) => (words.join("."), has_key(&example, words)),
                    Code::Piece(piece) => {
                        (piece.clone(), read(piece).is_some_and(|piece| is_somewhere(&example, &piece)))
                    }
                    Code::Command(..) | Code::Foreign(..) | Code::Word(_) => continue,
                };
                looked_for += 1;
                if !is_there {
                    wrong.push(format!("docs/runbooks.md:{}: examples/{runbook} has no `{text}`", row.at));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_for > 200, "only {looked_for} were looked for");
}

#[test]
fn a_key_or_value_that_is_not_there_is_found() {
    let example: Value = serde_saphyr::from_str(
        "environments: { a: { guard: { soak: 5m }, triggers: { slow: { signal: app.up, above: 5% } }, escalation: [{ call: [b] }] } }",
    )
    .unwrap();
    let key = |text: &str| has_key(&example, &text.split('.').map(str::to_owned).collect::<Vec<_>>());
    assert!(key("guard.soak") && !key("guard.dead_man") && !key("triggers.fast"));
    let piece = |text: &str| read(text).is_some_and(|piece| is_somewhere(&example, &piece));
    assert!(piece("triggers.slow: { above: 5% }") && !piece("triggers.slow: { above: 6% }"));
    assert!(piece("soak: 5m") && piece("guard: { soak: … }") && !piece("guard: { every: … }"));
    assert!(piece("escalation: [{ call: [b] }]") && !piece("{ call: [c] }") && !piece("guard: soak: 5m"));
}

/// Whether one of the environments has the key.
fn has_key(example: &Value, words: &[String]) -> bool {
    let Some(environments) = example["environments"].as_object() else { return false };
    let has = |environment: &Value| words.iter().try_fold(environment, |value, word| value.get(word)).is_some();
    environments.values().any(has)
}

/// A piece as it stands on the page, its key with dots unfolded; `None` where it is no configuration.
fn read(piece: &str) -> Option<Value> {
    let value: Value = serde_saphyr::from_str(piece).ok()?;
    let Value::Object(keys) = value else { return Some(value) };
    let unfolded = |(key, value): (String, Value)| {
        let mut words = key.split('.');
        let first = words.next().unwrap_or_default().to_owned();
        let under = |value: Value, word: &str| Value::Object(Map::from_iter([(word.to_owned(), value)]));
        (first, words.rev().fold(value, under))
    };
    Some(Value::Object(keys.into_iter().map(unfolded).collect()))
}

/// Whether a piece stands at any depth.
fn is_somewhere(there: &Value, piece: &Value) -> bool {
    has(there, piece)
        || match there {
            Value::Object(keys) => keys.values().any(|value| is_somewhere(value, piece)),
            Value::Array(items) => items.iter().any(|item| is_somewhere(item, piece)),
            _ => false,
        }
}

/// Whether everything of a piece is there; `…` stands for anything.
fn has(there: &Value, piece: &Value) -> bool {
    match (there, piece) {
        (_, Value::String(any)) if any == "…" => true,
        (Value::Object(there), Value::Object(piece)) => {
            piece.iter().all(|(key, value)| there.get(key).is_some_and(|there| has(there, value)))
        }
        (Value::Array(there), Value::Array(piece)) => {
            piece.iter().all(|item| there.iter().any(|there| has(there, item)))
        }
        (there, piece) => there == piece,
    }
}
