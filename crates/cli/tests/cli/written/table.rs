//! The table as a whole: nothing of a runbook is left out, and no command is without a place where it is typed.

use std::collections::BTreeMap;
use std::fs;

use backout_testkit::written::{Place, lines_said, not_covered, place};

use super::page::{RUNBOOKS, all_commands, all_rows, page};

/// Where the runbooks are beside this repository; they are no part of it.
const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/runbooks");

#[test]
fn every_line_of_the_runbooks_stands_in_a_row() {
    let (page, rows) = (page(), all_rows());
    for runbook in RUNBOOKS {
        let said = lines_said(&page, runbook);
        assert!(said.is_some(), "{runbook}: the section does not say how many lines its page has");
        assert!(rows.iter().filter(|row| row.runbook == runbook).count() > 50, "{runbook} has no rows");
        let Ok(text) = fs::read_to_string(format!("{SHARED}/{runbook}.md")) else { continue };
        assert_eq!(said, Some(text.lines().count()), "{runbook} has changed: read it again");
        assert_eq!(not_covered(&rows, runbook, &text), [0; 0], "{runbook}: lines without a row");
    }
}

/// The last lines are what to read: how many commands are typed where, and which are not typed.
#[test]
fn every_command_is_typed_somewhere_or_says_why_not() {
    let mut places: BTreeMap<Place, usize> = BTreeMap::new();
    for command in all_commands() {
        let (place, at) = (place(&command), command.at);
        *places.entry(place).or_default() += 1;
        assert!(RUNBOOKS.contains(&command.runbook.as_str()), "docs/runbooks.md:{at}: nobody types what stands there");
        if let Some(why) = &command.by_hand {
            println!("not typed: docs/runbooks.md:{at}: `{}`: {why}", command.text);
        }
    }
    println!("commands of the runbooks: {places:?}");
    assert!(places.get(&Place::Commands).is_some_and(|count| *count > 300), "{places:?}");
    assert!(places.get(&Place::Data).is_some_and(|count| *count > 60), "{places:?}");
    assert!(places.get(&Place::ByHand).is_none_or(|count| *count < 5), "{places:?}");
}
