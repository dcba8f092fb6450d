//! What must be so before a deploy: confirmed on the command line, or at the terminal.
//!
//! Contract: nothing is asked that was confirmed already, and nothing where nobody could answer. What stays open is refused by
//! the run, which records that.

use std::collections::BTreeMap;

use crate::commands::prove::{ask, at_terminal};
use crate::error::CliError;
use crate::wire::Setup;

/// What was confirmed, by name, with why where that was said.
///
/// # Errors
/// What nobody asks for.
pub(super) fn confirmed(setup: &Setup, typed: &[String]) -> Result<BTreeMap<String, Option<String>>, CliError> {
    let asks = &setup.environment.guard.asks;
    let mut confirmed = said(typed);
    if let Some(unknown) = confirmed.keys().find(|name| !asks.contains_key(*name)) {
        let known: Vec<String> = asks.keys().map(|name| format!("`{name}`")).collect();
        let hint = if known.is_empty() {
            "nothing is asked: add `guard: { asks: { .. } }`".to_owned()
        } else {
            format!("asked are {}", known.join(", "))
        };
        return Err(CliError::usage(format!("`{unknown}` is not asked before a deploy")).hint(hint));
    }
    let open = asks.iter().filter(|(name, _)| !confirmed.contains_key(*name));
    let open: Vec<(&String, &String)> = open.filter(|_| at_terminal(setup.ui)).collect();
    for (name, question) in open {
        if ask(setup.ui, question) == Some(true) {
            confirmed.insert(name.clone(), None);
        }
    }
    Ok(confirmed)
}

/// `NAME,NAME`, or `NAME=WHY`, in which a comma is one of the words.
fn said(typed: &[String]) -> BTreeMap<String, Option<String>> {
    let mut said = BTreeMap::new();
    for text in typed {
        match text.split_once('=') {
            Some((name, why)) => {
                let why = Some(why.trim().to_owned()).filter(|why| !why.is_empty());
                said.insert(name.trim().to_owned(), why);
            }
            None => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                said.extend(names.map(|name| (name.to_owned(), None)));
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn names_stand_in_a_row_and_reasons_by_themselves() {
        let typed = ["tests, review".to_owned(), "staging=seen, by ann".to_owned(), "lint=".to_owned()];
        let expected = [("lint", None), ("review", None), ("staging", Some("seen, by ann")), ("tests", None)];
        let expected = expected.map(|(name, why)| (name.to_owned(), why.map(str::to_owned)));
        assert!(said(&typed).into_iter().eq(expected));
    }
}
