//! Words of the page, and names that examples have: neither knows any that the other does not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use backout_testkit::told::Book;
use backout_testkit::written::{Code, codes};
use serde_json::Value;

use super::page::{RUNBOOKS, all_rows, example};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// Where each word stands that is neither configured nor explained: what every incident's checklists ask.
const CHECKLISTS: &str = "crates/core/src/incident/checklist/defaults.rs";

/// A word in code that nothing knows is misspelt, or has gone.
#[test]
fn every_word_of_the_page_is_known() {
    let book = Book::open();
    let elsewhere: String =
        book.pages.iter().filter(|(name, _)| *name != "docs/runbooks.md").map(|(_, text)| text.as_str()).collect();
    let mut wrong = Vec::new();
    for runbook in RUNBOOKS {
        let own = ["backout.yaml", "README.md"].map(|name| read(&format!("examples/{runbook}/{name}"))).concat();
        let known = [elsewhere.as_str(), &own, &preset(runbook), &read(CHECKLISTS)].concat();
        for row in all_rows().iter().filter(|row| row.runbook == runbook) {
            let words = codes(&row.cell).into_iter().filter_map(|code| match code {
                Code::Word(word) if !is_known(&word, &known, &own, runbook) => Some(word),
                _ => None,
            });
            wrong.extend(words.map(|word| format!("docs/runbooks.md:{}: nothing knows `{word}`", row.at)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a team has configured and no row explains is missing on the page.
#[test]
fn what_decides_and_what_is_asked_of_people_stands_in_a_row() {
    let mut wrong = Vec::new();
    for (runbook, example) in RUNBOOKS.map(|runbook| (runbook, example(runbook))) {
        let cells: String =
            all_rows().iter().filter(|row| row.runbook == runbook).map(|row| row.cell.clone()).collect();
        let code: String = cells.split('`').skip(1).step_by(2).collect::<Vec<_>>().join(" ");
        for name in names(&example).into_iter().chain(names_of_rules(&preset(runbook))) {
            if !stands(&code, &name) {
                wrong.push(format!("{runbook}: no row names `{name}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_word_that_only_begins_like_another_is_not_known() {
    assert!(stands("triggers: { slow: 5 }", "slow") && !stands("slower: 5", "slow") && !stands("so-slow", "slow"));
    let known = |word: &str| is_known(word, "rollback --service NAME", "app: { health: 1 }", "heliosdb");
    assert!(known("--service NAME") && known("app.health") && known("smoke/query.sh") && known("rollback:"));
    assert!(!known("--servce") && !known("app.heath") && !known("smoke/nothing.sh"));
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn preset(runbook: &str) -> String {
    read(&format!("crates/core/src/policy/presets/{runbook}.yaml"))
}

/// Triggers, rules of its own, smoke checks, questions and checklist items of all environments.
fn names(example: &Value) -> BTreeSet<String> {
    let environments = example["environments"].as_object().unwrap();
    let of = |environment: &Value| {
        let at = |pointer: &str| environment.pointer(pointer);
        let mut all = [keys(at("/triggers")), keys(at("/verify/manual"))].concat();
        for pointer in ["/verify/smoke", "/policy/rules", "/policy/do_not_roll_back_when"] {
            all.extend(listed(at(pointer)));
        }
        for part in ["before", "during", "after"] {
            all.extend(keys(at(&format!("/incidents/checklists/{part}"))));
        }
        all
    };
    environments.values().flat_map(of).collect()
}

fn keys(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn listed(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item["name"].as_str().map(str::to_owned)).collect()
}

/// The rows of a preset's matrix and its exceptions: `{ name: NAME, when: … }`.
fn names_of_rules(preset: &str) -> Vec<String> {
    let name = |rest: &str| rest.split([',', ' ']).next().unwrap_or_default().to_owned();
    preset.split("{ name: ").skip(1).map(name).collect()
}

fn is_known(word: &str, known: &str, own: &str, runbook: &str) -> bool {
    let word = word.trim_end_matches(':');
    if word.starts_with('-') {
        return stands(known, word.split(' ').next().unwrap_or_default());
    }
    let is_there = |folder: &Path| folder.join(word).exists();
    let root = Path::new(ROOT);
    let is_file = is_there(root) || is_there(&root.join("examples").join(runbook));
    is_file || stands(known, word) || word.contains('.') && word.split('.').all(|part| stands(own, part))
}

/// Whether a word stands in a text by itself.
fn stands(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_none_or(|letter| !is_part(letter));
        before && text[at + word.len()..].chars().next().is_none_or(|letter| !is_part(letter))
    })
}
